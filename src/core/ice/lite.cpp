#include "core/ice/lite.hpp"

#include <algorithm>

#include "core/ice/answer.hpp"
#include "core/ice/consent.hpp"

namespace sidetone::ice {

LiteAgent::LiteAgent(base::RandomSource& random) : current_(Credentials::generate(random)) {}

void LiteAgent::restart(base::RandomSource& random) {
  previous_ = std::exchange(current_, Credentials::generate(random));
  remote_ufrag_.clear();
}

void LiteAgent::set_remote(const Credentials& remote) {
  remote_ufrag_ = remote.ufrag;
}

void LiteAgent::on_datagram(const base::Endpoint& local,
                            const base::Endpoint& remote,
                            base::Bytes datagram,
                            base::Instant now,
                            Output& out) {
  last_was_valid_ = false;
  auto request = stun::parse(datagram);
  if (!request || request->message_class != stun::Class::request ||
      request->method != stun::kBinding) {
    ++counters_.malformed;
    return;
  }
  const auto* pwd = authenticate(*request);
  if (pwd == nullptr) {
    ++counters_.unauthenticated;
    return;
  }
  Path path{local, remote};
  if (request->unknown.count > 0) {
    ++counters_.refused;
    refuse_check(path, *request, stun::kUnknownAttribute, *pwd, out);
  } else if (request->controlled) {
    // A lite agent is always controlled (RFC 8445 §6.1.1): the sender has to change.
    ++counters_.role_conflicts;
    refuse_check(path, *request, stun::kRoleConflict, *pwd, out);
  } else if (seen(request->transaction)) {
    ++counters_.replayed;
    if (is_verified(path)) answer_check(path, *request, *pwd, out);  // our answer was lost
  } else {
    answer_check(path, *request, *pwd, out);
    accept(path, *request, now, out);
  }
}

const std::string* LiteAgent::authenticate(const stun::Message& request) {
  auto parts = stun::split_username(request.username);
  if (!parts) return nullptr;
  if (parts->receiver == current_.ufrag) {
    if (!remote_ufrag_.empty() && parts->sender != remote_ufrag_) return nullptr;
    if (!stun::has_integrity(request, current_.pwd)) return nullptr;
    previous_.reset();
    return &current_.pwd;
  }
  if (!previous_ || parts->receiver != previous_->ufrag) return nullptr;
  return stun::has_integrity(request, previous_->pwd) ? &previous_->pwd : nullptr;
}

void LiteAgent::accept(const Path& path,
                       const stun::Message& request,
                       base::Instant now,
                       Output& out) {
  ++counters_.checks;
  last_was_valid_ = true;
  last_check_ = now;
  remember(path, now);
  if (request.use_candidate) ++counters_.nominations;
  // Once a nomination was seen, plain checks on other addresses are only probes.
  bool moves = !selected_ || request.use_candidate || !nominated_;
  nominated_ = nominated_ || request.use_candidate;
  if (moves && selected_ != path) {
    selected_ = path;
    ++counters_.path_changes;
    out.events.push(Event::selected_pair_changed);
  }
  set_state(State::connected, out);
}

bool LiteAgent::seen(const stun::TransactionId& transaction) {
  const auto id = base::ByteReader(transaction).u64();
  const auto end = transactions_.begin() +
                   static_cast<std::ptrdiff_t>(std::min(transaction_count_, kMaxRemembered));
  if (std::find(transactions_.begin(), end, id) != end) return true;
  transactions_[transaction_count_++ % kMaxRemembered] = id;
  return false;
}

void LiteAgent::remember(const Path& path, base::Instant now) {
  auto end = verified_.begin() + static_cast<std::ptrdiff_t>(verified_count_);
  auto place =
      std::find_if(verified_.begin(), end, [&](auto& known) { return known.path == path; });
  if (place == end) {
    if (verified_count_ < kMaxVerified)
      ++verified_count_;
    else
      place =
          std::min_element(verified_.begin(), end, [](auto& a, auto& b) { return a.at < b.at; });
  }
  *place = {path, now};
}

bool LiteAgent::is_verified(const Path& path) const {
  auto end = verified_.begin() + static_cast<std::ptrdiff_t>(verified_count_);
  return std::any_of(verified_.begin(), end, [&](auto& known) { return known.path == path; });
}

void LiteAgent::on_deadline(base::Instant now, Output& out) {
  if (state_ == State::connected && now >= last_check_ + kConsentStale)
    set_state(State::disconnected, out);
  if (state_ == State::disconnected && now >= last_check_ + kConsentExpiry) {
    selected_.reset();
    nominated_ = false;
    verified_count_ = 0;
    set_state(State::failed, out);
  }
}

base::Deadline LiteAgent::next_deadline() const {
  switch (state_) {
    case State::connected: return last_check_ + kConsentStale;
    case State::disconnected: return last_check_ + kConsentExpiry;
    case State::idle:
    case State::checking:
    case State::failed: break;
  }
  return std::nullopt;
}

void LiteAgent::set_state(State state, Output& out) {
  if (state == state_) return;
  state_ = state;
  switch (state) {
    case State::connected: out.events.push(Event::connected); break;
    case State::disconnected: out.events.push(Event::disconnected); break;
    case State::failed: out.events.push(Event::failed); break;
    case State::idle:
    case State::checking: break;
  }
}

}  // namespace sidetone::ice
