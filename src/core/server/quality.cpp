#include "core/server/quality.hpp"

#include <algorithm>

namespace sidetone::server {
namespace {

// The opinion scores that the real server was seen to send.
constexpr float kBestScore = 4.5F;
constexpr float kWorstScore = 1.6F;
constexpr float kLostScore = 1.25F;

// Points of a hundred that one percent of loss costs. With in-band FEC 3.75 % are a step down, with
// RED four times as much, as on the real server.
constexpr double kOpusWeight = 8.0 / 1.5;
constexpr double kRedWeight = 2.0 / 1.5;
constexpr double kGoodBelow = 80;
constexpr double kPoorBelow = 40;

constexpr int kWindowsUntilLost = 2;  // "after about 12 s"

Quality from_points(double points) {
  Quality quality;
  quality.level = livekit::EXCELLENT;
  if (points < kGoodBelow) quality.level = livekit::GOOD;
  if (points < kPoorBelow) quality.level = livekit::POOR;
  quality.score = kWorstScore + (kBestScore - kWorstScore) * static_cast<float>(points / 100);
  return quality;
}

}  // namespace

Quality worse(const Quality& a, const Quality& b) {
  return b.score < a.score ? b : a;
}

Quality StreamQuality::on_window(const Totals& totals, bool quiet, bool red) {
  const auto received = std::max<std::int64_t>(0, totals.received - before_.received);
  const auto lost = std::max<std::int64_t>(0, totals.lost - before_.lost);
  before_ = {totals.received, std::max(totals.lost, before_.lost)};
  if (quiet || totals.received <= 0) {
    empty_windows_ = 0;
    return last_ = {};
  }
  if (received == 0) {
    if (++empty_windows_ >= kWindowsUntilLost) last_ = {livekit::LOST, kLostScore};
    return last_;
  }
  empty_windows_ = 0;
  const auto expected = static_cast<double>(received) + static_cast<double>(lost);
  const double percent = 100.0 * static_cast<double>(lost) / expected;
  return last_ = from_points(std::max(0.0, 100 - percent * (red ? kRedWeight : kOpusWeight)));
}

}  // namespace sidetone::server
