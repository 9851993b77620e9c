#include "core/server/quality.hpp"

#include <gtest/gtest.h>

namespace sidetone::server {
namespace {

// Windows of 250 packets, of which `lost` were lost.
struct Stream {
  Quality window(std::int64_t received, std::int64_t lost, bool quiet = false, bool red = false) {
    totals.received += received;
    totals.lost += lost;
    return quality.on_window(totals, quiet, red);
  }

  StreamQuality quality;
  StreamQuality::Totals totals;
};

TEST(Quality, WithoutLossItIsExcellent) {
  Stream stream;
  EXPECT_EQ(stream.window(250, 0).level, livekit::EXCELLENT);
  EXPECT_FLOAT_EQ(stream.window(250, 0).score, 4.5F);
}

TEST(Quality, LossTakesItDownStepByStep) {
  EXPECT_EQ(Stream().window(970, 30).level, livekit::EXCELLENT) << "3 %";
  EXPECT_EQ(Stream().window(960, 40).level, livekit::GOOD) << "4 %";
  EXPECT_EQ(Stream().window(890, 110).level, livekit::GOOD) << "11 %";
  EXPECT_EQ(Stream().window(880, 120).level, livekit::POOR) << "12 %";
  EXPECT_FLOAT_EQ(Stream().window(800, 200).score, 1.6F) << "20 %";
}

TEST(Quality, RedForgivesFourTimesAsMuch) {
  EXPECT_EQ(Stream().window(860, 140, false, true).level, livekit::EXCELLENT);
  EXPECT_EQ(Stream().window(840, 160, false, true).level, livekit::GOOD);
  EXPECT_EQ(Stream().window(540, 460, false, true).level, livekit::POOR);
}

TEST(Quality, EachWindowSpeaksForItself) {
  Stream stream;
  EXPECT_EQ(stream.window(200, 50).level, livekit::POOR);
  EXPECT_EQ(stream.window(250, 0).level, livekit::EXCELLENT);
  EXPECT_EQ(stream.window(250, -20).level, livekit::EXCELLENT) << "late ones were found";
  EXPECT_EQ(stream.window(250, 20).level, livekit::EXCELLENT) << "the same, missed again";
  EXPECT_EQ(stream.window(200, 50).level, livekit::POOR);
}

TEST(Quality, AStreamThatStopsIsLostAfterTwoWindows) {
  Stream stream;
  stream.window(250, 0);
  EXPECT_EQ(stream.window(0, 0).level, livekit::EXCELLENT);
  EXPECT_EQ(stream.window(0, 0).level, livekit::LOST);
  EXPECT_FLOAT_EQ(stream.window(0, 0).score, 1.25F);
  EXPECT_EQ(stream.window(250, 0).level, livekit::EXCELLENT);
  EXPECT_EQ(stream.window(0, 0).level, livekit::EXCELLENT) << "counted anew";
}

TEST(Quality, OneThatNeverBeganOrIsMutedMissesNothing) {
  Stream stream;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stream.window(0, 0).level, livekit::EXCELLENT);
  stream.window(250, 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stream.window(0, 0, true).level, livekit::EXCELLENT);
  EXPECT_EQ(stream.window(0, 0).level, livekit::EXCELLENT) << "just unmuted";
}

TEST(Quality, TheWorseOfTwoCounts) {
  const Quality good{livekit::GOOD, 3};
  const Quality lost{livekit::LOST, 1.25F};
  EXPECT_EQ(worse(good, lost).level, livekit::LOST);
  EXPECT_EQ(worse(lost, good).level, livekit::LOST);
}

}  // namespace
}  // namespace sidetone::server
