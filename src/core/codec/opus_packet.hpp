// What an Opus packet says about itself (RFC 6716 §3). Pure functions on hostile bytes: a malformed
// packet has the duration 0.
//
//    0 1 2 3 4 5 6 7
//   +-+-+-+-+-+-+-+-+
//   | config  |s| c |   TOC byte: config gives mode and frame size, s = stereo,
//   +-+-+-+-+-+-+-+-+   c = 1, 2 equal, 2 different, or a counted number of frames
#pragma once

#include <cstdint>

#include "core/audio/coder.hpp"
#include "core/base/bytes.hpp"

namespace sidetone::codec {

// Total samples per channel at 48 kHz (120..5760), 0 if the packet is malformed.
std::uint32_t opus_duration(base::Bytes packet);

// Of one frame, from the TOC alone; `packet` is not empty.
std::uint32_t opus_frame_duration(base::Bytes packet);

bool opus_is_stereo(base::Bytes packet);

// Whether the packet carries a low-bit-rate copy of the frame before it (RFC 6716 §4.2.4), and how
// long that frame is. libopus 1.3.1 has no call for this.
std::uint32_t opus_fec_duration(base::Bytes packet);

// A sleeping encoder's packet: nothing behind the TOC but at most a frame count.
constexpr bool opus_is_dtx(base::Bytes packet) {
  return packet.size() <= 2;
}

// `F8 FF FE` and zeros: 20 ms of CELT silence, what LiveKit's server injects on mute and close.
bool opus_is_silence(base::Bytes packet);

// All of it at once.
audio::PayloadInfo opus_inspect(base::Bytes packet);

}  // namespace sidetone::codec
