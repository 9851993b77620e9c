// What an Agent makes of the other side's checks and answers (RFC 8445 §7.2.5, §7.3).
#include <algorithm>

#include "core/ice/agent.hpp"
#include "core/ice/answer.hpp"

namespace sidetone::ice {
namespace {

// Paths whose media is looked at: the other side's addresses change a few times in a call.
constexpr std::size_t kMaxVerified = 32;

}  // namespace

void Agent::on_request(const Path& path,
                       const stun::Message& request,
                       base::Instant now,
                       Output& out) {
  const auto* signer = signer_of(request);
  if (signer == nullptr) {
    ++counters_.unauthenticated;
    return;
  }
  if (request.unknown.count > 0) {
    ++counters_.refused;
    refuse_check(path, request, stun::kUnknownAttribute, signer->pwd, out);
    return;
  }
  bool of_this_session = signer == &local_;
  if (of_this_session && in_conflict(request)) {
    ++counters_.role_conflicts;
    refuse_check(path, request, stun::kRoleConflict, signer->pwd, out);
    return;
  }
  ++counters_.checks_received;
  answer_check(path, request, signer->pwd, out);
  remember_verified(path);
  if (!of_this_session) return;
  EarlyCheck check{path, std::string(stun::split_username(request.username)->sender),
                   request.priority.value_or(0), request.use_candidate};
  if (remote_)
    learn(check, now);
  else if (early_.size() < kMaxEarlyChecks)
    early_.push_back(std::move(check));
  else
    ++counters_.early_dropped;
}

const Credentials* Agent::signer_of(const stun::Message& request) const {
  auto parts = stun::split_username(request.username);
  if (!parts || parts->sender.size() > 256) return nullptr;
  for (const auto* ours : {&local_, previous_local_ ? &*previous_local_ : nullptr})
    if (ours != nullptr && ours->ufrag == parts->receiver)
      return stun::has_integrity(request, ours->pwd) ? ours : nullptr;
  return nullptr;
}

// RFC 8445 §7.3.1.1: the greater tie-breaker is controlling. True when the sender has to change.
bool Agent::in_conflict(const stun::Message& request) {
  const auto& theirs = role_ == Role::controlling ? request.controlling : request.controlled;
  if (!theirs) return false;
  bool we_win = tie_breaker_ >= *theirs;
  if (we_win == (role_ == Role::controlling)) return true;
  ++counters_.role_conflicts;
  switch_role(role_ == Role::controlling ? Role::controlled : Role::controlling);
  return false;
}

void Agent::switch_role(Role role) {
  if (role == role_) return;
  role_ = role;
  nominating_ = false;
  nominate_at_.reset();
  checklist_.set_role(role);
}

void Agent::remember_verified(const Path& path) {
  if (is_verified(path)) return;
  if (verified_.size() >= kMaxVerified) verified_.erase(verified_.begin());
  verified_.push_back(path);
}

// A check of theirs shows an address, asks for a check of ours in return, and may nominate.
void Agent::learn(const EarlyCheck& check, base::Instant now) {
  if (!is_running() || check.sender_ufrag != remote_->ufrag) return;
  auto* pair = pair_for(check);
  if (pair == nullptr) return;
  bool nominates = check.use_candidate && role_ == Role::controlled;
  pair->nominate_on_success = pair->nominate_on_success || nominates;
  pair->checked_by_them = true;
  switch (pair->state) {
    case PairState::succeeded:
      if (nominates)
        adopt(*pair, true, now);
      else
        ask_for_nomination(*pair, now);
      break;
    case PairState::in_progress:
      // The answer to a check just sent is on its way; one already resent was probably dropped by a
      // firewall that their check has opened now.
      if (pair->transmissions > 1) checklist_.trigger(pair->path);
      break;
    case PairState::failed: pair->state = PairState::waiting; [[fallthrough]];
    case PairState::waiting: checklist_.trigger(pair->path); break;
  }
}

// Pion (livekit-server) looks at what it may nominate every 200 ms, and whenever a check comes on a
// pair whose check of its own has succeeded. So it gets one after our answer to that.
void Agent::ask_for_nomination(const Pair& pair, base::Instant now) {
  if (role_ != Role::controlled || !active_ || active_->nominated || !active_->of_this_session ||
      active_->path != pair.path)
    return;
  active_->consent.hurry(now);
}

Pair* Agent::pair_for(const EarlyCheck& check) {
  if (auto* known = checklist_.find(check.path)) return known;
  // After our nomination nothing else will be used, so nothing else is checked.
  if (role_ == Role::controlling && is_settled()) return nullptr;
  auto local = std::find_if(locals_.begin(), locals_.end(), [&](const Candidate& candidate) {
    return candidate.endpoint == check.path.local;
  });
  if (local == locals_.end()) return nullptr;
  auto remote = std::find_if(remotes_.begin(), remotes_.end(), [&](const Candidate& candidate) {
    return candidate.endpoint == check.path.remote &&
           is_stream(candidate.transport) == is_stream(local->transport);
  });
  if (remote == remotes_.end()) {
    if (remotes_.size() >= kMaxRemoteCandidates) {
      ++counters_.candidates_ignored;
      return nullptr;
    }
    Candidate reflexive;
    reflexive.endpoint = check.path.remote;
    reflexive.type = CandidateType::peer_reflexive;
    if (is_stream(local->transport)) reflexive.transport = Transport::tcp_passive;
    reflexive.priority = check.priority;
    remote = remotes_.insert(remotes_.end(), std::move(reflexive));
  }
  return pair_up(*local, *remote);
}

void Agent::on_response(const Path& path, const stun::Message& response, base::Instant now) {
  if (active_ && active_->consent.awaits(response.transaction)) {
    on_consent_answer(path, response, now);
    return;
  }
  auto* pair = checklist_.find(response.transaction);
  // RFC 8445 §7.2.5.2.1: an answer takes its question's way back.
  if (pair == nullptr || pair->path != path || !remote_) {
    ++counters_.unmatched;
    return;
  }
  if (!stun::has_integrity(response, remote_->pwd)) {
    // 400 and 401 cannot be signed. They change nothing, but tell why the pair does not work.
    ++counters_.unauthenticated;
    pair->last_error = response.error_code.value_or(pair->last_error);
    if (response.error_code && pair->reason == PairReason::no_answer)
      pair->reason = PairReason::refused;
    return;
  }
  ++counters_.responses_received;
  on_answer(*pair, *pair->find(response.transaction), response, now);
}

void Agent::on_consent_answer(const Path& path, const stun::Message& response, base::Instant now) {
  if (active_->path != path) {
    ++counters_.unmatched;
  } else if (!stun::has_integrity(response, active_->remote.pwd)) {
    ++counters_.unauthenticated;
  } else if (response.message_class == stun::Class::success) {
    ++counters_.responses_received;
    active_->consent.answered(now, *random_);
  }
}

void Agent::on_answer(Pair& pair,
                      const Transaction& transaction,
                      const stun::Message& response,
                      base::Instant now) {
  if (response.message_class == stun::Class::error) {
    on_error(pair, transaction, response.error_code.value_or(0));
  } else if (!response.mapped || response.unknown.count > 0) {
    give_up(pair);
    pair.reason = PairReason::bad_answer;
  } else {
    on_success(pair, transaction, now);
  }
}

void Agent::on_error(Pair& pair, const Transaction& transaction, std::uint16_t code) {
  pair.last_error = code;
  if (code != stun::kRoleConflict) {
    give_up(pair);
    pair.reason = PairReason::refused;
    return;
  }
  ++counters_.role_conflicts;
  // A request of theirs may have made us change before this answer came.
  if (transaction.role == role_) {
    switch_role(role_ == Role::controlling ? Role::controlled : Role::controlling);
    tie_breaker_ = random_->u64();  // RFC 8445 §7.2.5.1
  }
  pair.stop();
  if (pair.state == PairState::succeeded) return;
  pair.state = PairState::waiting;
  checklist_.trigger(pair.path);
}

void Agent::on_success(Pair& pair, const Transaction& transaction, base::Instant now) {
  bool ours = transaction.nominating && role_ == Role::controlling;
  // The late answer to an ordinary check does not end the nomination that is under way.
  if (ours || !pair.current().nominating) pair.stop();
  pair.state = PairState::succeeded;
  pair.reason = PairReason::none;
  remember_verified(pair.path);
  if (ours) nominating_ = false;
  if (ours || (pair.nominate_on_success && role_ == Role::controlled)) {
    adopt(pair, true, now);
    return;
  }
  // Until a pair is nominated the best that works is used. A restart keeps the old path till then,
  // unless that one does not answer any more.
  bool better = !active_ ||
                (active_->of_this_session ? !active_->nominated && pair.priority > active_->priority
                                          : active_->consent.stale(now));
  if (better) adopt(pair, false, now);
  if (pair.checked_by_them) ask_for_nomination(pair, now);
}

}  // namespace sidetone::ice
