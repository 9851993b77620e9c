// One packet of a local track on its way from the encoder to rtp/sender. Source: audio.md §2.9,
// §2.12.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

namespace sidetone::media {

struct EncodedAudio {
  std::int64_t rtp_time = 0;  // in 1/48000 s, unwrapped, from 0; the sender adds its random offset
  base::Instant captured{};   // of its first sample, by the media clock: for SR
  bool marker = false;        // first packet after a pause
  std::uint8_t level = 127;   // -dBov, RFC 6464; 127 = digital silence
  bool voice = false;         // RFC 6464's V bit
  std::uint16_t size = 0;
  std::array<std::byte, 1276> storage;  // RFC 6716 §3.2.1; uninitialised beyond size

  base::Bytes payload() const { return base::Bytes(storage).first(size); }
};

}  // namespace sidetone::media
