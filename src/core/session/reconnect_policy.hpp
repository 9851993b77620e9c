// When to try again after a connection was lost, and how: resume the session, or start a new one.
// Fifteen tries, the first at once, then slower, each with up to a second of chance so that a
// restarted server is not met by everybody at the same moment. At most 4 s lie between two: whoever
// was connected is heard again within 5 s of the server's return. Source: wire_protocol.md §7.3
// (SDKs wait up to 7 s between ten tries; the whole is as long).
#pragma once

#include <optional>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"

namespace sidetone::session {

// SDKs give a resumed or new connection this long before they try again (§7.1).
inline constexpr base::Duration kAttemptTimeout = std::chrono::seconds(15);
// A transport that ended is no reason to act until the server had time to say why (a leave).
inline constexpr base::Duration kMediaLossGrace = std::chrono::milliseconds(500);

class ReconnectPolicy {
 public:
  enum class Mode : std::uint8_t { resume, restart };

  static constexpr int kMaxAttempts = 15;

  // The connection is lost, or the last attempt has failed. Nothing: give up. A restart is never
  // taken back to a resume; the first one after a failed resume is at once.
  std::optional<base::Instant> next_attempt(Mode mode,
                                            base::Instant now,
                                            base::RandomSource& random);

  void succeeded();

  Mode mode() const { return mode_; }

  int attempts() const { return attempts_; }

 private:
  Mode mode_ = Mode::resume;
  int attempts_ = 0;
};

}  // namespace sidetone::session
