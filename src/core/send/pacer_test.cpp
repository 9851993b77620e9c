// Queue, pushes, clear, counters: audio.md §2.3–2.5.
#include "core/send/pacer.hpp"

#include <gtest/gtest.h>

#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;

TEST(PacerOptions, NameTheRuleTheyBreak) {
  EXPECT_FALSE(broken_rule(PacerOptions{}));
  EXPECT_NE(broken_rule({.queue_ms = 600'001})->find("600001"), std::string::npos);
  EXPECT_TRUE(broken_rule({.queue_ms = -1}));
  EXPECT_TRUE(broken_rule({.preroll_ms = -5}));
  EXPECT_TRUE(broken_rule({.format = {7000, 1}}));
}

TEST(Pacer, CapacityIsExactlyWhatWasAskedForEveryMillisecondAndRate) {
  for (std::uint32_t rate : {8000U, 11025U, 22050U, 44100U, 192000U})
    for (std::int64_t queue_ms : {1, 7, 33, 999}) {
      Harness bench(Harness::options(queue_ms, rate));
      auto capacity = queue_ms * rate / 1000;
      EXPECT_EQ(bench.pacer.room(), capacity);
      bench.push(1, capacity);
      EXPECT_TRUE(bench.done(1)) << rate << " Hz, " << queue_ms << " ms";
      bench.push(2, 1);
      EXPECT_FALSE(bench.done(2)) << rate << " Hz, " << queue_ms << " ms";
    }
}

TEST(Pacer, TenMinutesOfQueueDoNotOverflow) {
  auto options = Harness::options(600'000, 192'000);
  options.format.channels = 2;
  EXPECT_EQ(Pacer(options).room(), 115'200'000);
}

TEST(Pacer, AFrameOfLengthZeroCompletesAtOnceAndChangesNothing) {
  Harness bench(Harness::options(10));
  bench.push_ms(1, 50);
  bench.push(2, 0);
  EXPECT_TRUE(bench.done(2));
  EXPECT_FALSE(bench.done(1));
  EXPECT_EQ(bench.pacer.counters().captured, 2400);
}

TEST(Pacer, WaitingPushesAreAdmittedInOrderAsTheQueueDrains) {
  Harness bench(Harness::options(100));
  bench.sink();
  bench.push_ms(1, 110);
  bench.push_ms(2, 30);
  bench.push_ms(3, 1);
  EXPECT_FALSE(bench.done(1));
  bench.run_to(0ms);
  EXPECT_TRUE(bench.done(1));  // 20 ms have left
  EXPECT_FALSE(bench.done(2));
  bench.run_to(20ms);
  EXPECT_TRUE(bench.done(2));
  EXPECT_FALSE(bench.done(3));
  bench.run_to(40ms);
  EXPECT_TRUE(bench.done(3));
}

TEST(Pacer, AFrameLongerThanTheQueuePlaysWhole) {
  Harness bench(Harness::options(20));
  bench.sink();
  bench.push_ms(1, 200);
  bench.run_to(140ms);
  EXPECT_FALSE(bench.done(1));
  EXPECT_EQ(bench.audio().size(), 8U);
  bench.run_to(160ms);
  EXPECT_TRUE(bench.done(1));
  bench.run_to(180ms);
  Samples heard;
  for (const auto& each : bench.audio())
    heard.insert(heard.end(), each.packet.samples.begin(), each.packet.samples.end());
  bench.signal = 0;
  EXPECT_EQ(heard, bench.next(9600));
}

TEST(Pacer, AQueueShorterThanAPacketStillPlaysWholePackets) {
  Harness bench(Harness::options(5));
  bench.sink();
  for (OpId id = 1; id <= 8; ++id) bench.push_ms(id, 5);
  bench.run_to(100ms);
  ASSERT_GE(bench.audio().size(), 2U);
  EXPECT_EQ(bench.pacer.counters().padded, 0);
  EXPECT_EQ(bench.pacer.counters().played, 1920);
}

TEST(Pacer, TryTakesTheWholeFrameOrNothing) {
  Harness bench(Harness::options(10));
  EXPECT_TRUE(bench.pacer.try_push(bench.next(400), bench.now(), bench.out));
  EXPECT_FALSE(bench.pacer.try_push(bench.next(81), bench.now(), bench.out));
  EXPECT_EQ(bench.pacer.counters().captured, 400);
  EXPECT_TRUE(bench.pacer.try_push(bench.next(80), bench.now(), bench.out));
  bench.push(1, 1);
  EXPECT_TRUE(bench.pacer.try_push({}, bench.now(), bench.out));
}

TEST(Pacer, TryIsRefusedWhileOthersWait) {
  Harness bench(Harness::options(100));
  bench.push_ms(1, 100);
  bench.push_ms(2, 50);
  bench.pacer.clear(bench.now(), bench.out);
  bench.push_ms(3, 101);
  EXPECT_FALSE(bench.pacer.try_push(bench.next(1), bench.now(), bench.out));
}

TEST(Pacer, CancelRemovesWhatHasNotPlayedAndTellsWhatHas) {
  Harness bench(Harness::options(100));
  bench.sink();
  bench.push_ms(1, 200);
  bench.push_ms(2, 10);
  bench.run_to(20ms);
  EXPECT_TRUE(bench.pacer.cancel(1, bench.now(), bench.out));
  bench.collect();
  EXPECT_EQ(bench.outcomes[1].outcome, Outcome::cancelled);
  EXPECT_EQ(bench.outcomes[1].played, 1920);
  EXPECT_TRUE(bench.done(2));
  auto counters = bench.pacer.counters();
  EXPECT_EQ(counters.discarded, 160 * 48);
  EXPECT_EQ(counters.queued, 480);
  EXPECT_FALSE(bench.pacer.cancel(1, bench.now(), bench.out));
  EXPECT_FALSE(bench.pacer.cancel(0, bench.now(), bench.out));
}

TEST(Pacer, ClearVoidsEverythingInOneStepAndReturnsThePosition) {
  Harness bench(Harness::options(100));
  bench.sink();
  bench.push_ms(1, 90);
  bench.push_ms(2, 40);
  bench.push_ms(3, 5);
  bench.run_to(20ms);
  auto cleared = bench.pacer.clear(bench.now(), bench.out);
  bench.collect();
  EXPECT_EQ(cleared.played, 40 * 48);
  EXPECT_EQ(cleared.discarded, 95 * 48);
  EXPECT_EQ(bench.outcomes[2].outcome, Outcome::done);  // its last sample was inside by then
  EXPECT_EQ(bench.outcomes[3].outcome, Outcome::done);
  bench.push_ms(4, 300);
  bench.pacer.clear(bench.now(), bench.out);
  bench.collect();
  EXPECT_EQ(bench.outcomes[4].outcome, Outcome::cleared);
  EXPECT_EQ(bench.pacer.counters().queued, 0);
}

TEST(Pacer, AfterClearTheNextAudioLeavesInTheNextSlotOfTheGrid) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 500);
  bench.run_to(65ms);
  bench.pacer.clear(bench.now(), bench.out);
  auto before = bench.audio().size();
  auto generation = bench.sent.back().packet.generation;
  bench.signal = 20'000;
  bench.push_ms(2, 20);
  bench.run_to(100ms);
  ASSERT_EQ(bench.audio().size(), before + 1);
  auto first = bench.audio().back();
  EXPECT_EQ(first.at, 80ms);
  EXPECT_EQ(first.packet.rtp_time, 4 * 960);
  EXPECT_TRUE(first.packet.marker);
  EXPECT_EQ(first.packet.samples.front(), 20'001);
  EXPECT_EQ(first.packet.generation, generation + 1);
}

TEST(Pacer, NoSampleOfAClearedGenerationLeaves) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 30);  // one and a half packets
  bench.run_to(0ms);
  bench.pacer.clear(bench.now(), bench.out);
  bench.signal = 20'000;
  bench.push_ms(2, 20);
  bench.run_to(20ms);
  EXPECT_EQ(bench.audio().back().packet.samples.front(), 20'001);
}

TEST(Pacer, PlayoutIsResolvedInTheStepThatEncodesTheLastSample) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 50);
  bench.pacer.wait_playout(10, bench.now(), bench.out);
  bench.push_ms(2, 100);
  bench.pacer.wait_playout(11, bench.now(), bench.out);
  bench.run_to(20ms);
  EXPECT_FALSE(bench.done(10));
  bench.run_to(40ms);
  EXPECT_TRUE(bench.done(10));
  EXPECT_FALSE(bench.done(11));
  bench.run_to(200ms);
  EXPECT_TRUE(bench.done(11));
  EXPECT_EQ(bench.completions[10], 1);
}

