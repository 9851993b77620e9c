#include "core/audio/frame.hpp"

#include <gtest/gtest.h>

namespace sidetone::audio {
namespace {

using namespace std::chrono_literals;

TEST(Format, AcceptsEveryRateFrom8To192KilohertzInMonoAndStereo) {
  for (std::uint32_t rate : {8000U, 11025U, 22050U, 44100U, 48000U, 192000U})
    for (std::uint32_t channels : {1U, 2U}) EXPECT_FALSE(broken_rule({rate, channels})) << rate;
}

TEST(Format, NamesTheNumberThatBreaksTheRule) {
  EXPECT_NE(broken_rule({7999, 1})->find("7999"), std::string::npos);
  EXPECT_NE(broken_rule({192001, 1})->find("192001"), std::string::npos);
  EXPECT_NE(broken_rule({48000, 0})->find("is 0"), std::string::npos);
  EXPECT_NE(broken_rule({48000, 3})->find("is 3"), std::string::npos);
}

TEST(Format, DurationsAreExactToTheNanosecond) {
  EXPECT_EQ(duration_of(480, 48000), 10ms);
  EXPECT_EQ(duration_of(1, 48000), 20833ns);
  EXPECT_EQ(duration_of(220, 22050), 9977324ns);
  EXPECT_EQ(duration_of(std::int64_t{192000} * 86400 * 365, 192000), std::chrono::hours(24 * 365));
}

TEST(Format, SamplesOfADurationAreRoundedDownIn64Bits) {
  EXPECT_EQ(samples_in(10ms, 22050), 220);
  EXPECT_EQ(samples_in(20ms, 11025), 220);
  EXPECT_EQ(samples_in(600s, 192000), 115'200'000);
}

}  // namespace
}  // namespace sidetone::audio
