#include "core/server/down_track.hpp"

#include <algorithm>
#include <array>

#include "core/rtp/red.hpp"

namespace sidetone::server {
namespace {

constexpr auto kSilenceStep = std::chrono::milliseconds(20);
constexpr std::int64_t kSilenceTicks = 960;
constexpr int kPauseSilence = 51;  // as many as the real server sends: 1.0 s
constexpr int kCloseSilence = 11;  // 0.2 s

// Twenty milliseconds of digital silence in CELT, padded to 80 bytes as the real server does; the
// first byte is the RED header of a lone primary block.
constexpr std::size_t kSilenceBytes = 80;

using Silence = std::array<std::byte, 1 + kSilenceBytes + kMaxTrailerBytes>;

Silence silence(std::uint8_t opus, std::string_view trailer) {
  Silence payload{};
  payload[0] = std::byte{opus};
  payload[1] = std::byte{0xf8};
  payload[2] = std::byte{0xff};
  payload[3] = std::byte{0xfe};
  std::copy_n(base::as_bytes(trailer).begin(), trailer.size(), payload.begin() + 1 + kSilenceBytes);
  return payload;
}

}  // namespace

void DownTrack::open(const Route& route) {
  route_ = route;
}

void DownTrack::set_trailer(std::string_view trailer) {
  trailer_ = trailer.substr(0, kMaxTrailerBytes);
}

bool DownTrack::on_packet(const rtp::ReceivedPacket& packet,
                          bool red,
                          base::Instant now,
                          peer::Peer& to,
                          peer::Output& out) {
  if (!route_ || paused_ || closing_) return false;
  rtp::ForwardedAudio audio;
  audio.sequence = packet.sequence;
  audio.rtp_time = packet.rtp_time;
  audio.capture_time = packet.capture_time;
  audio.payload = packet.payload.bytes();
  audio.payload_type = route_->opus;
  last_red_ = red && route_->red;
  if (last_red_) {
    audio.payload_type = *route_->red;
  } else if (red) {
    const auto blocks = rtp::read_red(audio.payload);
    if (!blocks) return false;
    audio.payload = blocks->primary().payload;
  }
  if (to.forward(route_->ssrc, audio, now, out)) return false;
  sent_ = true;
  return true;
}

void DownTrack::pause(base::Instant now) {
  if (paused_ || closing_) return;
  paused_ = true;
  start_silence(kPauseSilence, now);
}

void DownTrack::resume() {
  paused_ = false;
  if (!closing_) left_ = 0;
}

void DownTrack::close(base::Instant now) {
  if (closing_) return;
  closing_ = true;
  start_silence(paused_ ? 0 : kCloseSilence, now);
}

void DownTrack::start_silence(int packets, base::Instant now) {
  left_ = sent_ && route_ ? packets : 0;
  silence_due_ = now;
}

base::Deadline DownTrack::next_deadline() const {
  if (left_ == 0) return std::nullopt;
  return silence_due_;
}

void DownTrack::on_deadline(base::Instant now, peer::Peer& to, peer::Output& out) {
  while (left_ > 0 && silence_due_ <= now) {
    const auto payload = silence(route_->opus, trailer_);
    const auto whole = base::Bytes(payload).first(1 + kSilenceBytes + trailer_.size());
    const bool red = last_red_ && route_->red;
    rtp::InjectedAudio audio;
    audio.rtp_advance = kSilenceTicks;
    audio.payload = whole.subspan(red ? 0 : 1);
    audio.payload_type = red ? *route_->red : route_->opus;
    to.inject(route_->ssrc, audio, now, out);
    --left_;
    silence_due_ += kSilenceStep;
  }
}

}  // namespace sidetone::server
