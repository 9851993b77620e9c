#include "core/media/capture_clock.hpp"

#include "core/rtp/packet.hpp"

namespace sidetone::media {
namespace {

constexpr std::uint32_t kClockRate = 48'000;
// Reports come every few seconds: what is further away is another numbering.
constexpr std::int64_t kFarthest = std::int64_t{kClockRate} * 24 * 3600;

}  // namespace

void CaptureClock::on_packet(const rtp::ReceivedPacket& packet) {
  if (ssrc_ != packet.ssrc) {
    ssrc_ = packet.ssrc;
    since_ = packet.arrival;
    point_.reset();
  }
  if (packet.clock) point_ = Point{packet.clock->rtp_time, rtp::to_unix(packet.clock->ntp)};
}

void CaptureClock::on_local(std::int64_t rtp_time, std::chrono::nanoseconds captured) {
  point_ = Point{rtp_time, captured};
}

std::optional<std::chrono::nanoseconds> CaptureClock::at(
    std::int64_t rtp_time, std::optional<base::Instant> received_at) const {
  if (!point_ || !received_at || *received_at < since_) return std::nullopt;
  auto distance = rtp_time - point_->rtp_time;
  if (distance > kFarthest || distance < -kFarthest) return std::nullopt;
  return point_->captured + rtp::from_ticks(distance, kClockRate);
}

}  // namespace sidetone::media