TEST(Pacer, ALaterPushThatIsCancelledDoesNotResolveAnEarlierWait) {
  Harness bench(Harness::options(100));
  bench.sink();
  bench.push_ms(1, 100);
  bench.pacer.wait_playout(10, bench.now(), bench.out);
  bench.push_ms(2, 200);
  bench.pacer.cancel(2, bench.now(), bench.out);
  bench.collect();
  EXPECT_FALSE(bench.done(10));
  bench.run_to(80ms);
  EXPECT_TRUE(bench.done(10));
}

TEST(Pacer, PlayoutIsImmediateWhenEmptyAndEndsWithClear) {
  Harness bench(Harness::options());
  bench.pacer.wait_playout(1, bench.now(), bench.out);
  bench.push_ms(2, 10);
  bench.pacer.wait_playout(3, bench.now(), bench.out);
  bench.pacer.wait_playout(4, bench.now(), bench.out);
  bench.collect();
  EXPECT_TRUE(bench.done(1));
  EXPECT_FALSE(bench.done(3));
  EXPECT_TRUE(bench.pacer.cancel(4, bench.now(), bench.out));
  bench.pacer.clear(bench.now(), bench.out);
  bench.collect();
  EXPECT_TRUE(bench.done(3));
  EXPECT_EQ(bench.outcomes[4].outcome, Outcome::cancelled);
}

