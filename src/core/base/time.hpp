// Time in the core is an argument. This clock has no now(): code that tries to read it does not
// compile, so every machine runs equally well on a virtual clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sidetone::base {

struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;   // nanoseconds
using Instant = Clock::time_point;  // of a monotonic clock whose epoch means nothing

// What a machine returns from next_deadline(): when it wants on_deadline() called, or nothing.
using Deadline = std::optional<Instant>;

constexpr Deadline earliest(Deadline a, Deadline b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

constexpr bool is_due(Deadline deadline, Instant now) {
  return deadline && *deadline <= now;
}

// Unix time minus Instant, read once by the shell: lets the core write NTP times and token expiry
// without a clock.
struct WallClock {
  Duration unix_offset{};

  constexpr std::chrono::nanoseconds unix_time(Instant at) const {
    return at.time_since_epoch() + unix_offset;
  }
};

}  // namespace sidetone::base
