#include "core/session/red_packer.hpp"

#include <algorithm>
#include <cmath>

namespace sidetone::session {
namespace {

// A second of loss is believed quickly and forgotten slowly.
constexpr double kAttackSeconds = 1;
constexpr double kReleaseSeconds = 10;
constexpr double kEnterOne = 0.01;
constexpr double kLeaveOne = 0.005;
constexpr double kEnterTwo = 0.08;
constexpr double kLeaveTwo = 0.05;
constexpr base::Duration kCalm = std::chrono::seconds(10);  // before the first is given up
constexpr std::size_t kMaxDtxBytes = 2;  // RFC 6716: such a packet holds no audio

}  // namespace

base::Bytes RedPacker::pack(const media::EncodedAudio& audio, std::uint8_t opus_type) {
  std::array<rtp::RedBlock, kMaxDepth> blocks;
  std::size_t count = 0;
  for (std::size_t i = std::min<std::size_t>(kept_, static_cast<std::size_t>(depth_)); i-- > 0;) {
    auto offset = audio.rtp_time - past_[i].rtp_time;
    if (offset <= 0 || offset > rtp::kMaxRedOffset) continue;
    blocks[count++] = {opus_type, static_cast<std::uint16_t>(offset), past_[i].payload()};
  }
  auto size =
      rtp::write_red(std::span(blocks).first(count), {opus_type, 0, audio.payload()}, packet_);
  if (audio.size > kMaxDtxBytes) {
    std::rotate(past_.begin(), past_.end() - 1, past_.end());
    past_.front() = audio;
    kept_ = std::min(kept_ + 1, past_.size());
  }
  return size ? base::Bytes(packet_).first(*size) : base::Bytes();
}

void RedPacker::on_report(double fraction, base::Instant now) {
  smooth(std::clamp(fraction, 0.0, 1.0), now);
  if (loss_ > kEnterTwo)
    depth_ = 2;
  else if (depth_ == 2 ? loss_ < kLeaveTwo : depth_ == 0 && loss_ >= kEnterOne)
    depth_ = 1;
  if (loss_ >= kLeaveOne)
    low_since_.reset();
  else if (!low_since_)
    low_since_ = now;
  if (depth_ == 1 && low_since_ && now - *low_since_ >= kCalm) depth_ = 0;
}

void RedPacker::smooth(double fraction, base::Instant now) {
  double seconds = last_report_ ? std::chrono::duration<double>(now - *last_report_).count() : 1;
  last_report_ = now;
  double constant = fraction > loss_ ? kAttackSeconds : kReleaseSeconds;
  loss_ += (fraction - loss_) * (1 - std::exp(-seconds / constant));
}

}  // namespace sidetone::session
