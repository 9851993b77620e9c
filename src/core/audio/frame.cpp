#include "core/audio/frame.hpp"

namespace sidetone::audio {

std::optional<std::string> broken_rule(const Format& format) {
  if (format.sample_rate < kMinSampleRate || format.sample_rate > kMaxSampleRate)
    return "sample_rate is " + std::to_string(format.sample_rate) + " Hz, must be 8000 to 192000";
  if (format.channels < 1 || format.channels > kMaxChannels)
    return "num_channels is " + std::to_string(format.channels) + ", must be 1 or 2";
  return std::nullopt;
}

}  // namespace sidetone::audio
