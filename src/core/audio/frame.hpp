// What a stretch of PCM is: its format, and the arithmetic between samples and time. Sample counts
// are per channel, samples interleaved int16; everything is 64-bit. No state, any thread.
// Source: audio.md §1, §2.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.hpp"

namespace sidetone::audio {

inline constexpr std::uint32_t kMinSampleRate = 8'000;
inline constexpr std::uint32_t kMaxSampleRate = 192'000;
inline constexpr std::uint32_t kMaxChannels = 2;

struct Format {
  std::uint32_t sample_rate = 48'000;  // Hz
  std::uint32_t channels = 1;

  friend bool operator==(const Format&, const Format&) = default;
};

// The rule that the format breaks, naming its numbers, or nothing.
std::optional<std::string> broken_rule(const Format& format);

// Rounded down to whole nanoseconds. `samples` >= 0.
constexpr base::Duration duration_of(std::int64_t samples, std::uint32_t sample_rate) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  auto rate = static_cast<std::int64_t>(sample_rate);
  return base::Duration(samples / rate * kSecond + samples % rate * kSecond / rate);
}

// Rounded down to whole samples. `duration` >= 0 and below 2^63 / 192000 ns (13 hours).
constexpr std::int64_t samples_in(base::Duration duration, std::uint32_t sample_rate) {
  return duration.count() * static_cast<std::int64_t>(sample_rate) / 1'000'000'000;
}

}  // namespace sidetone::audio
