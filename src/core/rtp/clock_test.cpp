#include "core/rtp/clock.hpp"

#include <gtest/gtest.h>

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

TEST(Clock, TicksAndDurationsAgree) {
  EXPECT_EQ(to_ticks(20ms, 48000), 960);
  EXPECT_EQ(to_ticks(-20ms, 48000), -960);
  EXPECT_EQ(to_ticks(20833ns, 48000), 0) << "rounded down";
  EXPECT_EQ(to_ticks(-1ns, 48000), -1);
  EXPECT_EQ(from_ticks(960, 48000), 20ms);
  EXPECT_EQ(from_ticks(-48000, 48000), -1s);
  EXPECT_EQ(from_ticks(5, 0), 5s) << "a rate of zero does not divide";
}

TEST(Clock, ADayOfTicksDoesNotOverflow) {
  EXPECT_EQ(to_ticks(24h * 365, 48000), 365LL * 86400 * 48000);
  EXPECT_EQ(from_ticks(365LL * 86400 * 48000, 48000), 24h * 365);
}

TEST(Clock, NtpCountsFrom1900) {
  EXPECT_EQ(to_ntp(0s), 0x83aa7e8000000000U);
  EXPECT_EQ(to_ntp(1500ms), 0x83aa7e8180000000U);
  EXPECT_EQ(compact_ntp(0x11112222'33334444), 0x22223333U);
  EXPECT_EQ(advance_ntp(to_ntp(10s), 250ms), to_ntp(10250ms));
  EXPECT_EQ(advance_ntp(to_ntp(10s), -250ms), to_ntp(9750ms));
}

TEST(Clock, NtpGoesBackToUnixTime) {
  EXPECT_EQ(to_unix(0x83aa7e8000000000U), 0s);
  EXPECT_EQ(to_unix(0x83aa7e8180000000U), 1500ms);
  EXPECT_EQ(to_unix(0x83aa7e7f80000000U), -500ms);
  auto now = 1'700'000'000s + 123'456'789ns;
  EXPECT_LE(abs(to_unix(to_ntp(now)) - now), 1ns);
  EXPECT_LT(to_unix(0), 0s) << "and nothing overflows";
  EXPECT_GT(to_unix(~std::uint64_t{0}), now);
}

TEST(Clock, CompactDurationsSaturate) {
  EXPECT_EQ(to_compact(1500ms), 0x18000U);
  EXPECT_EQ(to_compact(-1s), 0U);
  EXPECT_EQ(to_compact(19h), 0xffffffffU);
  EXPECT_EQ(from_compact(0x18000), 1500ms);
  EXPECT_GT(from_compact(0xffffffff), 18h);
}

}  // namespace
}  // namespace sidetone::rtp
