// The addresses of one connection that are not sockets of its own: what a STUN server sees of them
// (server-reflexive), relays on TURN servers over UDP, TCP and TLS, and TCP connections to the
// other side's candidates (RFC 6544, active). It stands between the agent, which knows paths, and
// the sockets, which know datagrams.
//
// start() asks all servers at once. What is found comes out of found(), in the order it is found;
// what stops working out of lost(). A packet on a path that carries() is for send(); everything
// that arrives goes through on_datagram() first.
//
// Bounds: 8 servers, 16 questions to STUN servers, 8 relays, 8 TCP connections, 4 packets that wait
// for each. Every wait ends: 8 s for an answer, 10 s for a stream or a name. Warm, send() and
// on_datagram() allocate nothing. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/ice/candidate.hpp"
#include "core/ice/path.hpp"
#include "core/ice/server_url.hpp"
#include "core/ice/turn_client.hpp"

namespace sidetone::ice {

inline constexpr std::size_t kMaxServers = 8;
inline constexpr std::size_t kMaxQueries = 16;
inline constexpr std::size_t kMaxRelays = 8;
inline constexpr std::size_t kMaxTubes = 8;
inline constexpr std::size_t kMaxTubePackets = 4;
inline constexpr base::Duration kNetworkTimeout = std::chrono::seconds(10);

struct GatherConfig {
  std::vector<Server> servers;
  bool relay_only = false;  // no host and no reflexive addresses
  bool streams = false;     // the caller opens streams: TURN over TCP and TLS, ICE-TCP
};

class Gatherer {
 public:
  // `random` outlives the gatherer.
  Gatherer(GatherConfig config, base::RandomSource& random);

  // A UDP socket of ours; before start().
  void add_local(const base::Endpoint& endpoint);
  void start(base::Instant now, Output& out);
  // More servers, after start(); those beyond the bound are left out.
  void ask(const std::vector<Server>& servers, base::Instant now, Output& out);

  // A packet for the agent and the layers above it, borrowed.
  struct Arrival {
    Path path;
    base::Bytes bytes;
  };

  // Nothing: it was for us.
  std::optional<Arrival> on_datagram(const Path& path,
                                     base::Bytes bytes,
                                     base::Instant now,
                                     Output& out);
  void on_news(const NetworkNews& news, base::Instant now, Output& out);
  void on_deadline(base::Instant now, Output& out);
  base::Deadline next_deadline() const;

  // Whether packets from there need send().
  bool carries(const base::Endpoint& local) const;
  // Whether datagrams to that name are ours.
  bool knows(const base::Endpoint& name) const;
  void send(const Path& path, base::Bytes packet, Output& out);

  // What time it is, for a send() that follows.
  void set_time(base::Instant now) { now_ = now; }

  // Gives back what servers hold for us and closes the streams.
  void close(Output& out);

  // A candidate of ours; for a relay and a TCP address, to be added to the agent.
  base::Outbox<Candidate>& found() { return found_; }

  struct Lost {
    base::Endpoint local;
    std::optional<base::Endpoint> remote;  // nothing: the whole address
  };

  base::Outbox<Lost>& lost() { return lost_; }

  // No more will be found.
  bool done() const;

  bool relay_only() const { return config_.relay_only; }

  // What became of each server and connection that did not work; empty when all did.
  std::string explain() const;

 private:
  // What we ask a STUN server from one of our sockets.
  struct Query {
    Path path;
    std::size_t server = 0;
    stun::TransactionId id{};
    base::Deadline resend_at;
    base::Duration timeout{};
    int transmissions = 0;
  };

  struct Relay {
    std::size_t server = 0;
    std::unique_ptr<TurnClient> client;
    bool announced = false;
    bool over = false;
  };

  enum class Stage { looking_up, opening, open, over };

  // A name on the network: a stream to a TURN server, one to a candidate, or a look-up.
  struct Tube {
    base::Endpoint name;
    Stage stage = Stage::opening;
    std::optional<Path> path;  // ICE-TCP
    std::size_t server = 0;    // else
    base::Deadline deadline;
    std::vector<base::Packet> held;
    std::string trouble;
  };

  // gatherer.cpp
  void begin(std::size_t server, base::Instant now, Output& out);
  void reach(std::size_t server,
             const std::vector<base::Address>& addresses,
             base::Instant now,
             Output& out);
  std::optional<base::Endpoint> socket_for(const base::Endpoint& server) const;
  void query(std::size_t server, const base::Endpoint& at, base::Instant now, Output& out);
  void transmit(const Query& query, Output& out);
  bool on_query_answer(const Path& path, base::Bytes bytes);
  void add_relay(std::size_t server, TurnConfig config, base::Instant now, Output& out);
  void look_at(Relay& relay);
  void announce_reflexive(const base::Endpoint& mapped, const base::Endpoint& base);
  void note(std::size_t server, std::string trouble);

  // gatherer_streams.cpp
  Tube* open(OpenStream wish, base::Instant now, Output& out);
  Tube* find_tube(const base::Endpoint& name);
  base::Endpoint new_name();
  void on_opened(Tube& tube, base::Instant now, Output& out);
  void on_closed(Tube& tube, std::string why);
  void on_host(Tube& tube, const HostFound& news, base::Instant now, Output& out);
  void send_on_stream(const Path& path, base::Bytes packet, Output& out);
  void expire_tubes(base::Instant now, Output& out);

  GatherConfig config_;
  base::RandomSource* random_;
  std::vector<base::Endpoint> locals_;
  std::vector<Query> queries_;
  std::vector<Relay> relays_;
  std::vector<Tube> tubes_;
  std::vector<std::string> troubles_;  // by server
  std::vector<base::Endpoint> reflexive_;
  base::Outbox<Candidate> found_;
  base::Outbox<Lost> lost_;
  base::Instant now_;
  bool started_ = false;
};

}  // namespace sidetone::ice
