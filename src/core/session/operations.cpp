#include "core/session/operations.hpp"

#include <utility>

#include "core/signal/token.hpp"

namespace sidetone::session {

void Operations::begin(OperationId id, OperationKind kind, base::Instant deadline) {
  pending_.insert_or_assign(id, Pending{id, kind, deadline});
}

void Operations::succeed(OperationId id, base::Outbox<Completion>& out, std::string track_sid) {
  if (pending_.erase(id) != 0) out.push({id, {}, {}, std::move(track_sid)});
}

void Operations::fail(OperationId id,
                      error_code error,
                      std::string_view text,
                      base::Outbox<Completion>& out) {
  if (pending_.erase(id) != 0) out.push({id, error, signal::mask_tokens(text), {}});
}

void Operations::fail_all(error_code error,
                          const std::string& text,
                          base::Outbox<Completion>& out) {
  for (const auto& [id, pending] : std::exchange(pending_, {})) out.push({id, error, text, {}});
}

const Operations::Pending* Operations::find(OperationId id) const {
  auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : &found->second;
}

void Operations::set_deadline(OperationId id, base::Instant deadline) {
  if (auto found = pending_.find(id); found != pending_.end()) found->second.deadline = deadline;
}

base::Deadline Operations::next_deadline() const {
  base::Deadline next;
  for (const auto& [id, pending] : pending_) next = base::earliest(next, pending.deadline);
  return next;
}

std::vector<Operations::Pending> Operations::due(base::Instant now) const {
  std::vector<Pending> due;
  for (const auto& [id, pending] : pending_)
    if (pending.deadline <= now) due.push_back(pending);
  return due;
}

}  // namespace sidetone::session
