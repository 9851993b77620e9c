#include "core/ice/checklist.hpp"

#include <algorithm>

namespace sidetone::ice {
namespace {

bool is_open(const Pair& pair) {
  return pair.state == PairState::waiting || pair.state == PairState::in_progress;
}

std::uint64_t priority_of(const Pair& pair, Role role) {
  return role == Role::controlling ? pair_priority(pair.local_priority, pair.remote_priority)
                                   : pair_priority(pair.remote_priority, pair.local_priority);
}

}  // namespace

void Pair::start(base::Instant now, const Transaction& transaction) {
  if (recent_count == recent.size()) {
    std::move(recent.begin() + 1, recent.end(), recent.begin());
    --recent_count;
  }
  recent[recent_count++] = transaction;
  timeout = kFirstRetransmission;
  transmissions = 1;
  resend_at = now + timeout;
}

void Pair::back_off(base::Instant now) {
  ++transmissions;
  timeout = std::min(timeout * 2, kSlowestRetransmission);
  resend_at = now + timeout;
}

const Transaction* Pair::find(const stun::TransactionId& id) const {
  for (std::size_t i = 0; i < recent_count; ++i)
    if (recent[i].id == id) return &recent[i];
  return nullptr;
}

Pair* Checklist::add(const Pair& wanted, Role role) {
  if (auto* known = find(wanted.path)) return known;
  auto priority = priority_of(wanted, role);
  if (pairs_.size() >= kMaxPairs && !make_room(priority)) {
    ++dropped_;
    return nullptr;
  }
  auto place = std::find_if(pairs_.begin(), pairs_.end(),
                            [&](auto& other) { return other->priority < priority; });
  auto& added = *pairs_.insert(place, std::make_unique<Pair>(wanted));
  added->priority = priority;
  return added.get();
}

bool Checklist::make_room(std::uint64_t priority) {
  auto victim = std::find_if(pairs_.rbegin(), pairs_.rend(), [&](auto& pair) {
    return pair->state == PairState::failed ||
           (pair->state == PairState::waiting && pair->priority < priority);
  });
  if (victim == pairs_.rend()) return false;
  ++dropped_;
  pairs_.erase(std::next(victim).base());
  return true;
}

Pair* Checklist::find(const Path& path) {
  auto found =
      std::find_if(pairs_.begin(), pairs_.end(), [&](auto& pair) { return pair->path == path; });
  return found == pairs_.end() ? nullptr : found->get();
}

Pair* Checklist::find(const stun::TransactionId& id) {
  auto found =
      std::find_if(pairs_.begin(), pairs_.end(), [&](auto& pair) { return pair->find(id); });
  return found == pairs_.end() ? nullptr : found->get();
}

Pair* Checklist::best_valid() {
  auto found = std::find_if(pairs_.begin(), pairs_.end(),
                            [](auto& pair) { return pair->state == PairState::succeeded; });
  return found == pairs_.end() ? nullptr : found->get();
}

bool Checklist::hope_above(std::uint64_t priority) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](auto& pair) { return pair->priority > priority && is_open(*pair); });
}

void Checklist::trigger(const Path& path) {
  if (triggered_.size() >= kMaxPairs) return;
  if (std::find(triggered_.begin(), triggered_.end(), path) == triggered_.end())
    triggered_.push_back(path);
}

Pair* Checklist::next_to_check(bool streams) {
  while (!triggered_.empty()) {
    auto* pair = find(triggered_.front());
    triggered_.pop_front();
    if (pair != nullptr && pair->state != PairState::succeeded) return pair;
  }
  auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](auto& pair) {
    return pair->state == PairState::waiting && (streams || !pair->stream);
  });
  return found == pairs_.end() ? nullptr : found->get();
}

bool Checklist::has_work(bool streams) const {
  return !triggered_.empty() || std::any_of(pairs_.begin(), pairs_.end(), [&](auto& pair) {
    return pair->state == PairState::waiting && (streams || !pair->stream);
  });
}

void Checklist::set_role(Role role) {
  for (auto& pair : pairs_) pair->priority = priority_of(*pair, role);
  std::stable_sort(pairs_.begin(), pairs_.end(),
                   [](auto& a, auto& b) { return a->priority > b->priority; });
}

void Checklist::conclude(std::uint64_t priority) {
  for (auto& pair : pairs_)
    if (pair->priority < priority) pair->stop();
  std::erase_if(pairs_, [&](auto& pair) { return pair->priority < priority && is_open(*pair); });
}

base::Deadline Checklist::next_resend() const {
  base::Deadline next;
  for (const auto& pair : pairs_) next = base::earliest(next, pair->resend_at);
  return next;
}

}  // namespace sidetone::ice
