#include "shell/audio_stream.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace sidetone::shell {
namespace {

using std::chrono::milliseconds;

// try_read must not wake anybody, so its first call is noticed within this.
constexpr base::Duration kLookForReaders = milliseconds(100);
// What did not fit the ring follows as soon as a reader has made room.
constexpr base::Duration kLookForRoom = milliseconds(5);
// Frames that can be read without the strand's help; the rest of the queue stands behind them and
// costs memory only when it is used.
constexpr std::size_t kRing = 64;
constexpr base::Duration kDefaultCapacity = std::chrono::seconds(30);

base::Duration hold_cap(StreamMode mode) {
  switch (mode) {  // audio.md §3.4
    case StreamMode::low_latency: return milliseconds(60);
    case StreamMode::balanced: return milliseconds(120);
    case StreamMode::quality: return milliseconds(300);
  }
  return milliseconds(120);
}

media::StreamOptions pipeline_options(const AudioStreamOptions& options,
                                      StreamCodec codec,
                                      base::WallClock wall) {
  return {.sample_rate = options.sample_rate,
          .channels = options.num_channels,
          .frame_duration = options.frame_duration,
          .delivery = options.delivery == Delivery::immediate ? media::Delivery::immediate
                                                              : media::Delivery::paced,
          .jitter = {.min_delay = options.min_delay,
                     .max_delay = options.max_delay,
                     .hold_cap = hold_cap(options.mode),
                     .fill_gaps = options.fill_gaps,
                     .preroll = options.preroll},
          .opus_type = codec.opus_type,
          .red_type = codec.red_type,
          .hear_muted = options.hear_muted,
          .wall = wall};
}

std::size_t capacity_of(const AudioStreamOptions& options) {
  if (options.capacity != 0) return options.capacity;
  return static_cast<std::size_t>(kDefaultCapacity / base::Duration(options.frame_duration));
}

std::chrono::steady_clock::time_point steady(base::Instant at) {
  return to_steady(at);
}

}  // namespace

std::optional<std::string> broken_rule(const AudioStreamOptions& options) {
  auto rule = media::StreamPipeline::check(pipeline_options(options, {}, {}));
  if (!rule.empty()) return rule;
  constexpr std::size_t kMostFrames = 240'000;  // 10 min of the shortest frames
  if (options.capacity > kMostFrames)
    return "capacity " + std::to_string(options.capacity) + ": at most 240000 frames";
  return std::nullopt;
}

StreamCore::StreamCore(std::shared_ptr<Loop> loop,
                       const Strand& strand,
                       const AudioStreamOptions& options,
                       StreamCodec codec)
    : loop_(std::move(loop)),
      strand_(strand),
      options_(options),
      capacity_(capacity_of(options)),
      pipeline_(pipeline_options(options, codec, wall_)),
      pool_(audio::FramePool::create()),
      timer_(strand),
      ring_(std::min(capacity_, kRing)) {}

std::shared_ptr<StreamCore> StreamCore::create(const std::shared_ptr<Loop>& loop,
                                               const Strand& strand,
                                               const AudioStreamOptions& options,
                                               StreamCodec codec) {
  if (auto rule = broken_rule(options)) throw make_error(errc::invalid_argument, *rule);
  std::shared_ptr<StreamCore> core(new StreamCore(loop, strand, options, codec));
  core->timer_.bind(std::weak_ptr(core), &StreamCore::turn);
  if (!loop->add(core)) {
    core->closed_ = true;
    core->end_ = static_cast<int>(errc::closed);
    return core;
  }
  boost::asio::post(strand, [weak = std::weak_ptr(core)] {
    if (auto self = weak.lock()) self->turn(now());
  });
  return core;
}

// ---- on the strand

void StreamCore::on_packet(const rtp::ReceivedPacket& packet, base::Instant now) {
  if (stopped_) return;
  begin_reading(now);
  pipeline_.on_packet(packet, now);
  if (base::is_due(next_deadline(), now))
    turn(now);
  else
    arm(now);
}

void StreamCore::on_pcm(const media::TappedPacket& tapped, base::Instant now) {
  if (stopped_) return;
  begin_reading(now);
  pipeline_.on_pcm(tapped, now);
  if (base::is_due(next_deadline(), now))
    turn(now);
  else
    arm(now);
}

void StreamCore::end(media::EndReason reason, base::Instant now) {
  pipeline_.end(reason, now);
  turn(now);
}

base::Deadline StreamCore::next_deadline() const {
  base::Deadline deadline;
  if (!stopped_) deadline = pipeline_.next_deadline();
  auto looking = !spill_.empty() || (!stopped_ && !reading_);
  return looking ? base::earliest(deadline, look_at_) : deadline;
}

void StreamCore::on_deadline(base::Instant now) {
  if (base::is_due(next_deadline(), now)) turn(now);
}

