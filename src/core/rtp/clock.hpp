// The three clocks of RTP: media ticks, NTP time (seconds since 1900 in 32.32 fixed point, RFC 3550
// §4) and its compact middle 32 bits (16.16), which wrap every 18 hours.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::rtp {

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr std::int64_t kSecondsFrom1900To1970 = 2'208'988'800;

// Rounded down. Whole seconds apart, so that no product overflows within the life of a process.
constexpr std::int64_t to_ticks(base::Duration duration, std::uint32_t clock_rate) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  std::int64_t rest = (duration - seconds).count();
  return seconds.count() * clock_rate + rest * clock_rate / kNanosPerSecond;
}

// Saturates nowhere: ticks come from differences of received time stamps, at most 2^31 of them.
constexpr base::Duration from_ticks(std::int64_t ticks, std::uint32_t clock_rate) {
  std::int64_t rate = clock_rate == 0 ? 1 : clock_rate;
  return base::Duration(ticks / rate * kNanosPerSecond + ticks % rate * kNanosPerSecond / rate);
}

constexpr std::uint64_t to_ntp(std::chrono::nanoseconds unix_time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(unix_time);
  auto fraction = static_cast<std::uint64_t>((unix_time - seconds).count());
  auto whole = static_cast<std::uint64_t>(seconds.count() + kSecondsFrom1900To1970);
  return whole << 32 | (fraction << 32) / kNanosPerSecond;
}

constexpr std::uint64_t advance_ntp(std::uint64_t ntp, base::Duration by) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(by);
  auto fraction = static_cast<std::uint64_t>((by - seconds).count());
  return ntp + (static_cast<std::uint64_t>(seconds.count()) << 32) +
         (fraction << 32) / kNanosPerSecond;
}

// Until 2036, when NTP seconds wrap.
constexpr std::chrono::nanoseconds to_unix(std::uint64_t ntp) {
  auto seconds = static_cast<std::int64_t>(ntp >> 32) - kSecondsFrom1900To1970;
  auto fraction = ((ntp & 0xffffffffU) * kNanosPerSecond) >> 32;
  return std::chrono::seconds(seconds) +
         std::chrono::nanoseconds(static_cast<std::int64_t>(fraction));
}

constexpr std::uint32_t compact_ntp(std::uint64_t ntp) {
  return static_cast<std::uint32_t>(ntp >> 16);
}

// Durations as RTCP carries them: 1/65536 s. Negative becomes 0, over 18 h becomes the largest.
constexpr std::uint32_t to_compact(base::Duration duration) {
  if (duration.count() <= 0) return 0;
  std::int64_t units = to_ticks(duration, 65536);
  return units > 0xffffffffLL ? 0xffffffffU : static_cast<std::uint32_t>(units);
}

constexpr base::Duration from_compact(std::uint32_t units) {
  return from_ticks(units, 65536);
}

// At the instant `at`, the stream's RTP time was `rtp_time` and its sender's wall clock showed
// `ntp`.
struct ClockMapping {
  std::uint64_t ntp = 0;
  std::int64_t rtp_time = 0;
  base::Instant at{};
};

}  // namespace sidetone::rtp
