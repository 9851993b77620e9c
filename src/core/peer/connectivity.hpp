// The ICE part of a Peer: a full agent or the lite one behind one interface.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/ice/agent.hpp"
#include "core/ice/lite.hpp"
#include "core/peer/output.hpp"

namespace sidetone::peer {

class Connectivity {
 public:
  Connectivity(IceMode mode, base::RandomSource& random);

  bool lite() const { return std::holds_alternative<ice::LiteAgent>(agent_); }

  const ice::Credentials& local() const;
  std::vector<std::string> candidates() const;
  std::string add_local(const base::Endpoint& endpoint, Instant now, ice::Output& out);

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
  std::variant<ice::Agent, ice::LiteAgent> agent_;
  base::RandomSource& random_;
  std::optional<ice::Credentials> remote_;
  bool restarting_ = false;                 // ours is new, the other side's answer is awaited
  std::vector<ice::Candidate> advertised_;  // lite only
};

}  // namespace sidetone::peer
