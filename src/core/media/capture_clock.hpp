// When the samples of a track were captured, by its sender's wall clock: RTP time against the last
// sender report, or, of a track of our own, against the slot the samples left in.
//
// Frames that came out of no packet (silence, concealment) and those of the track before have no
// capture time; neither has a frame a day away from the report. Not thread-safe. Source: audio.md
// §3.16, RFC 3550 §6.4.1.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/base/time.hpp"

namespace sidetone::rtp {
struct ReceivedPacket;
}

namespace sidetone::media {

class CaptureClock {
 public:
  // Every packet of the track, before the frames that come of it.
  void on_packet(const rtp::ReceivedPacket& packet);

  // Of a track of our own: the sample at `rtp_time` was captured at this Unix time.
  void on_local(std::int64_t rtp_time, std::chrono::nanoseconds captured);

  // Unix time of the sample at `rtp_time`, which arrived at `received_at`.
  std::optional<std::chrono::nanoseconds> at(std::int64_t rtp_time,
                                             std::optional<base::Instant> received_at) const;

 private:
  struct Point {
    std::int64_t rtp_time = 0;
    std::chrono::nanoseconds captured{};
  };

  std::optional<std::uint32_t> ssrc_;
  base::Instant since_ = base::Instant::min();  // arrival of this SSRC's first packet
  std::optional<Point> point_;
};

}  // namespace sidetone::media
