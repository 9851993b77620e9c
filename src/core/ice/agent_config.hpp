// What an Agent is told at birth, its bounds, and what it counts.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"
#include "core/ice/path.hpp"

namespace sidetone::ice {

inline constexpr std::size_t kMaxLocalCandidates = 40;  // 16 sockets, as many for TCP, 8 relays
inline constexpr std::size_t kMaxRemoteCandidates = 64;
inline constexpr std::size_t kMaxEarlyChecks = 16;

struct AgentConfig {
  Role role = Role::controlling;
  // From the other side's description to giving up. RFC 8863 asks for patience because a candidate
  // or a check may still come; official SDKs give a connection 15 s in all.
  base::Duration connect_timeout = std::chrono::seconds(15);
  // How long a working pair waits for a better one that has not answered yet, before it is
  // nominated.
  base::Duration nomination_grace = std::chrono::milliseconds(100);
  // How long datagrams have before TCP connections are tried as well: most paths answer in less,
  // and a connection costs the other side more than a check.
  base::Duration stream_delay = std::chrono::milliseconds(400);
};

struct AgentCounters {
  std::uint64_t checks_sent = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t consent_checks_sent = 0;
  std::uint64_t responses_received = 0;  // authenticated, to a check of ours
  std::uint64_t checks_received = 0;     // authenticated
  std::uint64_t malformed = 0;
  std::uint64_t unauthenticated = 0;  // requests and answers with wrong or no integrity
  std::uint64_t unmatched = 0;        // answers to nothing we asked, or from elsewhere
  std::uint64_t unknown_local = 0;    // came to an address nobody gave us
  std::uint64_t refused = 0;          // requests answered with 420
  std::uint64_t role_conflicts = 0;   // roles changed, and 487 sent or received
  std::uint64_t early_dropped = 0;    // checks before the description, beyond the bound
  std::uint64_t candidates_ignored =
      0;  // TCP, component 2, names, another session's, beyond the bound
  std::uint64_t path_changes = 0;
  std::uint64_t restarts = 0;
};

}  // namespace sidetone::ice
