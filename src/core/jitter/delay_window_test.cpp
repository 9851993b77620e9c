#include "core/jitter/delay_window.hpp"

#include <gtest/gtest.h>

namespace sidetone::jitter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DelayWindowTest : public testing::Test {
 protected:
  // One packet each 20 ms with this transit.
  void packets(int count, milliseconds transit) {
    for (int i = 0; i < count; ++i) {
      window.on_packet(transit, now);
      now += milliseconds(20);
    }
  }

  DelayWindow window;
  base::Instant now{seconds(1000)};
};

TEST_F(DelayWindowTest, TheFirstPacketIsTheBaseline) {
  packets(1, milliseconds(500));
  EXPECT_EQ(window.baseline(), milliseconds(500));
  EXPECT_EQ(window.lateness(), milliseconds(0));
}

TEST_F(DelayWindowTest, ALowerBaselineNeedsASecondPacket) {
  packets(10, milliseconds(50));
  packets(1, milliseconds(10));
  EXPECT_EQ(window.baseline(), milliseconds(50)) << "one freak packet";
  packets(5, milliseconds(50));
  packets(1, milliseconds(11));
  EXPECT_EQ(window.baseline(), milliseconds(11)) << "two that agree within 2 ms";
}

TEST_F(DelayWindowTest, AnUncontradictedPacketCountsAfterAQuarterSecond) {
  packets(10, milliseconds(50));
  packets(1, milliseconds(10));
  packets(13, milliseconds(50));
  EXPECT_EQ(window.baseline(), milliseconds(10));
}

TEST_F(DelayWindowTest, ABaselineIsForgottenAfterEightSeconds) {
  packets(50, milliseconds(10));
  packets(300, milliseconds(60));
  EXPECT_EQ(window.baseline(), milliseconds(10));
  packets(150, milliseconds(60));
  EXPECT_EQ(window.baseline(), milliseconds(60));
}

TEST_F(DelayWindowTest, LatenessIgnoresTheWorstSecond) {
  packets(60, milliseconds(10));
  packets(1, milliseconds(90));
  EXPECT_LE(window.lateness(), milliseconds(0));
  packets(60, milliseconds(10));
  packets(1, milliseconds(40));
  EXPECT_EQ(window.lateness(), milliseconds(30));
}

TEST_F(DelayWindowTest, SpareIsWhatEverySecondButOneHadLeft) {
  EXPECT_FALSE(window.has_spare());
  for (int second = 0; second < 4; ++second) {
    window.on_played(milliseconds(second == 2 ? 1 : 25), now);
    window.on_played(milliseconds(40), now);
    now += seconds(1);
  }
  EXPECT_TRUE(window.has_spare());
  EXPECT_EQ(window.spare(), milliseconds(25));
  window.on_moved(-milliseconds(10));
  EXPECT_EQ(window.spare(), milliseconds(15));
  window.forget_spare();
  EXPECT_FALSE(window.has_spare());
}

TEST_F(DelayWindowTest, ClearForgetsEverything) {
  packets(100, milliseconds(10));
  window.clear();
  packets(1, milliseconds(700));
  EXPECT_EQ(window.baseline(), milliseconds(700));
}

TEST(SlidingBuckets, ExtremesAreOverAllBuckets) {
  SlidingBuckets buckets;
  EXPECT_FALSE(buckets.least());
  EXPECT_FALSE(buckets.most());
  base::Instant now{};
  for (int value : {5, 3, 9}) {
    buckets.add(milliseconds(value), now);
    now += seconds(1);
  }
  EXPECT_EQ(buckets.least(), milliseconds(3));
  EXPECT_EQ(buckets.most(), milliseconds(9));
  EXPECT_EQ(buckets.second_least(), milliseconds(5));
  EXPECT_EQ(buckets.second_most(), milliseconds(5));
}

}  // namespace
}  // namespace sidetone::jitter
