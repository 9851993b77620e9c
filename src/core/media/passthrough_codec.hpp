// A codec that hardly costs anything, for tests that simulate hours: samples travel as they are.
// Payloads open with a valid Opus TOC byte, so everything that only looks at durations works.
//
//   | TOC | bits: 16 or 8 | samples, interleaved, big-endian |
//
// 16 bits where that fits 1276 bytes (up to 24 kHz mono at 20 ms, 48 kHz mono at 10 ms), else 8,
// else invalid_frame. Silence is a DTX packet when asked for. No redundancy; concealment is zeros.
#pragma once

#include <memory>

#include "core/audio/coder.hpp"

namespace sidetone::media {

std::unique_ptr<audio::Encoder> make_passthrough_encoder(std::uint32_t sample_rate,
                                                         std::uint32_t channels,
                                                         bool dtx = false);

// Decodes payloads of any rate to `sample_rate` by repeating or skipping samples.
std::unique_ptr<audio::Decoder> make_passthrough_decoder(std::uint32_t sample_rate,
                                                         std::uint32_t channels);

}  // namespace sidetone::media