TEST(Pacer, CloseEndsEverythingThatWaitsAndRefusesMore) {
  Harness bench(Harness::options(10));
  bench.sink();
  bench.push_ms(1, 50);
  bench.pacer.wait_playout(2, bench.now(), bench.out);
  bench.pacer.close(bench.now(), bench.out);
  bench.pacer.close(bench.now(), bench.out);
  bench.push_ms(3, 10);
  bench.pacer.wait_playout(4, bench.now(), bench.out);
  bench.collect();
  for (OpId id : {1U, 2U, 3U, 4U}) {
    EXPECT_EQ(bench.outcomes[id].outcome, Outcome::closed) << id;
    EXPECT_EQ(bench.completions[id], 1) << id;
  }
  EXPECT_FALSE(bench.pacer.try_push(bench.next(1), bench.now(), bench.out));
  EXPECT_FALSE(bench.pacer.next_deadline());
  auto counters = bench.pacer.counters();
  EXPECT_EQ(counters.captured, 2400);
  EXPECT_EQ(counters.discarded, 2400);
}

TEST(Pacer, CountersOfASimpleLifeAddUp) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 50);
  bench.run_to(1s);
  auto counters = bench.pacer.counters();
  EXPECT_EQ(counters.captured, 2400);
  EXPECT_EQ(counters.played, 2400);
  EXPECT_EQ(counters.padded, 480);
  EXPECT_EQ(counters.packets, 3U);
  EXPECT_EQ(counters.underruns, 0U);
  EXPECT_EQ(counters.late_packets, 0U);
  EXPECT_EQ(counters.lateness.packets[0], 3U);
  // From the slot at 60 ms on: 48 slots of zeros, and the padding.
  EXPECT_EQ(counters.silence, 48 * 960 + 480);
}

}  // namespace
}  // namespace sidetone::send
