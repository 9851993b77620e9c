#include "core/audio/level.hpp"

#include <algorithm>
#include <cmath>

namespace sidetone::audio {

std::uint8_t level(std::span<const std::int16_t> samples) {
  // 2^30 per sample at most: 2^33 samples fit.
  std::uint64_t sum = 0;
  for (int sample : samples) sum += static_cast<std::uint64_t>(sample * sample);
  if (sum == 0) return kSilenceLevel;
  constexpr double kFullScale = 32768.0 * 32768.0;
  double mean = static_cast<double>(sum) / static_cast<double>(samples.size());
  double decibels = -10.0 * std::log10(mean / kFullScale);
  return static_cast<std::uint8_t>(std::clamp(std::lround(decibels), 0L, 127L));
}

}  // namespace sidetone::audio
