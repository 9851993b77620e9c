#include "core/send/pacer_options.hpp"

#include <limits>

namespace sidetone::send {
namespace {

std::optional<std::string> broken_length(const char* name, std::int64_t ms) {
  if (ms >= 0 && ms <= kMaxQueueMs) return std::nullopt;
  return std::string(name) + " is " + std::to_string(ms) + " ms, must be 0 to 600000";
}

}  // namespace

std::optional<std::string> broken_rule(const PacerOptions& options) {
  if (auto rule = audio::broken_rule(options.format)) return rule;
  if (auto rule = broken_length("queue_size", options.queue_ms)) return rule;
  return broken_length("preroll", options.preroll_ms);
}

std::int64_t longest_push(const PacerOptions& options) {
  return options.queue_ms == 0 ? audio::samples_in(kMaxLiveFrame, options.format.sample_rate)
                               : std::numeric_limits<std::int64_t>::max();
}

}  // namespace sidetone::send
