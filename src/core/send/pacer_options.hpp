// How a source paces. Source: audio.md §2.2, §2.3, §2.6; api.md §3.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/audio/frame.hpp"
#include "core/base/time.hpp"

namespace sidetone::send {

inline constexpr std::int64_t kMaxQueueMs = 600'000;
// The longest frame in live mode: a longer one would reach receivers as a burst.
inline constexpr base::Duration kMaxLiveFrame = std::chrono::milliseconds(120);

struct PacerOptions {
  audio::Format format;
  std::int64_t queue_ms = 1000;  // 0: live mode
  std::int64_t preroll_ms = 0;   // 0 to kMaxQueueMs
  bool drain_unpublished = false;
};

// What a publication asks of the source.
struct SinkOptions {
  base::Duration packet = std::chrono::milliseconds(20);  // 10 or 20 ms, anything else is 20
  // Audio waits for the first subscriber, at most this long after the sink came up.
  std::optional<base::Duration> hold_until_subscribed;
};

// The rule that the options break, naming the numbers, or nothing.
std::optional<std::string> broken_rule(const PacerOptions& options);

// In samples; a paced source takes any.
std::int64_t longest_push(const PacerOptions& options);

}  // namespace sidetone::send
