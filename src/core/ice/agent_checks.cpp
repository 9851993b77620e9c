// The checks an Agent sends, the pairs they are for, and what it nominates (RFC 8445 §6.1, §7.2,
// §8).
#include <algorithm>
#include <limits>

#include "core/ice/agent.hpp"

namespace sidetone::ice {
namespace {

struct Check {
  const Path& path;
  const Credentials& local;
  const Credentials& remote;
  std::uint32_t local_priority;
  std::uint64_t tie_breaker;
  bool stream;
};

void send(const Check& check, const Transaction& transaction, Output& out) {
  // What the candidate would have if they discovered it from this very check (RFC 8445 §7.1.1).
  auto preference = static_cast<std::uint16_t>(check.local_priority >> 8 & 0xffff);
  auto priority = candidate_priority(CandidateType::peer_reflexive, preference, 1,
                                     check.stream ? Transport::tcp_active : Transport::udp);
  auto& packet = out.datagrams.push(base::Datagram{check.path.local, check.path.remote, {}}).packet;
  stun::Builder builder(packet.storage(), stun::Class::request, transaction.id);
  builder.username(check.remote.ufrag, check.local.ufrag).priority(priority);
  if (transaction.role == Role::controlling)
    builder.controlling(check.tie_breaker);
  else
    builder.controlled(check.tie_breaker);
  if (transaction.nominating) builder.use_candidate();
  packet.resize(builder.integrity(check.remote.pwd).fingerprint().finish().size());
}

}  // namespace

bool Agent::admit(const Candidate& candidate) {
  auto connects = [&] {
    return candidate.transport == Transport::tcp_passive &&
           std::any_of(locals_.begin(), locals_.end(),
                       [](const Candidate& local) { return is_stream(local.transport); });
  };
  bool usable = candidate.component == 1 && (candidate.transport == Transport::udp || connects()) &&
                candidate.resolvable() && candidate.endpoint.port != 0 &&
                !candidate.endpoint.address.is_unspecified();
  bool foreign = remote_ && !candidate.ufrag.empty() && candidate.ufrag != remote_->ufrag;
  if (!usable || foreign) {
    ++counters_.candidates_ignored;
    return false;
  }
  if (replace_reflexive(candidate)) return false;
  if (remotes_.size() >= kMaxRemoteCandidates) {
    ++counters_.candidates_ignored;
    return false;
  }
  remotes_.push_back(candidate);
  return true;
}

// Known already, perhaps only from a check of theirs that was faster than its announcement.
bool Agent::replace_reflexive(const Candidate& candidate) {
  auto known = std::find_if(remotes_.begin(), remotes_.end(), [&](const Candidate& other) {
    return other.endpoint == candidate.endpoint &&
           is_stream(other.transport) == is_stream(candidate.transport);
  });
  if (known == remotes_.end()) return false;
  if (known->type == CandidateType::peer_reflexive) {
    *known = candidate;
    for (auto& pair : checklist_.pairs()) {
      if (pair->path.remote != candidate.endpoint || pair->stream != is_stream(candidate.transport))
        continue;
      pair->remote_type = candidate.type;
      pair->remote_priority = candidate.priority;
    }
    checklist_.set_role(role_);
  }
  return true;
}

Pair* Agent::pair_up(const Candidate& local, const Candidate& remote) {
  if (local.endpoint.address.is_v6() != remote.endpoint.address.is_v6() ||
      is_stream(local.transport) != is_stream(remote.transport))
    return nullptr;
  Pair pair;
  pair.path = {local.endpoint, remote.endpoint};
  pair.local_type = local.type;
  pair.remote_type = remote.type;
  pair.stream = is_stream(local.transport);
  pair.local_priority = local.priority;
  pair.remote_priority = remote.priority;
  return checklist_.add(pair, role_);
}

void Agent::run_checks(base::Instant now, Output& out) {
  resend(now, out);
  const bool streams = now >= streams_from_;
  if (checklist_.has_work(streams) && next_check_at_ <= now) {
    if (auto* pair = checklist_.next_to_check(streams)) {
      start_check(*pair, false, now, out);
      next_check_at_ = now + kCheckPace;
    }
  }
  consider_nomination(now, out);
}

void Agent::resend(base::Instant now, Output& out) {
  for (auto& pair : checklist_.pairs()) {
    if (!base::is_due(pair->resend_at, now)) continue;
    if (pair->transmissions >= kMaxTransmissions) {
      give_up(*pair);
      continue;
    }
    pair->back_off(now);
    if (pair->stream) continue;  // waits as long, for the one answer
    ++counters_.retransmissions;
    send_check(*pair, out);
  }
}

void Agent::give_up(Pair& pair) {
  pair.stop();
  if (pair.current().nominating) nominating_ = false;
  pair.state = PairState::failed;
  if (pair.reason == PairReason::none) pair.reason = PairReason::no_answer;
}

void Agent::start_check(Pair& pair, bool nominating, base::Instant now, Output& out) {
  Transaction transaction{{}, nominating, role_};
  random_->fill(transaction.id);
  pair.start(now, transaction);
  if (!nominating) {
    pair.state = PairState::in_progress;
    pair.reason = PairReason::no_answer;
  }
  send_check(pair, out);
}

void Agent::send_check(Pair& pair, Output& out) {
  ++counters_.checks_sent;
  ++pair.checks_sent;
  send({pair.path, local_, *remote_, pair.local_priority, tie_breaker_, pair.stream},
       pair.current(), out);
}

void Agent::watch_consent(base::Instant now, Output& out) {
  if (!active_ || !active_->consent.due(now)) return;
  // Each of them nominates the path again: an ICE-lite side follows a changed NAT binding by that.
  bool nominates = active_->nominated && role_ == Role::controlling;
  Transaction transaction{active_->consent.request(now, *random_), nominates, role_};
  ++counters_.consent_checks_sent;
  send({active_->path, active_->local, active_->remote, active_->local_priority, tie_breaker_,
        active_->path.local.port == kActivePort},
       transaction, out);
}

void Agent::consider_nomination(base::Instant now, Output& out) {
  if (role_ != Role::controlling || nominating_ || is_settled()) return;
  auto* best = checklist_.best_valid();
  if (best == nullptr) return;
  if (checklist_.hope_above(best->priority)) {
    if (!nominate_at_) nominate_at_ = now + config_.nomination_grace;
    if (now < *nominate_at_) return;
  }
  nominate_at_.reset();
  nominating_ = true;
  start_check(*best, true, now, out);
}

void Agent::adopt(const Pair& pair, bool nominated, base::Instant now) {
  give_up_at_.reset();
  bool same = active_ && active_->of_this_session && active_->path == pair.path;
  if (same) {
    active_->nominated = active_->nominated || nominated;
    active_->priority = pair.priority;
  } else {
    // Where the other side nominates several, the best counts (RFC 8445 §8.1.1), while it answers.
    if (is_settled() && pair.priority < active_->priority && !active_->consent.stale(now)) return;
    active_.emplace(Active{pair.path, local_, *remote_, pair.priority, pair.local_priority,
                           nominated, true, Consent(now, *random_)});
  }
  // As controlling nothing else will be nominated by us; as controlled something better may be by
  // them.
  if (nominated)
    checklist_.conclude(role_ == Role::controlling ? std::numeric_limits<std::uint64_t>::max()
                                                   : pair.priority);
}

}  // namespace sidetone::ice
