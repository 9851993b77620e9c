// Redundancy for a published track: each packet carries the one or two before it, as many as the
// reported loss is worth. The payload type never changes; without redundancy it costs one byte.
// A machine on virtual time, nothing allocates. Source: RFC 2198; audio.md §2.11.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/media/encoded_audio.hpp"
#include "core/rtp/red.hpp"

namespace sidetone::session {

class RedPacker {
 public:
  // Below the MTU of our transports with headers and authentication.
  static constexpr std::size_t kMaxBytes = 1200;
  static constexpr int kMaxDepth = 2;

  // The RED payload, borrowed until the next call; empty when the audio alone is too long.
  base::Bytes pack(const media::EncodedAudio& audio, std::uint8_t opus_type);

  // The fraction lost (0…1) of a receiver report.
  void on_report(double fraction, base::Instant now);

  int depth() const { return depth_; }

 private:
  void smooth(double fraction, base::Instant now);

  std::array<media::EncodedAudio, kMaxDepth> past_;  // newest first
  std::size_t kept_ = 0;
  std::array<std::byte, kMaxBytes> packet_;
  int depth_ = 0;
  double loss_ = 0;
  std::optional<base::Instant> last_report_;
  std::optional<base::Instant> low_since_;
};

}  // namespace sidetone::session
