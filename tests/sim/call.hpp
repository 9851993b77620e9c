// A whole call in one process on a virtual clock: rooms, the embedded server, a network. Only
// sockets are replaced.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/dtls/context.hpp"
#include "core/server/server.hpp"
#include "core/session/session.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/virtual_world.hpp"
#include "tests/sim/voice.hpp"

namespace sidetone::sim {

class Call;

// One participant: a session, what it says and hears, and everything that happened to it.
class Caller {
 public:
  Caller(Call& call, std::string identity, int number);

  session::Session session;
  std::vector<room::Event> events;
  std::map<session::OperationId, session::Completion> completions;
  const std::string identity;

  session::OperationId connect(const std::string& room = "room", VideoGrants grants = {});
  session::OperationId publish(Mouth& mouth,
                               session::TrackSpec spec = {},
                               media::SourceOptions options = {},
                               std::unique_ptr<audio::Encoder> encoder = nullptr);
  session::OperationId unpublish(const std::string& track_sid);
  error_code set_muted(const std::string& track_sid, bool muted);
  error_code set_subscribed(const std::string& track_sid, bool subscribed);
  void disconnect();

  // Hears the first subscribed track of `from` (an identity or a track's sid; its own too), now or
  // as soon as there is one; that track only.
  Ear& hear(const std::string& from,
            media::StreamOptions options = {},
            std::unique_ptr<audio::Decoder> decoder = nullptr);

  bool done(session::OperationId id) const { return completions.contains(id); }

  error_code error(session::OperationId id) const { return completions.at(id).error; }

  const std::string& track_sid(session::OperationId id) const {
    return completions.at(id).track_sid;
  }

  template <class Event>
  std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& event : events)
      if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
    return found;
  }

  // One call into the session, and what it wants of the world.
  void turn(const std::function<void(session::Session&, session::Outputs&)>& call);

 private:
  friend class Call;

  struct Hearing {
    std::string from;
    std::unique_ptr<Ear> ear;
    bool attached = false;
  };

  void attach_ears();
  base::Deadline next_deadline() const;
  void on_deadline();

  Call& call_;
  base::Endpoint publisher_;
  base::Endpoint subscriber_;
  session::OperationId next_operation_ = 1;
  std::vector<std::unique_ptr<media::SourcePipeline>> pipelines_;
  std::vector<Hearing> ears_;
  bool woken_ = false;
};

class Call {
 public:
  explicit Call(std::uint64_t seed);
  ~Call();

  Network network;
  std::unique_ptr<server::Server> server;
  server::Outbox server_out;

  Caller& add(const std::string& identity);

  // Calls `what` at that moment, and every `period` after it if there is one.
  void at(base::Instant when, std::function<void()> what);
  void every(base::Duration period, std::function<void()> what);

  void run_for(base::Duration time);
  // Returns whether it came true within `limit`.
  bool run_until(const std::function<bool()>& condition,
                 base::Duration limit = std::chrono::seconds(20));

  // One call into the server, and what it wants.
  void server_turn(const std::function<void(server::Server&, server::Outbox&)>& call);

  // Cuts a participant off: nothing of it goes in or out, and neither side is told.
  void unplug(const Caller& caller);
  // Its packets travel again, and new signalling connections.
  void plug_in(const Caller& caller);
  // The signalling connections of a participant break.
  void break_signalling(Caller& caller);
  // The server loses everything it knew, and every connection.
  void restart_server();
  // A message of the server to one participant, as if it had thought of it.
  void say(Caller& caller, const livekit::SignalResponse& response);

  std::string token(const std::string& identity, const std::string& room, VideoGrants grants) const;

  base::RandomSource& random() { return random_; }

  const dtls::Context& dtls() const { return dtls_; }

  const base::Endpoint& server_endpoint() const { return server_endpoint_; }

 private:
  friend class Caller;

  // A signalling socket: in order, loss-free, a millisecond each way.
  struct Wire {
    Caller* caller = nullptr;
    session::SocketId socket = 0;
    server::ConnectionId connection = 0;
    bool open = true;
  };

  void start_server();
  bool is_unplugged(const Caller& caller) const;
  void open_socket(Caller& caller, session::SocketId socket, const signal::SocketRequest& request);
  void to_server(Caller& caller, session::SocketId socket, std::string bytes);
  void close_socket(Caller& caller, session::SocketId socket);
  void carry_server_output();
  void deliver(const Arrival& arrival);
  base::Deadline next_deadline() const;
  void step(base::Instant until);
  std::string whose_turn() const;
  Wire* wire(const Caller& caller, session::SocketId socket);
  Wire* wire(server::ConnectionId connection);

  base::SeededRandom random_;
  dtls::Context dtls_;
  base::Endpoint server_endpoint_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<const Caller*> unplugged_;
  std::deque<Wire> wires_;
  std::multimap<base::Instant, std::function<void()>> later_;
  server::ConnectionId next_connection_ = 1;
  base::Instant next_sctp_tick_;
  bool server_woken_ = false;
  int stuck_ = 0;
};

}  // namespace sidetone::sim
