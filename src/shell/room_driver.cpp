#include "shell/room_driver.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "shell/fresh_certificate.hpp"
#include "shell/version.hpp"

namespace sidetone::shell {
namespace {

session::SessionConfig session_config(const dtls::Context& dtls,
                                      base::RandomSource& random,
                                      std::function<void()> wake) {
  session::SessionConfig config;
  config.dtls = &dtls;
  config.random = &random;
  config.wall = wall_clock();
  config.version = kVersion;
  config.wake = std::move(wake);
  return config;
}

}  // namespace

std::shared_ptr<RoomDriver> RoomDriver::create(const std::shared_ptr<Loop>& loop) {
  std::shared_ptr<RoomDriver> driver(new RoomDriver(loop));
  driver->timer_.bind(driver->weak_from_this(), &RoomDriver::on_timer);
  driver->wake_->driver = driver;
  if (!loop->add(driver)) driver->ended_ = true;
  return driver;
}

RoomDriver::RoomDriver(const std::shared_ptr<Loop>& loop)
    : loop_(loop),
      strand_(loop->make_strand()),
      dtls_(fresh_certificate()),
      wake_(std::make_shared<Wake>()),
      sctp_(SctpHost::join(loop)),
      session_(session_config(dtls_,
                              random_,
                              [wake = wake_, strand = strand_] {
                                boost::asio::post(strand, [wake] {
                                  if (auto driver = wake->driver.lock()) driver->on_timer(now());
                                });
                              })),
      timer_(strand_) {}

// ---- a turn of the session
// ------------------------------------------------------------------------------------------

void RoomDriver::on_timer(base::Instant at) {
  if (ended_) return;
  session_.on_deadline(at, outputs_);
  pump();
}

// What the session wants is done in the order it was wanted; events may add to it (a stream
// attaches), hence the loop.
void RoomDriver::pump() {
  if (std::exchange(pumping_, true)) return;
  while (!outputs_.datagrams.empty() || !outputs_.sockets.empty() || !outputs_.network.empty() ||
         !outputs_.events.empty() || !outputs_.completions.empty()) {
    std::swap(outputs_, delivering_);
    deliver(delivering_);
    delivering_.clear();
  }
  pumping_ = false;
  timer_.arm(ended_ ? base::Deadline() : session_.next_deadline());
}

void RoomDriver::deliver(session::Outputs& outputs) {
  send(outputs.datagrams);
  for (const auto& wish : outputs.sockets) fulfil(wish);
  for (const auto& wish : outputs.network) streams_->fulfil(wish);
  if (!outputs.events.empty() || !outputs.completions.empty()) renew_view();
  for (const auto& event : outputs.events) on_event(event);
  for (auto& completion : outputs.completions) complete(completion);
}

void RoomDriver::complete(session::Completion& completion) {
  // The core knows no Asio; users compare with its code.
  if (completion.error == boost::system::errc::operation_canceled)
    completion.error = boost::asio::error::operation_aborted;
  if (completion.error) failed(completion.error, completion.text);
  if (auto found = publishing_.extract(completion.id)) {
    auto half = half_published_.extract(completion.id);
    auto& track = half.mapped();
    if (completion.error) return found.mapped().complete(completion.error, {});
    track.sid = completion.track_sid;
    LocalTrackPublication publication{track.sid, track.name};
    local_tracks_.insert_or_assign(track.sid, std::move(track));
    return found.mapped().complete({}, std::move(publication));
  }
  auto found = operations_.extract(completion.id);
  if (completion.error && completion.id == connect_id_) end_room();
  if (found) found.mapped().complete(completion.error);
}

// The session is over: nothing of it stays open, and whoever waits for something hears of it.
void RoomDriver::end_room() {
  ended_ = true;
  for (auto& follower : std::exchange(followers_, {}))
    follower.core->end(media::EndReason::room_closed, now());
  local_tracks_.clear();
  close_sockets();
  timer_.cancel();
  event_waiters_.complete_all(boost::asio::error::eof);
  // Handlers are the user's, and often hold a handle of this room: what they own goes where they
  // run.
  decltype(handlers_) handlers;
  {
    std::lock_guard lock(mutex_);
    handlers.swap(handlers_);
  }
  if (!handlers.empty()) loop_->finish_for_user([handlers = std::move(handlers)] {});
}

void RoomDriver::failed(error_code error, std::string text) {
  std::lock_guard lock(mutex_);
  failure_code_ = error;
  failure_ = std::move(text);
}

// ---- operations, from any thread
// ------------------------------------------------------------------------------------

void RoomDriver::start_connect(std::string url,
                               std::string token,
                               ConnectOptions options,
                               Done handler) {
  // A year is as good as never, and does not overflow when it is added to something.
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
  options.timeout = std::clamp(options.timeout, std::chrono::nanoseconds(0), kLongest);
  Operation<> operation(loop_, next_id_++, std::move(handler), canceller());
  if (loop_->ended()) return operation.complete(errc::closed);
  on_strand([url = std::move(url), token = std::move(token), options = std::move(options),
             called = now(), operation = std::move(operation)](RoomDriver& self) mutable {
    self.called_at_ = called;
    self.connect(std::move(url), std::move(token), options, std::move(operation));
  });
}

void RoomDriver::connect(std::string url,
                         std::string token,
                         const ConnectOptions& options,
                         Operation<> operation) {
  if (ended_ || connect_id_ != 0) {
    failed(errc::closed, "a Room connects once; make another Room for another call");
    return operation.complete(errc::closed);
  }
  connect_id_ = operation.id();
  connect_options_ = options;
  session::ConnectOptions wanted;
  wanted.url = std::move(url);
  wanted.token = std::move(token);
  wanted.auto_subscribe = options.auto_subscribe;
  wanted.peer_connections = options.peer_connections;
  wanted.timeout = options.timeout;
  wanted.called = called_at_;
  auto gather = gather_config(options);
  if (const auto* wrong = std::get_if<std::string>(&gather)) {
    failed(errc::invalid_argument, *wrong);
    end_room();
    return operation.complete(errc::invalid_argument);
  }
  wanted.gather = std::get<ice::GatherConfig>(std::move(gather));
  streams_ = std::make_shared<IceStreams>(strand_, ConnectorOptions{options.ca_file, options.proxy},
                                          stream_events());
  std::string why;
  auto endpoints = open_udp(wanted.url, why);
  if (!endpoints) {
    failed(errc::unreachable, std::move(why));
    end_room();
    return operation.complete(errc::unreachable);
  }
  wanted.endpoints = std::move(*endpoints);
  const auto id = operation.id();
  operations_.emplace(id, std::move(operation));
  session_.connect(id, std::move(wanted), now(), outputs_);
  pump();
}

void RoomDriver::start_disconnect(Done handler) {
  Operation<> operation;
  if (handler) operation = Operation<>(loop_, next_id_++, std::move(handler), [](OperationId) {});
  if (loop_->ended()) return operation.complete({});
  on_strand([operation = std::move(operation)](RoomDriver& self) mutable {
    self.leave();
    operation.complete({});
  });
}

void RoomDriver::leave() {
  if (ended_) return;
  renew_stats();
  session_.disconnect(now(), outputs_);
  pump();
  end_room();
  renew_view();
}

void RoomDriver::start_publish(std::string name,
                               std::shared_ptr<Source> source,
                               PublishOptions options,
                               Published handler) {
  Operation<LocalTrackPublication> operation(loop_, next_id_++, std::move(handler), canceller());
  if (loop_->ended()) return operation.complete(errc::closed, {});
  on_strand([name = std::move(name), source = std::move(source), options,
             operation = std::move(operation)](RoomDriver& self) mutable {
    self.publish(std::move(name), source, options, std::move(operation));
  });
}

void RoomDriver::publish(std::string name,
                         const std::shared_ptr<Source>& source,
                         const PublishOptions& options,
                         Operation<LocalTrackPublication> operation) {
  if (ended_) return operation.complete(errc::closed, {});
  media::SourceOptions encoding;
  encoding.bitrate = options.bitrate;
  encoding.content = options.music ? media::Content::music : media::Content::speech;
  encoding.dtx = options.dtx;
  encoding.packet_duration = options.packet_duration;
  auto broken = media::SourcePipeline::check(encoding);
  if (broken.empty() && source->closed()) {
    failed(errc::closed, "the source is closed");
    return operation.complete(errc::closed, {});
  }
  std::shared_ptr<Source> claimed;
  if (broken.empty()) claimed = source->claim();
  if (!claimed) {
    failed(errc::invalid_argument, broken.empty() ? already_published(*source) : std::move(broken));
    return operation.complete(errc::invalid_argument, {});
  }
  const bool stereo = source->format().channels == 2;
  session::TrackSpec spec;
  spec.name = name;
  spec.source = options.source;
  spec.muted = options.muted;
  spec.stereo = stereo;
  spec.dtx = options.dtx.value_or(!stereo && !options.music);
  spec.red = options.red.value_or(!stereo && !options.music);

  send::SinkOptions sink;
  sink.packet = options.packet_duration;
  sink.hold_until_subscribed = options.hold_until_subscribed;
  source->configure(sink, now());
  const auto id = operation.id();
  LocalTrack track{std::move(claimed),
                   std::make_unique<media::SourcePipeline>(*source, encoding),
                   std::move(name),
                   {}};
  source->set_wake(source_wake());
  auto& pipeline = *track.pipeline;
  half_published_.emplace(id, std::move(track));
  publishing_.emplace(id, std::move(operation));
  session_.publish(id, std::move(spec), pipeline, now(), outputs_);
  session_.set_deadline(id, now() + options.timeout);
  pump();
}

std::string RoomDriver::already_published(const Source& source) const {
  const auto same = [&](const auto& entry) { return entry.second.source.get() == &source; };
  const bool here = std::any_of(local_tracks_.begin(), local_tracks_.end(), same) ||
                    std::any_of(half_published_.begin(), half_published_.end(), same);
  return here ? "the source is published already; unpublish that track first, or make another "
                "source"
              : "the source is published in another Room, and a source has one publication at a "
                "time; unpublish it there first, or make another source";
}

// A push made the source's next packet due earlier: the timer must know. Many pushes, one hop.
std::function<void()> RoomDriver::source_wake() {
  return [wake = wake_, strand = strand_] {
    if (wake->pending.exchange(true)) return;
    boost::asio::post(strand, [wake] {
      wake->pending = false;
      if (auto driver = wake->driver.lock()) driver->on_timer(now());
    });
  };
}

void RoomDriver::start_unpublish(std::string track_sid, base::Duration timeout, Done handler) {
  Operation<> operation(loop_, next_id_++, std::move(handler), canceller());
  if (loop_->ended()) return operation.complete(errc::closed);
  on_strand([sid = std::move(track_sid), timeout,
             operation = std::move(operation)](RoomDriver& self) mutable {
    if (self.ended_) return operation.complete(errc::closed);
    const auto id = operation.id();
    const auto present = self.current_sid(sid);
    self.operations_.emplace(id, std::move(operation));
    self.session_.unpublish(id, present, now(), self.outputs_);
    self.session_.set_deadline(id, now() + timeout);
    self.local_tracks_.erase(present);
    self.moved_.erase(sid);
    self.pump();
  });
}

std::function<void(OperationId)> RoomDriver::canceller() {
  return [weak = weak_from_this()](OperationId id) {
    auto driver = weak.lock();
    if (!driver) return;
    driver->on_strand([id](RoomDriver& self) {
      if (self.event_waiters_.cancel(id) || self.ended_) return;
      self.session_.cancel(id, now(), self.outputs_);
      self.pump();
    });
  };
}

std::string RoomDriver::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::string RoomDriver::failure(error_code of) const {
  std::lock_guard lock(mutex_);
  return failure_code_ == of ? failure_ : "";
}

// The figures as of the last turn's end, or of this moment when the caller may wait for the strand.
RoomStats RoomDriver::stats() {
  if (!loop_->ended() && !loop_->on_media_thread()) {
    auto renewed = std::make_shared<std::promise<void>>();
    auto done = renewed->get_future();
    on_strand([renewed](RoomDriver& self) {
      self.renew_stats();
      renewed->set_value();
    });
    (void)done.wait_for(std::chrono::seconds(2));
  }
  std::lock_guard lock(mutex_);
  return stats_;
}

void RoomDriver::renew_stats() {
  const auto transport = [](const session::SessionFigures::Transport& of) {
    const auto& packets = of.packets;
    const auto dropped = packets.strangers + packets.unknown_protocol + packets.before_keys +
                         packets.unauthentic + packets.replayed + packets.unknown_ssrc +
                         packets.malformed;
    return TransportStats{packets.datagrams_out,
                          packets.datagrams_in,
                          packets.bytes_out,
                          packets.bytes_in,
                          dropped,
                          of.rtt,
                          of.connected_after};
  };
  const auto figures = session_.figures();
  std::lock_guard lock(mutex_);
  stats_.publisher = transport(figures.publisher);
  stats_.subscriber = transport(figures.subscriber);
  stats_.audio_packets_sent = figures.publisher.audio.packets_sent;
  stats_.audio_packets_received =
      figures.publisher.audio.packets_received + figures.subscriber.audio.packets_received;
  stats_.audio_packets_lost =
      figures.publisher.audio.packets_lost + figures.subscriber.audio.packets_lost;
  stats_.events_dropped = events_dropped_;
}

void RoomDriver::runtime_ended() noexcept {
  post_or_drop(strand_, [self = shared_from_this()] {
    self->silence();
    self->leave();
    for (auto& [id, operation] : std::exchange(self->operations_, {}))
      operation.complete(errc::closed);
    for (auto& [id, operation] : std::exchange(self->publishing_, {}))
      operation.complete(errc::closed, {});
  });
}

}  // namespace sidetone::shell
