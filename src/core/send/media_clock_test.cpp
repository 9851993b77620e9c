#include "core/send/media_clock.hpp"

#include <gtest/gtest.h>

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;
using base::Instant;

constexpr Instant at(base::Duration since_start) {
  return Instant(since_start);
}

MediaClock started(base::Duration packet = 20ms) {
  MediaClock clock(packet);
  clock.anchor(at(100ms));
  return clock;
}

TEST(MediaClock, SlotNIsDueAtT0PlusNPacketsForEver) {
  auto clock = started();
  for (int i = 0; i < 180'000; ++i) clock.advance();
  EXPECT_EQ(clock.due(), at(100ms + 1h));
  EXPECT_EQ(clock.rtp_time(), std::int64_t{48000} * 3600);
}

TEST(MediaClock, StepIsExactlyThePacketIn48000ths) {
  EXPECT_EQ(MediaClock(20ms).step(), 960);
  EXPECT_EQ(MediaClock(10ms).step(), 480);
}

TEST(MediaClock, SkipsToTheFirstSlotAtOrAfterAMoment) {
  auto clock = started();
  clock.skip_to(at(100ms));
  EXPECT_EQ(clock.rtp_time(), 0);
  clock.skip_to(at(100ms + 1ns));
  EXPECT_EQ(clock.due(), at(120ms));
  EXPECT_EQ(clock.rtp_time(), 960);
  clock.skip_to(at(200ms));
  EXPECT_EQ(clock.due(), at(200ms));
  EXPECT_EQ(clock.rtp_time(), 5 * 960);
  clock.skip_to(at(50ms));
  EXPECT_EQ(clock.due(), at(200ms));
}

TEST(MediaClock, SkipsToTheSlotDueNow) {
  auto clock = started();
  clock.skip_to_current(at(159ms));
  EXPECT_EQ(clock.due(), at(140ms));
  clock.skip_to_current(at(160ms));
  EXPECT_EQ(clock.due(), at(160ms));
  clock.skip_to_current(at(10ms));
  EXPECT_EQ(clock.due(), at(160ms));
}

TEST(MediaClock, ALivePauseIsRoundedToWholePackets) {
  auto clock = started();
  clock.complete(at(500ms));
  EXPECT_EQ(clock.due(), at(520ms));
  clock.skip_rounded(at(609ms));
  EXPECT_EQ(clock.rtp_time(), 4 * 960);
  clock.complete(at(609ms));
  clock.skip_rounded(at(629ms + 10ms));
  EXPECT_EQ(clock.rtp_time(), 5 * 960);
}

TEST(MediaClock, ANewAnchorMakesUpForTheWholePacketsInBetween) {
  auto clock = started();
  clock.advance();
  clock.anchor(at(1131ms));
  EXPECT_EQ(clock.due(), at(1131ms));
  EXPECT_EQ(clock.rtp_time(), 52 * 960);
  clock.anchor(at(1130ms));
  EXPECT_EQ(clock.rtp_time(), 52 * 960);
}

TEST(SlowProducer, IsFoundWhenEveryPacketOfTenSecondsWasLate) {
  SlowProducer slow;
  for (auto now = 0ms; now < 10s; now += 20ms)
    ASSERT_EQ(slow.on_packet(now == 3s ? 6ms : 9ms, at(now)), 0ms) << now.count();
  EXPECT_EQ(slow.on_packet(9ms, at(10s)), 6ms);
  EXPECT_EQ(slow.on_packet(9ms, at(10s + 20ms)), 0ms);
}

TEST(SlowProducer, OnePacketInTimeAcquits) {
  SlowProducer slow;
  for (auto now = 0ms; now < 30s; now += 20ms)
    ASSERT_EQ(slow.on_packet(now % 9s == 0ms ? 5ms : 9ms, at(now)), 0ms) << now.count();
}

}  // namespace
}  // namespace sidetone::send
