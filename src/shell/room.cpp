// Room and LocalParticipant: the public faces of a RoomDriver.
#include <algorithm>
#include <sidetone/room.hpp>
#include <variant>

#include "shell/blocking.hpp"
#include "shell/room_driver.hpp"

namespace sidetone {
inline namespace v0 {
namespace {

using shell::RoomDriver;

// The last handle leaves the room, on its strand; the driver lives on until then.
std::shared_ptr<RoomDriver> make_handle(const std::shared_ptr<shell::Loop>& loop) {
  auto driver = RoomDriver::create(loop);
  auto* plain = driver.get();
  return {plain, [driver = std::move(driver)](RoomDriver*) mutable {
            driver->silence();
            driver->start_disconnect({});
            driver.reset();
          }};
}

void check(const RoomDriver& driver, const error_code& error) {
  if (!error) return;
  const auto why = driver.failure(error);
  if (why.empty()) throw boost::system::system_error(error);
  throw boost::system::system_error(error, why);
}

template <class T, class Start>
Result<T> wait(const RoomDriver& driver, std::optional<base::Duration> timeout, Start&& start) {
  return shell::blocking<T>(*driver.loop(), timeout, std::forward<Start>(start));
}

// Long enough for the operation's own deadline to speak first.
constexpr auto kGrace = std::chrono::seconds(2);

// No overflow for those who mean for ever.
std::chrono::nanoseconds with_grace(std::chrono::nanoseconds timeout) {
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
  return std::min(timeout, kLongest) + kGrace;
}

void request(const std::shared_ptr<RoomDriver>& driver, RoomDriver::Request call) {
  auto done = wait<std::monostate>(*driver, kGrace, [&](auto handler) {
    driver->start_request(std::move(call), std::move(handler));
  });
  if (done.has_error()) throw boost::system::system_error(done.error());
}

}  // namespace

Room::Room(Runtime& runtime) : driver_(make_handle(runtime.loop())) {}

void Room::connect(const std::string& url,
                   const std::string& token,
                   const ConnectOptions& options) {
  auto done = wait<std::monostate>(*driver_, with_grace(options.timeout), [&](auto handler) {
    start_connect(driver_, url, token, options, std::move(handler));
  });
  if (done.has_error()) check(*driver_, done.error());
}

void Room::start_connect(const std::shared_ptr<RoomDriver>& driver,
                         const std::string& url,
                         const std::string& token,
                         const ConnectOptions& options,
                         Handler handler) {
  driver->start_connect(url, token, options, std::move(handler));
}

std::string Room::failure() const {
  return driver_->failure();
}

void Room::disconnect() {
  driver_->silence();
  if (driver_->loop()->on_media_thread()) return driver_->start_disconnect({});
  (void)wait<std::monostate>(*driver_, kGrace,
                             [&](auto handler) { driver_->start_disconnect(std::move(handler)); });
}

ConnectionState Room::state() const {
  return driver_->view().get()->state;
}

std::string Room::name() const {
  return driver_->view().get()->name;
}

std::string Room::sid() const {
  return driver_->view().get()->sid;
}

std::string Room::metadata() const {
  return driver_->view().get()->metadata;
}

std::vector<Participant> Room::remote_participants() const {
  return driver_->view().get()->remotes;
}

std::optional<Participant> Room::remote_participant(std::string_view identity) const {
  const auto view = driver_->view().get();
  for (const auto& participant : view->remotes)
    if (participant.identity == identity) return participant;
  return std::nullopt;
}

void Room::set_subscribed(const Track& track, bool subscribed) {
  request(driver_, [sid = track.sid, subscribed](auto& session, auto at, auto& out) {
    return session.set_subscribed(sid, subscribed, at, out);
  });
}

std::optional<RoomEvent> Room::next_event(std::optional<std::chrono::nanoseconds> timeout) {
  auto event = wait<RoomEvent>(
      *driver_, timeout, [&](auto handler) { start_next_event(driver_, std::move(handler)); });
  if (event.has_value()) return std::move(event.value());
  if (event.error() == boost::asio::error::eof || event.error() == errc::timed_out)
    return std::nullopt;
  throw boost::system::system_error(event.error());
}

void Room::start_next_event(const std::shared_ptr<RoomDriver>& driver, EventHandler handler) {
  driver->start_next_event(std::move(handler));
}

void Room::add_handler(std::function<void(const RoomEvent&)> handler) {
  driver_->add_handler(std::move(handler));
}

RoomStats Room::stats() const {
  return driver_->stats();
}

void Room::simulate_fault(SimulatedFault fault) {
  request(driver_,
          [fault](auto& session, auto at, auto& out) { return session.simulate(fault, at, out); });
}

// ---- LocalParticipant
// -----------------------------------------------------------------------------------------------

Participant LocalParticipant::info() const {
  return driver_->view().get()->local;
}

std::string LocalParticipant::identity() const {
  return driver_->view().get()->local.identity;
}

LocalTrackPublication LocalParticipant::publish_track(std::string name,
                                                      AudioSource& source,
                                                      const PublishOptions& options) {
  auto published =
      wait<LocalTrackPublication>(*driver_, with_grace(options.timeout), [&](auto handler) {
        start_publish(driver_, std::move(name), source, options, std::move(handler));
      });
  if (published.has_error()) check(*driver_, published.error());
  return std::move(published.value());
}

void LocalParticipant::start_publish(const std::shared_ptr<RoomDriver>& driver,
                                     std::string name,
                                     const AudioSource& source,
                                     const PublishOptions& options,
                                     PublishHandler handler) {
  driver->start_publish(std::move(name), source.impl(), options, std::move(handler));
}

void LocalParticipant::unpublish_track(const LocalTrackPublication& publication,
                                       std::chrono::nanoseconds timeout) {
  auto done = wait<std::monostate>(*driver_, with_grace(timeout), [&](auto handler) {
    driver_->start_unpublish(publication.sid, timeout, std::move(handler));
  });
  if (done.has_error()) check(*driver_, done.error());
}

void LocalParticipant::start_unpublish(const std::shared_ptr<RoomDriver>& driver,
                                       std::string sid,
                                       Handler handler) {
  driver->start_unpublish(std::move(sid), session::kDefaultTimeout, std::move(handler));
}

void LocalParticipant::set_muted(const LocalTrackPublication& publication, bool muted) {
  auto done = wait<std::monostate>(*driver_, kGrace, [&](auto handler) {
    driver_->start_set_muted(publication.sid, muted, std::move(handler));
  });
  if (done.has_error()) throw boost::system::system_error(done.error());
}

void LocalParticipant::publish_data(std::span<const std::byte> payload,
                                    const DataOptions& options) {
  // Copies: a caller who gave up waiting must not leave the strand with a dangling view.
  std::vector<std::byte> bytes(payload.begin(), payload.end());
  request(driver_, [bytes = std::move(bytes), options](auto& session, auto at, auto& out) {
    return session.send_data({bytes, options.topic, options.reliable, options.destinations}, at,
                             out);
  });
}

void LocalParticipant::start_change(const std::shared_ptr<RoomDriver>& driver,
                                    std::string metadata,
                                    std::string name,
                                    Attributes attributes,
                                    Handler handler) {
  driver->start_change({std::move(metadata), std::move(name), std::move(attributes)},
                       std::move(handler));
}

void LocalParticipant::change(std::string metadata, std::string name, Attributes attributes) {
  auto done =
      wait<std::monostate>(*driver_, with_grace(session::kDefaultTimeout), [&](auto handler) {
        start_change(driver_, std::move(metadata), std::move(name), std::move(attributes),
                     std::move(handler));
      });
  if (done.has_error()) check(*driver_, done.error());
}

void LocalParticipant::set_metadata(std::string metadata) {
  change(std::move(metadata), {}, {});
}

void LocalParticipant::set_name(std::string name) {
  change({}, std::move(name), {});
}

void LocalParticipant::set_attributes(std::map<std::string, std::string> attributes) {
  change({}, {}, std::move(attributes));
}

void LocalParticipant::set_track_subscription_permissions(
    bool all_participants, std::vector<TrackPermission> participants) {
  request(driver_,
          [permissions = session::SubscriptionPermissions{
               all_participants, std::move(participants)}](auto& session, auto at, auto& out) {
            return session.set_subscription_permissions(permissions, at, out);
          });
}

// ---- streams of a room's tracks
// -------------------------------------------------------------------------------------

AudioStream::AudioStream(const Track& track, const AudioStreamOptions& options)
    : AudioStream(from_track(track, options)) {}

AudioStream AudioStream::from_track(const Track& track, const AudioStreamOptions& options) {
  const auto driver = track.room.lock();
  if (!driver) throw make_error(errc::closed, "the room of track '" + track.sid + "' is gone");
  auto core = shell::StreamCore::create(driver->loop(), driver->strand(), options);
  driver->follow_track(track.sid, core);
  return AudioStream(std::move(core));
}

AudioStream AudioStream::from_participant(Room& room,
                                          std::string_view identity,
                                          TrackSource source,
                                          const AudioStreamOptions& options) {
  const auto& driver = room.driver();
  auto core = shell::StreamCore::create(driver->loop(), driver->strand(), options);
  core->hold();
  driver->follow_participant(std::string(identity), source, core);
  return AudioStream(std::move(core));
}

}  // namespace v0
}  // namespace sidetone
