// When to try again after a connection was lost, and how: resume the session, or start a new one.
// Ten tries, the first at once, then slower, each with up to a second of chance so that a restarted
// server is not met by everybody at the same moment. Source: protocol/wire_protocol.md §7.3.
#pragma once

#include <optional>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"

namespace sidetone::session {

class ReconnectPolicy {
 public:
  enum class Mode : std::uint8_t { resume, restart };

  static constexpr int kMaxAttempts = 10;

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
