// Live mode, queue 0: audio.md §2.6.
#include <gtest/gtest.h>

#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;

TEST(LivePacer, APacketLeavesTheMomentItIsComplete) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.run_to(3ms);
  bench.push_ms(1, 10);
  EXPECT_TRUE(bench.done(1));
  bench.run_to(13ms);
  bench.push_ms(2, 10);
  EXPECT_EQ(bench.pacer.next_deadline(), bench.now());
  bench.run_to(13ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 1U);
  EXPECT_EQ(audio[0].at, 13ms);
  EXPECT_EQ(audio[0].packet.due, base::Instant(13ms));
  EXPECT_EQ(audio[0].packet.captured(), base::Instant(3ms - 10ms))
      << "its first frame was whole at 3 ms";
}

TEST(LivePacer, ThePushersClockIsTheMediaClock) {
  Harness bench(Harness::options(0));
  bench.sink();
  // A device 3 % fast: RTP time counts samples, not our clock.
  for (int i = 0; i < 300; ++i) {
    bench.run_to(i * 9700us);
    bench.push_ms(1, 10);
    bench.run_to(bench.clock);
  }
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 150U);
  for (std::size_t i = 1; i < audio.size(); ++i)
    ASSERT_EQ(audio[i].packet.rtp_time - audio[i - 1].packet.rtp_time, 960);
}

TEST(LivePacer, AFrameOfSeveralPacketsLeavesAtOnceAndTheRestWaits) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 50);
  bench.run_to(0ms);
  EXPECT_EQ(bench.audio().size(), 2U);
  EXPECT_EQ(bench.pacer.counters().queued, 480);
}

TEST(LivePacer, FramesOver120MillisecondsAreRefused) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 120);
  EXPECT_TRUE(bench.done(1));
  bench.push(2, 120 * 48 + 1);
  EXPECT_EQ(bench.outcomes[2].outcome, Outcome::too_long);
  EXPECT_FALSE(bench.pacer.try_push(bench.next(5761), bench.now(), bench.out));
  EXPECT_EQ(bench.pacer.counters().captured, 5760);
}

TEST(LivePacer, TheJumpAfterAPauseIsTheElapsedTimeInWholePackets) {
  for (auto [resumed, slot] : {std::pair{229ms, 11}, std::pair{231ms, 12}}) {
    auto options = Harness::options(0);
    options.drain_unpublished = true;  // no zeros in the pause
    Harness bench(options);
    bench.push_ms(1, 20);
    bench.run_to(resumed);  // the next slot was due at 20
    bench.push_ms(2, 20);
    bench.run_to(bench.clock);
    auto audio = bench.audio();
    ASSERT_EQ(audio.size(), 2U);
    EXPECT_EQ(audio[1].at, resumed);
    EXPECT_EQ(audio[1].packet.rtp_time, slot * 960);
    EXPECT_TRUE(audio[1].packet.marker);
  }
}

TEST(LivePacer, AfterZerosInThePauseAudioTakesASlotOfItsOwn) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(229ms);
  EXPECT_EQ(bench.sent.back().at, 220ms);
  EXPECT_EQ(bench.sent.back().packet.rtp_time, 11 * 960);
  bench.push_ms(2, 20);
  bench.run_to(229ms);
  EXPECT_EQ(bench.sent.back().packet.rtp_time, 12 * 960);
}

TEST(LivePacer, AShortStallInsertsNothing) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 30);
  bench.run_to(79ms);
  bench.push_ms(2, 10);
  bench.run_to(79ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 2U);
  EXPECT_EQ(audio[1].packet.rtp_time, 960);
  EXPECT_EQ(bench.pacer.counters().padded, 0);
}

TEST(LivePacer, TheTailLeavesWhenThePauseIsDeclared) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 30);
  bench.run_to(100ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 2U);
  EXPECT_EQ(audio[1].at, 80ms);
  EXPECT_EQ(audio[1].packet.rtp_time, 4 * 960);
  EXPECT_EQ(bench.pacer.counters().padded, 480);
  EXPECT_TRUE(bench.sent.back().packet.silence);
  EXPECT_EQ(bench.sent.back().at, 100ms);
}

TEST(LivePacer, FlushSendsTheTailAtOnce) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 30);
  bench.run_to(5ms);
  bench.pacer.flush(bench.now(), bench.out);
  bench.run_to(5ms);
  ASSERT_EQ(bench.audio().size(), 2U);
  EXPECT_EQ(bench.audio()[1].at, 5ms);
  EXPECT_EQ(bench.audio()[1].packet.rtp_time, 960);
}

TEST(LivePacer, WithoutASinkAudioIsStaleAndDropped) {
  Harness bench(Harness::options(0));
  for (OpId id = 1; id < 50; ++id) bench.push_ms(id, 10);
  EXPECT_TRUE(bench.done(49));
  auto counters = bench.pacer.counters();
  EXPECT_EQ(counters.discarded, counters.captured);
  EXPECT_EQ(counters.queued, 0);
  bench.sink();
  bench.push_ms(50, 20);
  bench.run_to(0ms);
  EXPECT_EQ(bench.audio().size(), 1U);
}

TEST(LivePacer, LosingTheSinkDropsThePartialPacket) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.push_ms(1, 10);
  bench.pacer.wait_playout(2, bench.now(), bench.out);
  bench.sink(false);
  EXPECT_TRUE(bench.done(2));
  EXPECT_EQ(bench.pacer.counters().discarded, 480);
}

TEST(LivePacer, ABacklogThatNobodyTakesIsBounded) {
  Harness bench(Harness::options(0));
  bench.sink();
  bench.run_to(0ms);  // one slot of zeros
  for (int i = 0; i < 300; ++i) {
    bench.oversleep_to(i * 10ms);
    bench.push_ms(1, 10);
  }
  EXPECT_LE(bench.pacer.counters().queued, 48000);
  bench.serve();
  auto audio = bench.audio();
  ASSERT_LE(audio.size(), 26U);
  ASSERT_FALSE(audio.empty());
  // What was dropped still counts in RTP time.
  EXPECT_EQ(audio.back().packet.rtp_time, 150 * 960);
  EXPECT_TRUE(audio.front().packet.marker);
}

TEST(LivePacer, ManySmallPushesMakeTheSamePackets) {
  Harness bench(Harness::options(0));
  bench.sink();
  for (int i = 0; i < 960; ++i) bench.push(1, 1);
  bench.run_to(0ms);
  ASSERT_EQ(bench.audio().size(), 1U);
  EXPECT_EQ(bench.audio()[0].packet.samples[959], 960);
}

}  // namespace
}  // namespace sidetone::send
