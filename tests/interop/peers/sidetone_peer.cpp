// Sidetone as a peer; README.md beside this file says what it understands. Threads: commands on
// main, and one each for events, the voice that is played and the recording.
#include <atomic>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <sidetone/sidetone.hpp>
#include <thread>

#include "apps/cli/audio_file.hpp"
#include "apps/cli/console.hpp"
#include "apps/cli/player.hpp"

namespace {

namespace json = boost::json;
using namespace sidetone;

constexpr std::uint32_t kRate = 48000;
constexpr std::chrono::milliseconds kGlance{100};  // how long a thread waits before it looks up

constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(5);

void say(const json::object& object) {
  static std::mutex one_line;
  const std::scoped_lock lock(one_line);
  std::cout << json::serialize(object) << std::endl;
}

// A field of a command, or what stands for a missing one.
template <class T>
T field(const json::object& command, std::string_view name, T otherwise) {
  const auto* value = command.if_contains(name);
  return value && !value->is_null() ? json::value_to<T>(*value) : otherwise;
}

std::string text(const json::object& command, std::string_view name, std::string otherwise = {}) {
  return field<std::string>(command, name, std::move(otherwise));
}

// The lines "monotonic_ns,samples" of a stamps file.
class Stamps {
 public:
  explicit Stamps(const std::string& path) {
    if (!path.empty()) file_.open(path);
  }

  void line(std::int64_t nanoseconds, std::uint64_t samples) {
    if (file_.is_open()) file_ << nanoseconds << ',' << samples << std::endl;
  }

 private:
  std::ofstream file_;
};

// Runs until it is done or told to stop; stopped at the latest when it goes.
class Task {
 public:
  template <class Body>
  void start(Body body) {
    stop();
    thread_ = std::thread([this, body = std::move(body)]() mutable {
      try {
        body(stopping_);
      } catch (const std::exception& error) {
        say({{"event", "failed"}, {"reason", error.what()}});
      }
    });
  }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    stopping_ = false;
  }

  ~Task() { stop(); }

 private:
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

struct Teller {
  void operator()(const ParticipantConnected& e) const {
    of("participant_connected", e.participant.identity);
  }

  void operator()(const ParticipantDisconnected& e) const {
    of("participant_disconnected", e.participant.identity);
  }

  void operator()(const TrackSubscribed& e) const {
    of("track_subscribed", e.track.participant_identity);
  }

  void operator()(const TrackUnsubscribed& e) const {
    of("track_unsubscribed", e.track.participant_identity);
  }

  void operator()(const TrackMuted& e) const { of("track_muted", e.track.participant_identity); }

  void operator()(const TrackUnmuted& e) const {
    of("track_unmuted", e.track.participant_identity);
  }

  void operator()(const ParticipantAttributesChanged& e) const {
    say({{"event", "attributes"},
         {"identity", e.identity},
         {"changed", json::value_from(e.changed)}});
  }

  void operator()(const DataReceived& e) const {
    say({{"event", "data"},
         {"identity", e.identity},
         {"payload",
          std::string(reinterpret_cast<const char*>(e.payload.data()), e.payload.size())},
         {"topic", e.topic},
         {"reliable", e.reliable}});
  }

  void operator()(const TrackSubscriptionPermissionChanged& e) const {
    of(e.allowed ? "track_allowed" : "track_forbidden", e.track.participant_identity);
  }

  void operator()(const Reconnecting&) const { say({{"event", "reconnecting"}}); }

  void operator()(const Reconnected&) const { say({{"event", "reconnected"}}); }

  void operator()(const Disconnected& e) const {
    say({{"event", "disconnected"}, {"reason", e.text}});
  }

  void operator()(const auto&) const {}

 private:
  static void of(const char* event, const std::string& identity) {
    say({{"event", event}, {"identity", identity}});
  }
};

class Peer {
 public:
  json::object obey(const json::object& command);
  void leave();

 private:
  json::object connect(const json::object& command);
  json::object publish(const json::object& command);
  void play(const json::object& command);
  void record(const json::object& command);
  void send_data(const json::object& command);
  json::object participants() const;
  Room& room();

