// A LiveKit room: connect, publish sources, hear the others.
//
// Shape: a cheap handle; copies are the same room. The last one leaves it. A Room connects once;
// for another call make another Room. Threads: any. Nothing is called while the library holds
// state; handlers run on the Runtime's event thread, in order, and never after disconnect()
// returned. Events not taken by next_event() are kept, at most 1000 and 8 MiB of data (then the
// oldest are dropped and counted).
// Errors of connect: invalid_argument (the URL), unreachable, tls_verification, unauthorized,
// forbidden, not_found, media_failure, timed_out, closed, duplicate_identity and the other reasons
// a server may give; what() has the server's own words. After a failed or cancelled connect the
// server has been told to leave and no socket remains. Source: api.md §5; LiveKit's signalling
// protocol.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sidetone/error.hpp>
#include <sidetone/export.hpp>
#include <sidetone/ice_server.hpp>
#include <sidetone/participant.hpp>
#include <sidetone/room_events.hpp>
#include <sidetone/runtime.hpp>
#include <sidetone/stats.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidetone {
inline namespace v0 {

struct ConnectOptions {
  std::chrono::nanoseconds timeout = std::chrono::seconds(15);  // of the whole connect
  bool auto_subscribe = true;
  PeerConnections peer_connections = PeerConnections::automatic;
  std::string ca_file;  // PEM; besides the system's certificates
  std::string proxy;    // "http://host:port"
  // At most 8 URLs, in place of those the server names. Of a server on this machine's own list only
  // servers on this machine are used: it names public ones by default.
  std::vector<IceServer> ice_servers;
  IcePolicy ice_policy = IcePolicy::all;
};

class SIDETONE_API Room {
 public:
  explicit Room(Runtime& runtime);

  // Returns when joined and the media connection is up.
  void connect(const std::string& url,
               const std::string& token,
               const ConnectOptions& options = {});

  // void(error_code). Cancellation: all types.
  template <class Token>
  auto async_connect(const std::string& url,
                     const std::string& token,
                     const ConnectOptions& options,
                     Token&& completion) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [driver = driver_](auto handler, const std::string& to, const std::string& with,
                           const ConnectOptions& how) {
          start_connect(driver, to, with, how, std::move(handler));
        },
        completion, url, token, options);
  }

  // Why the last connect failed, in the server's or our words; empty before. Tokens are masked.
  std::string failure() const;

  // Leaves: tells the server without waiting for its answer; streams end, pending operations end
  // with closed. Idempotent.
  void disconnect();

  ConnectionState state() const;
  std::string name() const;
  std::string sid() const;
  std::string metadata() const;

  LocalParticipant local_participant() const { return LocalParticipant(driver_); }

  std::vector<Participant> remote_participants() const;
  std::optional<Participant> remote_participant(std::string_view identity) const;

  // With auto_subscribe off, or to stop hearing a track. closed, not_found.
  void set_subscribed(const Track& track, bool subscribed);

  // The next event in order; nothing once the room has ended and all were taken, or when the
  // timeout passed.
  std::optional<RoomEvent> next_event(std::optional<std::chrono::nanoseconds> timeout = {});

  // void(error_code, RoomEvent); eof after the last one.
  template <class Token>
  auto async_next_event(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, RoomEvent)>(
        [driver = driver_](auto handler) { start_next_event(driver, std::move(handler)); }, token);
  }

  // Calls `handler` with each event of one kind from now on: room.on<TrackSubscribed>([](const
  // TrackSubscribed& e) {...}).
  template <class Event, class Handler>
  void on(Handler handler) {
    add_handler([handler = std::move(handler)](const RoomEvent& event) mutable {
      if (const auto* wanted = std::get_if<Event>(&event)) handler(*wanted);
    });
  }

  RoomStats stats() const;

  // For tests of an application. closed unless connected.
  void simulate_fault(SimulatedFault fault);

  // For the library's own objects.
  const std::shared_ptr<shell::RoomDriver>& driver() const { return driver_; }

 private:
  using Handler = boost::asio::any_completion_handler<void(error_code)>;
  using EventHandler = boost::asio::any_completion_handler<void(error_code, RoomEvent)>;

  static void start_connect(const std::shared_ptr<shell::RoomDriver>& driver,
                            const std::string& url,
                            const std::string& token,
                            const ConnectOptions& options,
                            Handler handler);
  static void start_next_event(const std::shared_ptr<shell::RoomDriver>& driver,
                               EventHandler handler);
  void add_handler(std::function<void(const RoomEvent&)> handler);

  std::shared_ptr<shell::RoomDriver> driver_;
};

}  // namespace v0
}  // namespace sidetone
