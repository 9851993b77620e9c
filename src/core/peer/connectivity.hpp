// The ICE part of a Peer: a full agent or the lite one behind one interface, and for the full one
// what it gathers beyond our sockets: relays, reflexive addresses, TCP connections.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/ice/agent.hpp"
#include "core/ice/gatherer.hpp"
#include "core/ice/lite.hpp"
#include "core/peer/output.hpp"

namespace sidetone::peer {

class Connectivity {
 public:
  // `gather` counts for the full agent only.
  Connectivity(IceMode mode, base::RandomSource& random, ice::GatherConfig gather = {});

  bool lite() const { return std::holds_alternative<ice::LiteAgent>(agent_); }

  const ice::Credentials& local() const;
  std::vector<std::string> candidates() const;
  std::string add_local(const base::Endpoint& endpoint, Instant now, ice::Output& out);

  // All sockets are added: asks the servers. What they give comes out of found().
  void gather(Instant now, ice::Output& out);
  // More servers, later. Nothing when there was nothing to gather at the start.
  void ask(const std::vector<ice::Server>& servers, Instant now, ice::Output& out);

  // Candidates to tell the other side, since the last call.
  std::vector<std::string> found() { return std::exchange(found_, {}); }

  // No more of them will come.
  bool gathered() const { return !gatherer_ || gatherer_->done(); }

  void on_news(const ice::NetworkNews& news, Instant now, ice::Output& out);

  // Of a datagram from a socket or a stream: the packet in it and the path it came on. Nothing: it
  // was not for the layers above.
  std::optional<Incoming> unwrap(const Incoming& datagram, Instant now, ice::Output& out);

  // Whether packets on that path leave from a socket of ours as they are; else wrap() sends them.
  bool is_direct(const ice::Path& path) const {
    return !gatherer_ || !gatherer_->carries(path.local);
  }

  void wrap(const ice::Path& path, Bytes packet, ice::Output& out) {
    gatherer_->send(path, packet, out);
  }

  bool knows(const base::Endpoint& name) const { return gatherer_ && gatherer_->knows(name); }

  void close(ice::Output& out);

  void set_remote(const ice::Credentials& remote, bool remote_lite, Instant now, ice::Output& out);
  void add_remote(const ice::Candidate& candidate, Instant now, ice::Output& out);
  void restart(Instant now, ice::Output& out);

  // True when the datagram was an authenticated check.
  bool on_datagram(const Incoming& datagram, Instant now, ice::Output& out);
  void on_deadline(Instant now, ice::Output& out);
  Deadline next_deadline() const;

  const std::optional<ice::Path>& selected() const;
  bool is_verified(const ice::Path& path) const;
  ice::State state() const;
  std::string explain() const;

 private:
  // Where the agent writes: past the gatherer when there is none.
  ice::Output& agent_out(ice::Output& out) { return gatherer_ ? raw_ : out; }

  void after_agent(Instant now, ice::Output& out);
  void after_gatherer(Instant now, ice::Output& out);
  void add_candidate(ice::Candidate candidate, Instant now);

  std::variant<ice::Agent, ice::LiteAgent> agent_;
  base::RandomSource& random_;
  std::optional<ice::Credentials> remote_;
  bool restarting_ = false;                 // ours is new, the other side's answer is awaited
  std::vector<ice::Candidate> advertised_;  // lite: all of ours; full: those that are no base
  std::optional<ice::Gatherer> gatherer_;
  ice::Output raw_;
  std::vector<std::string> found_;
};

}  // namespace sidetone::peer