void StreamCore::arm(base::Instant now) {
  auto deadline = next_deadline();
  if (deadline) deadline = std::max(*deadline, now);
  timer_.arm(deadline);
}

void StreamCore::turn(base::Instant now) {
  begin_reading(now);
  if (!stopped_) {
    pipeline_.on_deadline(now, output_);
    for (const auto& frame : output_.frames) deliver(frame);
    output_.clear();
    if (pipeline_.ended() != media::EndReason::none) stop(errc::ended);
  }
  refill();
  serve();
  publish_stats();
  look_at_ = now + (spill_.empty() ? kLookForReaders : kLookForRoom);
  arm(now);
}

void StreamCore::begin_reading(base::Instant now) {
  if (reading_ || !wants_frames_.load(std::memory_order_relaxed) ||
      held_.load(std::memory_order_acquire))
    return;
  reading_ = true;
  pipeline_.set_reading(true, now);
}

void StreamCore::deliver(const media::StreamFrame& frame) {
  AudioFrameEvent event;
  event.frame = pool_->frame({options_.sample_rate, options_.num_channels}, frame.samples);
  auto samples = output_.of(frame, options_.num_channels);
  std::copy(samples.begin(), samples.end(), event.frame.mutable_data().begin());
  event.rtp_time = frame.rtp_time;
  if (frame.received_at) event.received_at = steady(*frame.received_at);
  if (frame.captured_at) {
    event.captured_at = std::chrono::system_clock::time_point(*frame.captured_at);
    mouth_to_ear_ = wall_.unix_time(frame.delivered_at) - *frame.captured_at;
  }
  event.delivered_at = steady(frame.delivered_at);
  event.delay = frame.delay;
  event.provenance = static_cast<Provenance>(frame.provenance);
  event.concealed_samples = frame.concealed_samples;
  event.gap_before = frame.gap_before;
  enqueue(std::move(event));
}

void StreamCore::enqueue(AudioFrameEvent event) {
  if (stopped_) return;
  if (refusing_ && queued() <= capacity_ / 2) refusing_ = false;
  if (refusing_ || (queued() >= capacity_ && !make_room())) {
    ++refused_;
    ++dropped_;
    return;
  }
  event.dropped_before = std::exchange(refused_, 0);
  ++delivered_;
  if (!spill_.empty() || !ring_.push(event)) spill_.push_back(std::move(event));
}

// By the policy; false: the new frame is the one to go.
bool StreamCore::make_room() {
  switch (options_.overflow) {
    case Overflow::drop_newest: refusing_ = true; return false;
    case Overflow::fail: stop(errc::overflow); return false;
    case Overflow::drop_oldest: break;
  }
  // Counted first: whoever reads the frame behind the dropped one must find it.
  dropped_oldest_.fetch_add(1, std::memory_order_release);
  AudioFrameEvent oldest;
  if (ring_.pop(oldest)) {
    ++dropped_;
    dropped_oldest_.fetch_add(oldest.dropped_before, std::memory_order_release);
  } else {
    dropped_oldest_.fetch_sub(1, std::memory_order_release);  // a reader was faster
  }
  refill();
  return true;
}

void StreamCore::refill() {
  while (!spill_.empty() && ring_.push(spill_.front())) spill_.pop_front();
  if (stopped_ && spill_.empty() && end_.load(std::memory_order_relaxed) == 0)
    end_.store(static_cast<int>(*stopped_), std::memory_order_release);
}

void StreamCore::serve() {
  while (!waiters_.empty()) {
    auto event = try_read();
    if (!event && event.error() == errc::would_block) return;
    refill();
    auto operation = waiters_.pop();
    waiting_.fetch_sub(1, std::memory_order_release);
    if (event)
      operation.complete({}, std::move(*event));
    else if (event.error() == errc::ended)
      operation.complete(boost::asio::error::eof, {});
    else
      operation.complete(event.error(), {});
  }
}

void StreamCore::stop(errc why) {
  if (stopped_) return;
  stopped_ = why;
  refill();
}

void StreamCore::close_here(bool drop_backlog, error_code why) {
  stop(errc::ended);
  if (drop_backlog) {
    AudioFrameEvent unwanted;
    spill_.clear();
    while (ring_.pop(unwanted)) {
    }
    refill();
  }
  waiting_.fetch_sub(waiters_.size(), std::memory_order_release);
  waiters_.complete_all(why);
  if (auto call = std::exchange(closed_call_, {})) call();
  turn(now());
}

void StreamCore::on_closed(std::function<void()> call) {
  if (closed()) return call();
  closed_call_ = std::move(call);
}

