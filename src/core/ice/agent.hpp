// A full ICE agent for one stream with one component (RFC 8445; trickle RFC 8838; consent RFC
// 7675).
//
// Give it our addresses (add_local), the other side's credentials and candidates in any order,
// every STUN datagram, and its deadlines. It checks the best pair at once and one more each 5 ms,
// answers the other side's checks even before its description is here, uses the first pair that
// works, nominates the best (controlling) or follows the other side's nomination (controlled), and
// then watches consent. restart() begins a new session and keeps the old path until the new session
// has nominated one.
//
// Hostile input is dropped and counted; nothing unauthenticated is answered. Sizes are bounded: 16
// local and 64 remote candidates, 100 pairs, 16 checks that precede the description. One strand.
// A relayed address (TURN) is one more add_local() with CandidateType::relayed: its datagrams carry
// that `local`, and the caller wraps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/ice/candidate.hpp"
#include "core/ice/checklist.hpp"
#include "core/ice/consent.hpp"
#include "core/ice/credentials.hpp"
#include "core/ice/path.hpp"

namespace sidetone::ice {

inline constexpr std::size_t kMaxLocalCandidates = 16;
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
  std::uint64_t role_conflicts = 0;   // 487 sent or received
  std::uint64_t early_dropped = 0;    // checks before the description, beyond the bound
  std::uint64_t candidates_ignored =
      0;  // TCP, component 2, names, another session's, beyond the bound
  std::uint64_t path_changes = 0;
  std::uint64_t restarts = 0;
};

class Agent {
 public:
  // `random` outlives the agent.
  Agent(const AgentConfig& config, base::RandomSource& random);

  const Credentials& local_credentials() const { return local_; }

  const std::vector<Candidate>& local_candidates() const { return locals_; }

  const std::optional<Credentials>& remote_credentials() const { return remote_; }

  // An address of ours, best first. The candidate to tell the other side; empty when it is known
  // already or there are too many.
  std::optional<Candidate> add_local(const base::Endpoint& endpoint,
                                     base::Instant now,
                                     Output& out,
                                     CandidateType type = CandidateType::host);

  // The credentials of its description. The same again changes nothing; others begin its side of a
  // restart. Towards an ICE-lite side we are always controlling.
  void set_remote(const Credentials& credentials, bool lite, base::Instant now, Output& out);
  // From description or trickle, in any order and repeatedly. Waits for set_remote().
  void add_remote(const Candidate& candidate, base::Instant now, Output& out);

  // A STUN datagram (classify() says so).
  void on_datagram(const base::Endpoint& local,
                   const base::Endpoint& remote,
                   base::Bytes datagram,
                   base::Instant now,
                   Output& out);
  void on_deadline(base::Instant now, Output& out);
  base::Deadline next_deadline() const;

  // New credentials, for a new description of ours. Candidates of ours stay.
  void restart(base::Instant now, Output& out);

  // Where to send media.
  const std::optional<Path>& selected() const { return selected_; }

  // Whether DTLS and RTP may be looked at: a check on that path was authenticated, by either side.
  bool is_verified(const Path& path) const;

  State state() const { return state_; }

  Role role() const { return role_; }

  bool nominated() const { return active_ && active_->nominated; }

  const AgentCounters& counters() const { return counters_; }

  const Checklist& checklist() const { return checklist_; }

  // One line a pair, at most `max_pairs`: what was tried and why it is no path.
  std::string explain(std::size_t max_pairs = 8) const;

 private:
  // The path in use, with the session it was found in: a restart leaves it working.
  struct Active {
    Path path;
    Credentials local;
    Credentials remote;
    std::uint64_t priority = 0;
    std::uint32_t local_priority = 0;
    bool nominated = false;
    bool of_this_session = true;
    Consent consent;
  };

  struct EarlyCheck {
    Path path;
    std::string sender_ufrag;
    std::uint32_t priority = 0;
    bool use_candidate = false;
  };

  // agent_checks.cpp: what the other side asks and answers.
  void on_request(const Path& path, const stun::Message& request, base::Instant now, Output& out);
  void on_response(const Path& path, const stun::Message& response, base::Instant now, Output& out);
  void on_answer(Pair& pair,
                 const Transaction& transaction,
                 const stun::Message& response,
                 base::Instant now,
                 Output& out);
  bool on_consent_answer(const Path& path, const stun::Message& response, base::Instant now);
  const Credentials* credentials_for(const stun::Message& request);
  bool role_conflict(const stun::Message& request);
  void switch_role(Role role);
  void learn(const EarlyCheck& check, base::Instant now, Output& out);
  void respond(const Path& path, const stun::Message& request, const std::string& pwd, Output& out);
  void refuse(const Path& path, const stun::Message& request, const std::string& pwd, Output& out);

  // agent_pairs.cpp: pairs, checks, nomination.
  bool admit(const Candidate& candidate);
  void pair_up(const Candidate& local, const Candidate& remote);
  void run_checks(base::Instant now, Output& out);
  void start_check(Pair& pair, bool nominating, base::Instant now, Output& out);
  void resend(base::Instant now, Output& out);
  void send_request(const Active& active,
                    const Transaction& transaction,
                    bool use_candidate,
                    Output& out);
  void send_check(Pair& pair, Output& out);
  void succeeded(Pair& pair, bool nominating, base::Instant now, Output& out);
  void consider_nomination(base::Instant now, Output& out);
  void adopt(const Pair& pair, bool nominated, base::Instant now, Output& out);
  void watch_consent(base::Instant now, Output& out);
  void update_state(base::Instant now, Output& out);
  void finish(base::Instant now, Output& out);

  AgentConfig config_;
  base::RandomSource* random_;
  Role role_;
  std::uint64_t tie_breaker_;
  Credentials local_;
  std::optional<Credentials> previous_local_;
  std::optional<Credentials> remote_;
  bool remote_lite_ = false;
  std::vector<Candidate> locals_;
  std::vector<Candidate> remotes_;
  std::vector<EarlyCheck> early_;
  std::vector<Path> verified_;
  Checklist checklist_;
  std::optional<Active> active_;
  std::optional<Path> selected_;
  base::Deadline give_up_at_;
  base::Deadline next_check_at_;
  base::Deadline nominate_at_;
  base::Deadline deadline_;
  bool nominating_ = false;
  State state_ = State::idle;
  AgentCounters counters_;
};

}  // namespace sidetone::ice
