#include "core/ice/agent.hpp"

#include <algorithm>

namespace sidetone::ice {
namespace {

std::string_view sentence(PairReason reason) {
  switch (reason) {
    case PairReason::none: return "works";
    case PairReason::not_tried: return "not tried yet";
    case PairReason::no_answer: return "no answer";
    case PairReason::refused: return "refused";
    case PairReason::lost: return "no connection";
    case PairReason::bad_answer: break;
  }
  return "unusable answer";
}

std::string describe(const Pair& pair) {
  auto local = pair.stream ? pair.path.local.address.to_string() : pair.path.local.to_string();
  if (pair.local_type == CandidateType::relayed) local = "relay " + local;
  auto text = local + " -> " + (pair.stream ? "tcp " : "") +
              std::string(to_string(pair.remote_type)) + ' ' + pair.path.remote.to_string() + ": " +
              std::string(sentence(pair.reason));
  if (pair.reason == PairReason::refused) text += " with " + std::to_string(pair.last_error);
  if (pair.checks_sent > 0) text += " after " + std::to_string(pair.checks_sent) + " checks";
  return text;
}

}  // namespace

Agent::Agent(const AgentConfig& config, base::RandomSource& random)
    : config_(config),
      random_(&random),
      role_(config.role),
      tie_breaker_(random.u64()),
      local_(Credentials::generate(random)) {}

std::optional<Candidate> Agent::add_local(const base::Endpoint& endpoint,
                                          base::Instant now,
                                          Output& out,
                                          CandidateType type) {
  Candidate like;
  like.endpoint = endpoint;
  like.type = type;
  return add_local(like, now, out);
}

std::optional<Candidate> Agent::add_local(const Candidate& like, base::Instant now, Output& out) {
  auto same = [&](const Candidate& known) { return known.endpoint == like.endpoint; };
  if (locals_.size() >= kMaxLocalCandidates || std::any_of(locals_.begin(), locals_.end(), same))
    return std::nullopt;
  auto candidate = like;
  candidate.foundation = foundation(like.type, like.endpoint.address, like.transport);
  // RFC 6544 §4.2: of TCP candidates, those that connect come first: 6 in the upper three bits.
  auto best = is_stream(like.transport) ? 6U << 13 | 0x1fffU : 0xffffU;
  candidate.priority = candidate_priority(
      like.type, static_cast<std::uint16_t>(best - locals_.size()), 1, like.transport);
  candidate.ufrag = local_.ufrag;
  locals_.push_back(candidate);
  if (remote_ && !is_settled())
    for (const auto& remote : remotes_) pair_up(candidate, remote);
  finish(now, out);
  return candidate;
}

void Agent::set_remote(const Credentials& credentials, bool lite, base::Instant now, Output& out) {
  if (!credentials.valid()) return;
  if (lite) switch_role(Role::controlling);
  if (remote_ != credentials) {
    if (remote_) begin_session();
    remote_ = credentials;
    give_up_at_ = now + config_.connect_timeout;
    streams_from_ = now + config_.stream_delay;
    std::erase_if(remotes_, [&](const Candidate& candidate) {
      return !candidate.ufrag.empty() && candidate.ufrag != credentials.ufrag;
    });
    for (const auto& local : locals_)
      for (const auto& remote : remotes_) pair_up(local, remote);
    for (const auto& check : std::exchange(early_, {})) learn(check, now);
  }
  finish(now, out);
}

void Agent::add_remote(const Candidate& candidate, base::Instant now, Output& out) {
  if (!admit(candidate)) return;
  if (remote_ && !is_settled())
    for (const auto& local : locals_) pair_up(local, remotes_.back());
  finish(now, out);
}

void Agent::on_datagram(const base::Endpoint& local,
                        const base::Endpoint& remote,
                        base::Bytes datagram,
                        base::Instant now,
                        Output& out) {
  auto message = stun::parse(datagram);
  if (!message || message->method != stun::kBinding) {
    ++counters_.malformed;
    return;
  }
  auto same = [&](const Candidate& known) { return known.endpoint == local; };
  if (std::none_of(locals_.begin(), locals_.end(), same)) {
    ++counters_.unknown_local;
    return;
  }
  Path path{local, remote};
  switch (message->message_class) {
    case stun::Class::request: on_request(path, *message, now, out); break;
    case stun::Class::success:
    case stun::Class::error: on_response(path, *message, now); break;
    case stun::Class::indication: break;  // keeps a NAT binding open and says nothing
  }
  finish(now, out);
}

void Agent::on_deadline(base::Instant now, Output& out) {
  finish(now, out);
}

void Agent::lose(const base::Endpoint& local,
                 const std::optional<base::Endpoint>& remote,
                 base::Instant now,
                 Output& out) {
  auto gone = [&](const Path& path) {
    return path.local == local && (!remote || path.remote == *remote);
  };
  for (auto& pair : checklist_.pairs()) {
    if (!gone(pair->path)) continue;
    if (pair->recent_count > 0) give_up(*pair);
    pair->state = PairState::failed;
    pair->reason = PairReason::lost;
  }
  if (!remote)
    std::erase_if(locals_, [&](const Candidate& known) { return known.endpoint == local; });
  std::erase_if(verified_, gone);
  if (active_ && gone(active_->path)) active_.reset();
  finish(now, out);
}

void Agent::restart(base::Instant now, Output& out) {
  previous_local_ = std::exchange(local_, Credentials::generate(*random_));
  for (auto& candidate : locals_) candidate.ufrag = local_.ufrag;
  begin_session();
  remote_.reset();
  if (!active_) state_ = State::idle;
  ++counters_.restarts;
  finish(now, out);
}

void Agent::begin_session() {
  remotes_.clear();
  early_.clear();
  checklist_ = {};
  next_check_at_ = base::Instant::min();
  nominating_ = false;
  nominate_at_.reset();
  give_up_at_.reset();
  if (active_) active_->of_this_session = false;
}

bool Agent::is_verified(const Path& path) const {
  return selected_ == path ||
         std::find(verified_.begin(), verified_.end(), path) != verified_.end();
}

void Agent::finish(base::Instant now, Output& out) {
  watch_time(now);
  watch_consent(now, out);
  if (is_running()) run_checks(now, out);
  update_state(now, out);
  deadline_ = give_up_at_;
  if (active_) deadline_ = base::earliest(deadline_, active_->consent.next_deadline(now));
  if (!is_running()) return;
  deadline_ = base::earliest(deadline_, nominate_at_);
  deadline_ = base::earliest(deadline_, checklist_.next_resend());
  if (checklist_.has_work(now >= streams_from_))
    deadline_ = base::earliest(deadline_, next_check_at_);
  else if (checklist_.has_work(true))
    deadline_ = base::earliest(deadline_, std::max(next_check_at_, streams_from_));
}

void Agent::watch_time(base::Instant now) {
  if (active_ && active_->consent.expired(now)) active_.reset();
  if (base::is_due(give_up_at_, now)) give_up_at_.reset();
}

void Agent::update_state(base::Instant now, Output& out) {
  auto path = active_ ? std::optional(active_->path) : std::nullopt;
  if (std::exchange(selected_, path) != path && path) {
    ++counters_.path_changes;
    out.events.push(Event::selected_pair_changed);
  }
  auto next = state_;
  if (active_)
    next = active_->consent.stale(now) ? State::disconnected : State::connected;
  else if (give_up_at_)
    next = State::checking;
  else if (state_ != State::idle)
    next = State::failed;
  if (std::exchange(state_, next) == next) return;
  switch (next) {
    case State::connected: out.events.push(Event::connected); break;
    case State::disconnected: out.events.push(Event::disconnected); break;
    case State::failed: out.events.push(Event::failed); break;
    case State::idle:
    case State::checking: break;
  }
}

std::string Agent::explain(std::size_t max_pairs) const {
  if (locals_.empty()) return "no local address";
  if (!remote_) return "nothing known of the other side";
  const auto& pairs = checklist_.pairs();
  if (pairs.empty())
    return remotes_.empty() ? "the other side named no address"
                            : "no address in common by IP version";
  std::string text;
  for (std::size_t i = 0; i < std::min(max_pairs, pairs.size()); ++i)
    text += (i > 0 ? "; " : "") + describe(*pairs[i]);
  if (pairs.size() > max_pairs)
    text += "; and " + std::to_string(pairs.size() - max_pairs) + " more";
  return text;
}

}  // namespace sidetone::ice
