// Test signals: tones an ear-less test can find again.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace sidetone::codec {

// 440 Hz on the left, 1000 Hz on the right, a third of full scale; `from` is the first sample's
// position, so that consecutive blocks join.
inline std::vector<std::int16_t> test_tone(std::uint32_t rate,
                                           std::uint32_t channels,
                                           std::size_t samples,
                                           std::size_t from = 0) {
  std::vector<std::int16_t> result;
  for (std::size_t i = 0; i < samples; ++i)
    for (std::uint32_t c = 0; c < channels; ++c) {
      auto hertz = c == 0 ? 440.0 : 1000.0;
      auto phase = 2 * std::numbers::pi * hertz * static_cast<double>(from + i) / rate;
      result.push_back(static_cast<std::int16_t>(std::lrint(11000 * std::sin(phase))));
    }
  return result;
}

// Amplitude of one frequency in one channel of interleaved samples, in units of the samples.
template <class Sample>
double amplitude(std::span<const Sample> samples,
                 std::uint32_t channels,
                 std::uint32_t channel,
                 double hertz,
                 std::uint32_t rate) {
  double re = 0;
  double im = 0;
  auto count = samples.size() / channels;
  for (std::size_t i = 0; i < count; ++i) {
    auto phase = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
    auto value = static_cast<double>(samples[i * channels + channel]);
    re += value * std::cos(phase);
    im += value * std::sin(phase);
  }
  return count == 0 ? 0 : 2 * std::hypot(re, im) / static_cast<double>(count);
}

}  // namespace sidetone::codec
