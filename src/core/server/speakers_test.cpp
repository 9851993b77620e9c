#include "core/server/speakers.hpp"

#include <gtest/gtest.h>

namespace sidetone::server {
namespace {

using std::chrono::milliseconds;

// A window of twenty packets of which `loud` have `level`, the rest are silent.
std::vector<Speaker> window(Speakers& speakers,
                            const std::string& sid,
                            int loud,
                            std::uint8_t level) {
  for (int i = 0; i < 20; ++i) speakers.on_level(sid, i < loud ? level : 127, milliseconds(20));
  return speakers.on_window_end();
}

TEST(Speakers, ThirtyFiveIsActiveThirtySixIsNot) {
  Speakers speakers;
  EXPECT_TRUE(window(speakers, "PA_a", 20, 36).empty());
  auto changed = window(speakers, "PA_a", 20, 35);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_TRUE(changed[0].active);
  EXPECT_FLOAT_EQ(changed[0].level, 0.125F);
}

TEST(Speakers, MoreThanFortyPercentOfTheWindowCounts) {
  Speakers speakers;
  EXPECT_TRUE(window(speakers, "PA_a", 8, 20).empty()) << "40 % is not more than 40 %";
  EXPECT_EQ(window(speakers, "PA_a", 9, 20).size(), 1U);
}

TEST(Speakers, FullScaleSettlesAtOneInSteps) {
  Speakers speakers;
  float level = 0;
  for (int i = 0; i < 6; ++i)
    for (auto& speaker : window(speakers, "PA_a", 20, 0)) level = speaker.level;
  EXPECT_FLOAT_EQ(level, 1.0F);
  EXPECT_TRUE(window(speakers, "PA_a", 20, 0).empty()) << "only changes are told";
}

TEST(Speakers, SilenceIsToldOnce) {
  Speakers speakers;
  window(speakers, "PA_a", 20, 10);
  auto changed = window(speakers, "PA_a", 0, 0);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0], (Speaker{"PA_a", 0, false}));
  EXPECT_TRUE(window(speakers, "PA_a", 0, 0).empty());
}

TEST(Speakers, AStreamThatStopsGoesInactive) {
  Speakers speakers;
  window(speakers, "PA_a", 20, 10);
  auto changed = speakers.on_window_end();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_FALSE(changed[0].active);
}

TEST(Speakers, WhoLeavesWhileSpeakingIsToldAsSilent) {
  Speakers speakers;
  window(speakers, "PA_a", 20, 10);
  speakers.remove("PA_a");
  EXPECT_EQ(speakers.on_window_end(), (std::vector<Speaker>{{"PA_a", 0, false}}));
}

TEST(Speakers, TheLoudestComesFirst) {
  Speakers speakers;
  for (int i = 0; i < 20; ++i) {
    speakers.on_level("PA_a", 30, milliseconds(20));
    speakers.on_level("PA_b", 3, milliseconds(20));
  }
  auto changed = speakers.on_window_end();
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0].participant_sid, "PA_b");
}

}  // namespace
}  // namespace sidetone::server