void StreamCore::publish_stats() {
  // A reader of statistics may hold it; then these are published a turn later.
  std::unique_lock lock(stats_mutex_, std::try_to_lock);
  if (!lock) return;
  const auto& counters = pipeline_.counters();
  stats_.packets_received = counters.packets_received;
  stats_.packets_discarded = counters.packets_discarded;
  stats_.total_samples_received = counters.total_samples_received;
  stats_.concealed_samples = counters.concealed_samples;
  stats_.silent_concealed_samples = counters.silent_concealed_samples;
  stats_.concealment_events = counters.concealment_events;
  stats_.inserted_samples_for_deceleration = counters.inserted_samples_for_deceleration;
  stats_.removed_samples_for_acceleration = counters.removed_samples_for_acceleration;
  stats_.fec_packets_received = counters.fec_packets_received;
  stats_.fec_packets_discarded = counters.fec_packets_discarded;
  stats_.jitter_buffer_delay = counters.jitter_buffer_delay;
  stats_.jitter_buffer_target_delay = counters.jitter_buffer_target_delay;
  stats_.jitter_buffer_emitted_count = counters.jitter_buffer_emitted_count;
  stats_.late_packets = counters.late;
  stats_.duplicate_packets = counters.duplicates;
  stats_.lost_slots = counters.lost_slots;
  stats_.red_recoveries = counters.red_recoveries;
  stats_.fec_recoveries = counters.fec_recoveries;
  stats_.decode_errors = counters.decode_errors;
  stats_.resyncs = counters.resyncs;
  stats_.overflows = counters.overflows;
  stats_.interruptions_80ms = counters.interruptions_80ms;
  stats_.interruptions_150ms = counters.interruptions_150ms;
  stats_.frames_delivered = delivered_;
  stats_.frames_dropped = dropped_;
  stats_.queued = static_cast<std::int64_t>(queued()) * base::Duration(options_.frame_duration);
  stats_.target_delay = counters.target_delay;
  stats_.current_delay = counters.current_delay;
  stats_.mouth_to_ear = mouth_to_ear_;
}

// ---- any thread

Result<AudioFrameEvent> StreamCore::try_read() noexcept {
  if (!wants_frames_.load(std::memory_order_relaxed))
    wants_frames_.store(true, std::memory_order_relaxed);
  if (discarded_.load(std::memory_order_acquire)) return make_error_code(errc::ended);
  AudioFrameEvent event;
  auto found = ring_.pop(event);
  if (!found) {
    auto end = end_.load(std::memory_order_acquire);
    if (end == 0) return make_error_code(errc::would_block);
    // Everything was in the ring before the end was told.
    found = ring_.pop(event);
    if (!found) return make_error_code(static_cast<errc>(end));
  }
  event.dropped_before += dropped_oldest_.exchange(0, std::memory_order_acq_rel);
  return event;
}

void StreamCore::start_read(Operation<AudioFrameEvent>::Handler handler) {
  Operation<AudioFrameEvent> operation(loop_, next_id_++, std::move(handler),
                                       [weak = weak_from_this()](OperationId id) {
                                         auto self = weak.lock();
                                         if (!self) return;
                                         boost::asio::post(self->strand_, [self, id] {
                                           if (self->waiters_.cancel(id))
                                             self->waiting_.fetch_sub(1, std::memory_order_release);
                                         });
                                       });
  if (unattended() || loop_->ended()) {
    auto event = try_read();
    if (event) return operation.complete({}, std::move(*event));
    if (loop_->ended()) return operation.complete(errc::closed, {});
    if (event.error() == errc::ended) return operation.complete(boost::asio::error::eof, {});
    if (event.error() != errc::would_block) return operation.complete(event.error(), {});
  }
  waiting_.fetch_add(1, std::memory_order_release);
  boost::asio::post(strand_,
                    [self = shared_from_this(), operation = std::move(operation)]() mutable {
                      self->waiters_.push(std::move(operation));
                      self->turn(now());
                    });
}

void StreamCore::close(bool drop_backlog, error_code why) {
  if (drop_backlog) discarded_.store(true, std::memory_order_release);
  if (closed_.exchange(true, std::memory_order_acq_rel) && !drop_backlog) return;
  // runtime_ended() has closed it here; what is posted now would never run, nor be freed.
  if (loop_->ended()) return;
  // Weak: after the Runtime's end nothing that is posted runs, and it must not keep the loop.
  boost::asio::post(strand_, [weak = weak_from_this(), drop_backlog, why] {
    if (auto self = weak.lock()) self->close_here(drop_backlog, why);
  });
}

AudioStreamStats StreamCore::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

void StreamCore::runtime_ended() noexcept {
  closed_ = true;
  post_or_drop(strand_, [self = shared_from_this()] {
    self->stop(errc::closed);
    self->close_here(false, errc::closed);
    self->timer_.cancel();
  });
}

}  // namespace sidetone::shell
