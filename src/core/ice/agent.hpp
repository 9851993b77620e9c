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
// Hostile input is dropped and counted; nothing unauthenticated is answered. Sizes are bounded: 40
// local and 64 remote candidates, 100 pairs, 16 checks that precede the description. One strand.
// A relayed address (TURN) is one more add_local() with CandidateType::relayed: its datagrams carry
// that `local`, and the caller wraps them. So is Transport::tcp_active on port 9: a path from there
// is a TCP connection to its `remote`, which the caller opens with the first datagram (RFC 6544).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/ice/agent_config.hpp"
#include "core/ice/candidate.hpp"
#include "core/ice/checklist.hpp"
#include "core/ice/consent.hpp"
#include "core/ice/credentials.hpp"
#include "core/ice/path.hpp"

namespace sidetone::ice {

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
  // The same with endpoint, type, transport and related address from `like`.
  std::optional<Candidate> add_local(const Candidate& like, base::Instant now, Output& out);
  // That address of ours, or the one path from it, carries nothing any more.
  void lose(const base::Endpoint& local,
            const std::optional<base::Endpoint>& remote,
            base::Instant now,
            Output& out);

  // The credentials of its description; what is not valid() is ignored. The same again changes
  // nothing, others begin its side of a restart. Towards an ICE-lite side we are always
  // controlling.
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

  base::Deadline next_deadline() const { return deadline_; }

  // New credentials, for a new description of ours. Candidates of ours stay.
  void restart(base::Instant now, Output& out);

  // Where to send media.
  const std::optional<Path>& selected() const { return selected_; }

  // Whether DTLS and RTP may be looked at: a check on that path was authenticated, by either side.
  bool is_verified(const Path& path) const;

  State state() const { return state_; }

  Role role() const { return role_; }

  // Whether that path was nominated in the present session: before, better ones may follow.
  bool nominated() const { return is_settled(); }

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

  // agent.cpp
  void begin_session();

  // This session's path is decided; candidates that come later are not checked by us.
  bool is_settled() const { return active_ && active_->of_this_session && active_->nominated; }

  bool is_running() const { return remote_ && (give_up_at_ || active_); }

  void watch_time(base::Instant now);
  void update_state(base::Instant now, Output& out);
  // What every input ends with: checks that are due, then events and the next deadline.
  void finish(base::Instant now, Output& out);

  // agent_inbound.cpp: what the other side asks and answers.
  void on_request(const Path& path, const stun::Message& request, base::Instant now, Output& out);
  const Credentials* signer_of(const stun::Message& request) const;
  bool in_conflict(const stun::Message& request);
  void ask_for_nomination(const Pair& pair, base::Instant now);
  void learn(const EarlyCheck& check, base::Instant now);
  Pair* pair_for(const EarlyCheck& check);
  void on_response(const Path& path, const stun::Message& response, base::Instant now);
  void on_consent_answer(const Path& path, const stun::Message& response, base::Instant now);
  void on_answer(Pair& pair,
                 const Transaction& transaction,
                 const stun::Message& response,
                 base::Instant now);
  void on_error(Pair& pair, const Transaction& transaction, std::uint16_t code);
  void on_success(Pair& pair, const Transaction& transaction, base::Instant now);
  void remember_verified(const Path& path);
  void switch_role(Role role);

  // agent_checks.cpp: pairs, the checks we send, nomination.
  bool admit(const Candidate& candidate);
  bool replace_reflexive(const Candidate& candidate);
  Pair* pair_up(const Candidate& local, const Candidate& remote);
  void run_checks(base::Instant now, Output& out);
  void resend(base::Instant now, Output& out);
  void give_up(Pair& pair);
  void start_check(Pair& pair, bool nominating, base::Instant now, Output& out);
  void send_check(Pair& pair, Output& out);
  void watch_consent(base::Instant now, Output& out);
  void consider_nomination(base::Instant now, Output& out);
  void adopt(const Pair& pair, bool nominated, base::Instant now);

  AgentConfig config_;
  base::RandomSource* random_;
  Role role_;
  std::uint64_t tie_breaker_;
  Credentials local_;
  std::optional<Credentials> previous_local_;
  std::optional<Credentials> remote_;
  std::vector<Candidate> locals_;
  std::vector<Candidate> remotes_;
  std::vector<EarlyCheck> early_;
  std::vector<Path> verified_;  // oldest first
  Checklist checklist_;
  std::optional<Active> active_;
  std::optional<Path> selected_;
  base::Deadline give_up_at_;
  base::Instant next_check_at_ = base::Instant::min();
  base::Instant streams_from_ = base::Instant::max();
  base::Deadline nominate_at_;
  base::Deadline deadline_;
  bool nominating_ = false;
  State state_ = State::idle;
  AgentCounters counters_;
};

}  // namespace sidetone::ice
