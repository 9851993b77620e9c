#include "core/codec/opus_packet.hpp"

#include <algorithm>
#include <array>

namespace sidetone::codec {
namespace {

constexpr std::uint32_t kMaxDuration = 5760;  // 120 ms, RFC 6716 §3.2.5
constexpr unsigned kMaxFrameBytes = 1275;     // §3.2.1

unsigned toc(base::Bytes packet) {
  return std::to_integer<unsigned>(packet[0]);
}

// §3.2.1: one byte up to 251, else two. Returns -1 when the packet ends before the length does.
int frame_length(base::Bytes at) {
  if (at.empty()) return -1;
  auto first = std::to_integer<int>(at[0]);
  if (first < 252) return first;
  if (at.size() < 2) return -1;
  return first + 4 * std::to_integer<int>(at[1]);
}

int length_bytes(int length) {
  return length < 252 ? 1 : 2;
}

struct Layout {
  unsigned frames = 0;  // 0 = malformed
  std::size_t first_at = 0;
  std::size_t first_size = 0;
};

constexpr Layout kMalformed;

Layout equal_frames(std::size_t at, std::size_t end, unsigned frames) {
  auto bytes = end - at;
  if (bytes % frames != 0 || bytes / frames > kMaxFrameBytes) return kMalformed;
  return {.frames = frames, .first_at = at, .first_size = bytes / frames};
}

// Frames whose lengths, all but the last, stand at `at` (codes 2 and 3 with variable sizes).
Layout sized_frames(base::Bytes packet, std::size_t at, std::size_t end, unsigned frames) {
  std::size_t total = 0;
  std::size_t first_size = 0;
  for (unsigned i = 0; i + 1 < frames; ++i) {
    auto length = frame_length(packet.subspan(at, end - at));
    if (length < 0) return kMalformed;
    at += static_cast<std::size_t>(length_bytes(length));
    if (at > end) return kMalformed;
    if (i == 0) first_size = static_cast<std::size_t>(length);
    total += static_cast<std::size_t>(length);
  }
  if (total > end - at) return kMalformed;
  auto last = end - at - total;
  if (last > kMaxFrameBytes) return kMalformed;
  return {.frames = frames, .first_at = at, .first_size = frames == 1 ? last : first_size};
}

// §3.2.5: a count byte `v p MMMMMM`, then padding lengths, then frame lengths.
Layout counted_frames(base::Bytes packet) {
  if (packet.size() < 2) return kMalformed;
  auto count = std::to_integer<unsigned>(packet[1]);
  auto frames = count & 0x3F;
  if (frames == 0 || frames * opus_frame_duration(packet) > kMaxDuration) return kMalformed;
  std::size_t at = 2;
  std::size_t end = packet.size();
  if ((count & 0x40) != 0) {
    unsigned byte = 255;
    while (byte == 255) {
      if (at >= end) return kMalformed;
      byte = std::to_integer<unsigned>(packet[at++]);
      auto padding = byte == 255 ? 254U : byte;
      if (padding > end - at) return kMalformed;
      end -= padding;
    }
  }
  return (count & 0x80) != 0 ? sized_frames(packet, at, end, frames)
                             : equal_frames(at, end, frames);
}

Layout parse(base::Bytes packet) {
  if (packet.empty()) return kMalformed;
  switch (toc(packet) & 3) {
    case 0: return equal_frames(1, packet.size(), 1);
    case 1: return equal_frames(1, packet.size(), 2);
    case 2: return sized_frames(packet, 1, packet.size(), 2);
    default: return counted_frames(packet);
  }
}

bool has_silk(base::Bytes packet) {
  return toc(packet) >> 3 < 16;
}

std::uint32_t fec_duration(base::Bytes packet, const Layout& layout) {
  if (layout.frames == 0 || !has_silk(packet) || layout.first_size == 0) return 0;
  // The frame opens with a VAD bit for each of its 20 ms SILK frames, then the LBRR flag; the side
  // channel's flags follow (RFC 6716 §4.2.3).
  auto duration = opus_frame_duration(packet);
  auto silk_frames = std::max(1U, duration / 960);
  auto flags = std::to_integer<unsigned>(packet[layout.first_at]);
  auto mask = 1U << (7 - silk_frames);
  if (opus_is_stereo(packet)) mask |= 1U << (6 - 2 * silk_frames);
  return (flags & mask) != 0 ? duration : 0;
}

}  // namespace

std::uint32_t opus_frame_duration(base::Bytes packet) {
  auto config = toc(packet) >> 3;
  static constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  if (config < 12) return kSilk[config & 3];
  if (config < 16) return (config & 1) != 0 ? 960 : 480;  // hybrid
  return 120U << (config & 3);                            // CELT
}

std::uint32_t opus_duration(base::Bytes packet) {
  auto layout = parse(packet);
  return layout.frames == 0 ? 0 : layout.frames * opus_frame_duration(packet);
}

bool opus_is_stereo(base::Bytes packet) {
  return !packet.empty() && (toc(packet) & 4) != 0;
}

std::uint32_t opus_fec_duration(base::Bytes packet) {
  return fec_duration(packet, parse(packet));
}

bool opus_is_silence(base::Bytes packet) {
  static constexpr std::array kHead{std::byte{0xF8}, std::byte{0xFF}, std::byte{0xFE}};
  return packet.size() >= kHead.size() && std::equal(kHead.begin(), kHead.end(), packet.begin()) &&
         std::all_of(packet.begin() + kHead.size(), packet.end(),
                     [](std::byte byte) { return byte == std::byte{0}; });
}

audio::PayloadInfo opus_inspect(base::Bytes packet) {
  auto layout = parse(packet);
  if (layout.frames == 0) return {};
  return {.duration = layout.frames * opus_frame_duration(packet),
          .fec_duration = fec_duration(packet, layout),
          .channels = static_cast<std::uint8_t>(opus_is_stereo(packet) ? 2 : 1),
          .dtx = opus_is_dtx(packet),
          .silence = opus_is_silence(packet)};
}

}  // namespace sidetone::codec
