#include "shell/audio_source.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>
#include <utility>

namespace sidetone::shell {
namespace {

// What try_capture_frame may bring without anyone looking: reserved at construction.
std::int64_t ring_samples(const send::PacerOptions& options) {
  constexpr std::int64_t kMostMs = 2000;
  constexpr std::int64_t kLiveMs = 240;  // two of the longest frames
  auto ms = options.queue_ms == 0 ? kLiveMs : std::min(options.queue_ms, kMostMs);
  return audio::samples_in(std::chrono::milliseconds(ms), options.format.sample_rate);
}

}  // namespace

Source::Source(const std::shared_ptr<Loop>& loop,
               const send::PacerOptions& options,
               std::optional<base::Duration> hold_until_subscribed)
    : loop_(loop),
      strand_(loop->make_strand()),
      options_(options),
      hold_until_subscribed_(hold_until_subscribed),
      longest_push_(send::longest_push(options)),
      wake_(RealtimeWake::create(strand_)),
      timer_(strand_),
      ring_(options.format.channels, ring_samples(options)),
      pacer_(options) {}

std::shared_ptr<Source> Source::create(const std::shared_ptr<Loop>& loop,
                                       const send::PacerOptions& options,
                                       std::optional<base::Duration> hold_until_subscribed) {
  std::shared_ptr<Source> source(new Source(loop, options, hold_until_subscribed));
  std::weak_ptr<Source> weak = source;
  source->timer_.bind(weak, &Source::serve);
  if (!loop->add(source)) {
    source->close(errc::closed);
    return source;
  }
  source->locked([&] {
    source->pacer_.configure({.hold_until_subscribed = hold_until_subscribed}, now(),
                             source->completions_);
  });
  // Nothing that waits in the loop owns the source.
  boost::asio::post(source->strand_, [wake = source->wake_, weak] {
    wake->start([weak] {
      if (auto self = weak.lock()) self->woken();
    });
  });
  return source;
}

// ---- behind the mutex

template <class Call>
void Source::locked(Call call) {
  std::vector<Ended> ended;
  bool nearer = false;
  {
    std::lock_guard lock(mutex_);
    drain();
    call();
    do {
      drain();
      ring_.grant(pacer_.closed() ? 0 : pacer_.room());
      eager_.store(pacer_.eager(), std::memory_order_seq_cst);
      // A frame that came before the writer could see the line above.
    } while (!ring_.empty());
    settle(ended);
    nearer = deadline_came_nearer();
  }
  if (nearer) wake_->wake();
  for (auto& each : ended) each.operation.complete(each.error);
}

void Source::drain() {
  ring_.drain([this](std::span<const std::int16_t> samples, base::Instant at) {
    pacer_.push(0, samples, at, completions_);
  });
}

void Source::settle(std::vector<Ended>& ended) {
  for (const auto& completion : completions_) {
    auto found = std::find_if(waiting_.begin(), waiting_.end(),
                              [&](const Waiting& waiting) { return waiting.id == completion.id; });
    if (found == waiting_.end()) continue;
    if (found->played) *found->played = completion.played;
    auto error = error_of(completion.outcome);
    if (found->blocked) {
      found->blocked->error = error;
      found->blocked->done = true;
      found->blocked->changed.notify_one();
    } else {
      ended.push_back({std::move(found->operation), error});
    }
    waiting_.erase(found);
  }
  completions_.clear();
}

error_code Source::error_of(send::Outcome outcome) const {
  switch (outcome) {
    case send::Outcome::done: return {};
    case send::Outcome::cleared: return errc::cleared;
    case send::Outcome::closed: return why_closed_;
    case send::Outcome::cancelled: return why_cancelled_;
    case send::Outcome::too_long: return errc::invalid_argument;
  }
  return {};
}

bool Source::deadline_came_nearer() {
  auto deadline = pacer_.next_deadline();
  if (!deadline || (announced_ && *announced_ <= *deadline)) return false;
  announced_ = deadline;
  return true;
}

// ---- operations

error_code Source::check(const AudioFrame& frame) const noexcept {
  bool formless = frame.samples_per_channel() == 0 && frame.sample_rate() == 0;
  if (!formless && (frame.sample_rate() != options_.format.sample_rate ||
                    frame.num_channels() != options_.format.channels))
    return errc::format_mismatch;
  if (frame.samples_per_channel() > longest_push_) return errc::invalid_argument;
  return {};
}

template <class Start>
error_code Source::block(const CaptureOptions& options, Start start) {
  if (loop_->on_media_thread()) return errc::would_deadlock;
  base::Deadline deadline;
  if (options.timeout) deadline = now() + *options.timeout;
  auto id = next_id_++;
  Blocked blocked;
  locked([&] {
    waiting_.push_back({id, &blocked, {}, options.played, {}});
    start(id);
  });
  std::unique_lock lock(mutex_);
  auto done = [&] { return blocked.done; };
  if (!deadline) {
    blocked.changed.wait(lock, done);
  } else if (!blocked.changed.wait_until(lock, to_steady(*deadline), done)) {
    lock.unlock();
    cancel(id, errc::timed_out);
    lock.lock();
  }
  return blocked.error;
}

template <class Start>
void Source::begin(Operation<>::Handler handler, const CaptureOptions& options, Start start) {
  Operation<> operation(loop_, next_id_++, std::move(handler),
                        [weak = weak_from_this()](OperationId id) {
                          if (auto self = weak.lock())
                            self->cancel(id, boost::asio::error::operation_aborted);
                        });
  auto id = operation.id();
  base::Deadline deadline;
  if (options.timeout) deadline = now() + *options.timeout;
  locked([&] {
    waiting_.push_back({id, nullptr, std::move(operation), options.played, deadline});
    start(id);
  });
  if (deadline) wake_->wake();  // to arm the timer
}

void Source::cancel(send::OpId id, error_code why) {
  locked([&] {
    why_cancelled_ = why;
    pacer_.cancel(id, now(), completions_);
  });
}

error_code Source::capture(const AudioFrame& frame, const CaptureOptions& options) {
  if (options.played) *options.played = 0;
  if (auto wrong = check(frame)) return wrong;
  return block(options, [&](send::OpId id) { pacer_.push(id, frame.data(), now(), completions_); });
}

void Source::start_capture(const AudioFrame& frame,
                           const CaptureOptions& options,
                           Operation<>::Handler handler) {
  if (options.played) *options.played = 0;
  if (auto wrong = check(frame))
    return Operation<>(loop_, next_id_++, std::move(handler), [](OperationId) {}).complete(wrong);
  begin(std::move(handler), options,
        [&](send::OpId id) { pacer_.push(id, frame.data(), now(), completions_); });
}

error_code Source::try_capture(const AudioFrame& frame) noexcept {
  if (closed()) return errc::closed;
  if (auto wrong = check(frame)) return wrong;
  if (frame.samples_per_channel() == 0) return {};
  if (in_try_.exchange(true, std::memory_order_acquire)) return errc::would_block;
  bool taken = ring_.write(frame.data(), now());
  in_try_.store(false, std::memory_order_release);
  if (!taken) return errc::would_block;
  if (eager_.load(std::memory_order_seq_cst)) wake_->wake();
  return {};
}

error_code Source::wait_playout(const CaptureOptions& options) {
  return block(options, [&](send::OpId id) { pacer_.wait_playout(id, now(), completions_); });
}

void Source::start_wait(Operation<>::Handler handler) {
  begin(std::move(handler), {},
        [&](send::OpId id) { pacer_.wait_playout(id, now(), completions_); });
}

send::Cleared Source::clear() {
  send::Cleared cleared;
  locked([&] { cleared = pacer_.clear(now(), completions_); });
  return cleared;
}

void Source::flush() {
  locked([&] { pacer_.flush(now(), completions_); });
}

send::Counters Source::counters() {
  send::Counters counters;
  locked([&] { counters = pacer_.counters(); });
  return counters;
}

void Source::close(error_code why) {
  locked([&] {
    if (closed_.exchange(true)) return;
    why_closed_ = why;
    pacer_.close(now(), completions_);
    // The publication hears of it: whoever taps the source has come to the end.
    boost::asio::post(strand_,
                      [wake = wake_, told = std::move(publication_wake_), weak = weak_from_this()] {
                        wake->stop();
                        if (told) (*told)();
                        if (auto self = weak.lock()) self->timer_.cancel();
                      });
    publication_wake_.reset();
  });
}

void Source::runtime_ended() noexcept {
  try {
    close(errc::closed);
  } catch (...) {  // no memory: the last handle closes it too
    closed_ = true;
  }
}

// ---- the publication's side

base::Deadline Source::next_deadline() const {
  std::lock_guard lock(mutex_);
  return announced_ = pacer_.next_deadline();
}

bool Source::take(base::Instant now, send::PcmPacket& packet) {
  bool taken = false;
  locked([&] { taken = pacer_.take(now, packet, completions_); });
  return taken;
}

void Source::configure(const send::SinkOptions& options, base::Instant now) {
  auto wanted = options;
  if (!wanted.hold_until_subscribed) wanted.hold_until_subscribed = hold_until_subscribed_;
  locked([&] { pacer_.configure(wanted, now, completions_); });
}

void Source::set_sink(bool up, base::Instant now) {
  locked([&] {
    sink_ = up;
    pacer_.set_sink(up, now, completions_);
  });
}

void Source::on_subscribed(base::Instant now) {
  locked([&] { pacer_.on_subscribed(now, completions_); });
}

void Source::set_muted(bool muted, base::Instant now) {
  locked([&] { pacer_.set_muted(muted, now, completions_); });
}

void Source::set_tapped(bool tapped, base::Instant now) {
  locked([&] { pacer_.set_tapped(tapped, now, completions_); });
}

std::shared_ptr<Source> Source::claim() {
  if (claimed_.exchange(true)) return nullptr;
  return {this, [self = shared_from_this()](Source*) {
            self->set_wake({});
            self->claimed_ = false;
          }};
}

void Source::set_wake(std::function<void()> wake) {
  std::shared_ptr<const std::function<void()>> shared;
  if (wake) shared = std::make_shared<const std::function<void()>>(std::move(wake));
  bool gone = !shared;
  locked([&] {
    publication_wake_.swap(shared);
    if (!gone || !sink_) return;
    sink_ = false;
    pacer_.set_sink(false, now(), completions_);
  });
}

// ---- on the strand

void Source::woken() {
  std::shared_ptr<const std::function<void()>> wake;
  {
    std::lock_guard lock(mutex_);
    wake = publication_wake_;
  }
  if (wake) (*wake)();
  serve(now());
}

// What no publication does: deadlines of operations, and playing into nothing.
void Source::serve(base::Instant now) {
  base::Deadline next;
  locked([&] {
    why_cancelled_ = errc::timed_out;
    for (const auto& waiting : waiting_)
      if (is_due(waiting.deadline, now))
        pacer_.cancel(waiting.id, now, completions_);
      else
        next = base::earliest(next, waiting.deadline);
    if (!serves_itself()) return;
    while (pacer_.take(now, nowhere_, completions_)) {
    }
    announced_ = pacer_.next_deadline();
    next = base::earliest(next, announced_);
  });
  if (!closed()) timer_.arm(next);
}

}  // namespace sidetone::shell
