// The only place that reads a clock. Everything below gets `Instant now` as an argument; the shell
// reads it once per turn.
#pragma once

#include <chrono>

#include "core/base/time.hpp"

namespace sidetone::shell {

// CLOCK_MONOTONIC.
inline base::Instant now() {
  return base::Instant(std::chrono::steady_clock::now().time_since_epoch());
}

inline std::chrono::steady_clock::time_point to_steady(base::Instant at) {
  return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

// Unix time minus Instant as of this call (a step of the wall clock later on is not followed).
inline base::WallClock wall_clock() {
  auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<base::Duration>(unix_time) - now().time_since_epoch()};
}

}  // namespace sidetone::shell
