// Audio level in -dBov. Source: RFC 6464 §3, audio.md §2.12.
#pragma once

#include <cstdint>
#include <span>

namespace sidetone::audio {

inline constexpr std::uint8_t kSilenceLevel = 127;

// Mean square over exactly these samples, all channels, relative to 32768 squared, as 0 (loudest)
// to 127 (digital silence, or no samples). A full-scale sine is 3.
std::uint8_t level(std::span<const std::int16_t> samples);

}  // namespace sidetone::audio