  Runtime runtime_;
  std::optional<Room> room_;
  std::optional<AudioSource> source_;
  LocalTrackPublication publication_;
  Task events_;
  Task player_;
  Task recorder_;
};

ConnectOptions connecting(const json::object& command) {
  ConnectOptions options;
  const auto wanted = text(command, "connections", "automatic");
  if (wanted == "single") options.peer_connections = PeerConnections::single;
  if (wanted == "dual") options.peer_connections = PeerConnections::dual;
  return options;
}

SimulatedFault fault(const std::string& name) {
  using enum SimulatedFault;
  static const std::map<std::string, SimulatedFault> kFaults{
      {"signal_reconnect", signal_reconnect},
      {"full_reconnect", full_reconnect},
      {"node_failure", node_failure},
      {"switch_candidate_protocol", switch_candidate_protocol},
      {"disconnect_signal_on_resume", disconnect_signal_on_resume}};
  const auto found = kFaults.find(name);
  if (found == kFaults.end()) throw std::runtime_error("there is no fault " + name);
  return found->second;
}

Room& Peer::room() {
  if (!room_) throw std::runtime_error("not connected");
  return *room_;
}

json::object Peer::connect(const json::object& command) {
  leave();
  room_.emplace(runtime_);
  const auto began = cli::monotonic_ns();
  try {
    room_->connect(text(command, "url"), text(command, "token"), connecting(command));
  } catch (const std::exception&) {
    room_.reset();
    throw;
  }
  const auto seconds = static_cast<double>(cli::monotonic_ns() - began) * 1e-9;
  events_.start([room = *room_](std::atomic<bool>& stopping) mutable {
    while (!stopping)
      if (const auto event = room.next_event(kGlance)) std::visit(Teller{}, *event);
  });
  const bool two = room_->stats().subscriber.connected_after.has_value();
  return {{"seconds", seconds}, {"connections", two ? 2 : 1}};
}

json::object Peer::publish(const json::object& command) {
  source_.emplace(runtime_, AudioSourceOptions{.sample_rate = kRate, .num_channels = 1});
  publication_ =
      room().local_participant().publish_track(text(command, "name", "speech"), *source_);
  return {{"sid", publication_.sid}};
}

void Peer::play(const json::object& command) {
  auto sound = cli::read_sound(text(command, "wav"));
  if (!source_) throw std::runtime_error("nothing is published");
  player_.start([sound = std::move(sound), source = *source_,
                 stamps = Stamps(text(command, "stamps")),
                 loop = field(command, "loop", false)](std::atomic<bool>& stopping) mutable {
    cli::Player player(sound);
    std::uint64_t pushed = 0;
    const auto on_frame = [&](std::span<const std::int16_t> frame, std::int64_t at) {
      stamps.line(at, pushed);
      pushed += frame.size();
      return !stopping;
    };
    while (player.play(source, on_frame) && loop) {
    }
    if (stopping) return;
    source.wait_for_playout(std::chrono::seconds(15));
    say({{"event", "played"}});
  });
}

void Peer::record(const json::object& command) {
  const auto identity = text(command, "identity");
  auto stream = AudioStream::from_participant(room(), identity, TrackSource::microphone,
                                              {.sample_rate = kRate, .num_channels = 1});
  recorder_.start([stream, identity, wav = cli::WavWriter(text(command, "wav"), kRate, 1),
                   stamps = Stamps(text(command, "stamps"))](std::atomic<bool>& stopping) mutable {
    std::uint64_t written = 0;
    bool heard = false;
    while (!stopping) {
      std::optional<AudioFrameEvent> event;
      try {
        event = stream.read(kGlance);
      } catch (const boost::system::system_error& error) {
        if (error.code() == errc::timed_out) continue;
        throw;
      }
      if (!event) break;
      stamps.line(cli::monotonic_ns(), written);
      wav.write(event->frame.data());
      written += event->frame.samples_per_channel();
      if (!heard && contains(event->provenance, Provenance::normal)) {
        heard = true;
        say({{"event", "heard"}, {"identity", identity}});
      }
    }
    wav.close();
  });
}

void Peer::send_data(const json::object& command) {
  const auto payload = text(command, "payload");
  DataOptions options;
  options.reliable = field(command, "reliable", true);
  options.topic = text(command, "topic");
  options.destinations = field<std::vector<std::string>>(command, "to", {});
  // The channel may not be up yet, or full: what an application would do.
  for (const auto until = cli::monotonic_ns() + kPatience.count();;) try {
      return room().local_participant().publish_data(std::as_bytes(std::span(payload)), options);
    } catch (const boost::system::system_error& error) {
      if (error.code() != errc::would_block || cli::monotonic_ns() > until) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

json::object Peer::participants() const {
  json::array identities;
  json::object attributes;
  if (room_)
    for (const auto& one : room_->remote_participants()) {
      identities.emplace_back(one.identity);
      attributes[one.identity] = json::value_from(one.attributes);
    }
  return {{"identities", identities}, {"attributes", attributes}};
}

void Peer::leave() {
  player_.stop();
  recorder_.stop();
  if (room_) room_->disconnect();
  events_.stop();
  source_.reset();
  room_.reset();
}

json::object Peer::obey(const json::object& command) {
  const auto what = text(command, "do");
  if (what == "connect") return connect(command);
  if (what == "publish") return publish(command);
  if (what == "participants") return participants();
  if (what == "play") return play(command), json::object{};
  if (what == "stop_playing") return player_.stop(), json::object{};
  if (what == "record") return record(command), json::object{};
  if (what == "stop_record") return recorder_.stop(), json::object{};
  if (what == "data") return send_data(command), json::object{};
  if (what == "leave") return leave(), json::object{};
  if (what == "mute")
    room().local_participant().set_muted(publication_, field(command, "muted", true));
  else if (what == "attributes")
    room().local_participant().set_attributes(
        field<std::map<std::string, std::string>>(command, "attributes", {}));
  else if (what == "allow")
    room().local_participant().set_track_subscription_permissions(field(command, "all", true));
  else if (what == "simulate")
    room().simulate_fault(fault(text(command, "fault")));
  else if (what == "unpublish")
    room().local_participant().unpublish_track(publication_);
  else
    throw std::runtime_error("this peer cannot " + what);
  return {};
}

}  // namespace

int main() {
  Peer peer;
  for (std::string line; std::getline(std::cin, line);) {
    const auto command = json::parse(line).as_object();
    json::object answer;
    try {
      answer = peer.obey(command);
    } catch (const std::exception& error) {
      answer["error"] = error.what();
    }
    answer["done"] = command.at("id");
    say(answer);
  }
  peer.leave();
}
