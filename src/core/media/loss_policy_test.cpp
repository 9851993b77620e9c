#include "core/media/loss_policy.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Reports {
 public:
  explicit Reports(std::uint32_t bitrate, bool allowed = true) : policy(bitrate, allowed) {}

  // One report a second.
  int changes(double fraction, int count) {
    int changed = 0;
    for (int i = 0; i < count; ++i) {
      now += seconds(1);
      changed += policy.on_report(fraction, now) ? 1 : 0;
    }
    return changed;
  }

  LossPolicy policy;
  base::Instant now{};
};

TEST(LossPolicy, OnePercentTurnsFecOnAt48) {
  Reports reports(48000);
  reports.changes(0.005, 20);
  EXPECT_EQ(reports.policy.loss_percent(), 0);
  reports.changes(0.02, 3);
  EXPECT_EQ(reports.policy.loss_percent(), 10);
}

TEST(LossPolicy, MidRatesNeedThreePercent) {
  Reports reports(24000);
  reports.changes(0.025, 60);
  EXPECT_EQ(reports.policy.loss_percent(), 0);
  reports.changes(0.05, 10);
  EXPECT_EQ(reports.policy.loss_percent(), 10);
}

TEST(LossPolicy, LowRatesStereoAndRedNeverCarryFec) {
  Reports low(19000);
  EXPECT_EQ(low.changes(0.5, 60), 0);
  Reports other(48000, false);
  EXPECT_EQ(other.changes(0.5, 60), 0);
  EXPECT_EQ(other.policy.loss_percent(), 0);
}

TEST(LossPolicy, GoesOffOnlyAfterTenQuietSeconds) {
  Reports reports(48000);
  reports.changes(0.10, 5);
  ASSERT_EQ(reports.policy.loss_percent(), 10);
  int until_off = 0;
  while (reports.policy.loss_percent() != 0 && until_off < 200) {
    reports.changes(0, 1);
    ++until_off;
  }
  // Release: 0.1 · e^(-t/10) < 0.005 after 30 s, and then ten more.
  EXPECT_GE(until_off, 35);
  EXPECT_LE(until_off, 50);
}

TEST(LossPolicy, NeverChangesTwiceWithinTenSeconds) {
  Reports reports(48000);
  base::Instant last_change{};
  for (int i = 0; i < 2000; ++i) {
    reports.now += milliseconds(500);
    auto fraction = i % 50 < 10 ? 0.5 : 0.0;
    if (reports.policy.on_report(fraction, reports.now)) {
      if (last_change != base::Instant{}) {
        ASSERT_GE(reports.now - last_change, seconds(10));
      }
      last_change = reports.now;
    }
  }
  EXPECT_NE(last_change, base::Instant{});
}

TEST(LossPolicy, NonsenseCountsAsNothing) {
  Reports reports(48000);
  EXPECT_EQ(reports.changes(std::numeric_limits<double>::quiet_NaN(), 5), 0);
  EXPECT_EQ(reports.changes(-3, 5), 0);
}

}  // namespace
}  // namespace sidetone::media
