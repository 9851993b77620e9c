// The operations that somebody waits for: each ends in exactly one Completion.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/session/outputs.hpp"

namespace sidetone::session {

enum class OperationKind : std::uint8_t { connect, publish, unpublish, metadata };

class Operations {
 public:
  struct Pending {
    OperationId id = 0;
    OperationKind kind{};
    base::Instant deadline;
  };

  void begin(OperationId id, OperationKind kind, base::Instant deadline);

  // Nothing when it is not pending: late news about an operation that timed out.
  void succeed(OperationId id, base::Outbox<Completion>& out, std::string track_sid = {});
  void fail(OperationId id,
            error_code error,
            std::string_view text,  // tokens are masked here
            base::Outbox<Completion>& out);
  void fail_all(error_code error, const std::string& text, base::Outbox<Completion>& out);

  const Pending* find(OperationId id) const;
  void set_deadline(OperationId id, base::Instant deadline);
  base::Deadline next_deadline() const;
  std::vector<Pending> due(base::Instant now) const;

 private:
  std::map<OperationId, Pending> pending_;
};

}  // namespace sidetone::session
