#include "core/media/loss_policy.hpp"

#include <algorithm>
#include <cmath>

namespace sidetone::media {
namespace {

using std::chrono::seconds;

constexpr base::Duration kAttack = seconds(1);
constexpr base::Duration kRelease = seconds(10);
constexpr base::Duration kSettle = seconds(10);
constexpr int kLossPercent = 10;

struct Thresholds {
  double enter;
  double leave;
};

// Below 20 kb/s redundancy costs more than it repairs; from 32 kb/s it is nearly free.
std::optional<Thresholds> thresholds(std::uint32_t bitrate) {
  if (bitrate < 20'000) return std::nullopt;
  if (bitrate < 32'000) return Thresholds{0.03, 0.015};
  return Thresholds{0.01, 0.005};
}

}  // namespace

void LossPolicy::smooth(double fraction, base::Instant now) {
  auto constant = fraction > loss_ ? kAttack : kRelease;
  auto elapsed = last_report_ ? now - *last_report_ : kAttack;
  auto weight = 1 - std::exp(-std::chrono::duration<double>(elapsed) /
                             std::chrono::duration<double>(constant));
  loss_ += weight * (fraction - loss_);
  last_report_ = now;
}

bool LossPolicy::on_report(double fraction, base::Instant now) {
  auto limits = thresholds(bitrate_);
  if (!allowed_ || !limits) return false;
  smooth(std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0, now);
  if (loss_ >= limits->leave)
    low_since_.reset();
  else if (!low_since_)
    low_since_ = now;
  if (last_change_ && now - *last_change_ < kSettle) return false;
  auto enter = percent_ == 0 && loss_ >= limits->enter;
  auto leave = percent_ != 0 && low_since_ && now - *low_since_ >= kSettle;
  if (!enter && !leave) return false;
  percent_ = enter ? kLossPercent : 0;
  last_change_ = now;
  return true;
}

}  // namespace sidetone::media
