// Slots, pauses, tails: audio.md §2.6.
#include <gtest/gtest.h>

#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;

TEST(Pacer, FirstPacketLeavesWhenCompleteOnThePointOfTwoMilliseconds) {
  Harness bench(Harness::options());
  bench.run_to(101ms);
  bench.sink();
  bench.push_ms(1, 10);
  bench.run_to(103ms);
  bench.push_ms(2, 10);
  bench.run_to(120ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 1U);
  EXPECT_EQ(audio[0].at, 104ms);
  EXPECT_TRUE(audio[0].packet.marker);
}

TEST(Pacer, SlotsAreAbsoluteAndStepsExact) {
  Harness bench(Harness::options(10'000));
  bench.sink();
  bench.push_ms(1, 10'000);
  bench.run_to(10s);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 500U);
  for (std::size_t i = 0; i < audio.size(); ++i) {
    ASSERT_EQ(audio[i].at, static_cast<int>(i) * 20ms);
    ASSERT_EQ(audio[i].packet.due, base::Instant(audio[i].at));
    ASSERT_EQ(audio[i].packet.rtp_time, static_cast<std::int64_t>(i) * 960);
    ASSERT_EQ(audio[i].packet.marker, i == 0);
    ASSERT_EQ(audio[i].packet.length, 20ms);
  }
}

TEST(Pacer, TenMillisecondPacketsOnRequest) {
  Harness bench(Harness::options());
  bench.pacer.configure({.packet = 10ms}, bench.now(), bench.out);
  bench.sink();
  bench.push_ms(1, 30);
  bench.run_to(20ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 3U);
  EXPECT_EQ(audio[2].at, 20ms);
  EXPECT_EQ(audio[2].packet.rtp_time, 960);
  EXPECT_EQ(audio[2].packet.samples.size(), 480U);
}

TEST(Pacer, ALatePacketGoesOutLateWithoutMovingTheGrid) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(35ms);
  bench.push_ms(2, 100);  // slot 1 was due at 20
  bench.run_to(100ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 6U);
  EXPECT_EQ(audio[1].at, 35ms);
  EXPECT_EQ(audio[1].packet.due, base::Instant(20ms));
  EXPECT_EQ(audio[1].packet.rtp_time, 960);
  EXPECT_FALSE(audio[1].packet.marker);
  EXPECT_EQ(audio[2].at, 40ms);
  EXPECT_EQ(bench.pacer.counters().late_packets, 1U);
  EXPECT_EQ(bench.pacer.counters().underruns, 1U);
  EXPECT_EQ(bench.pacer.counters().lateness.packets[4], 1U);  // 10 to 20 ms
}

TEST(Pacer, ALatePacketOfWhichSomeWasThereIsNoUnderrun) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(15ms);
  bench.push_ms(2, 10);
  bench.run_to(25ms);
  bench.push_ms(3, 10);
  bench.run_to(30ms);
  EXPECT_EQ(bench.pacer.counters().late_packets, 1U);
  EXPECT_EQ(bench.pacer.counters().underruns, 0U);
}

TEST(Pacer, AProducerThatCatchesUpIsFollowedOnTheSpot) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(75ms);
  bench.push_ms(2, 80);
  bench.run_to(75ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 4U);  // slots 1, 2, 3 were due at 20, 40, 60
  EXPECT_EQ(audio[3].packet.rtp_time, 3 * 960);
  bench.run_to(80ms);
  EXPECT_EQ(bench.audio().size(), 5U);
}

TEST(Pacer, AMediaThreadThatOversleptSendsEveryDuePacket) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 1000);
  bench.run_to(0ms);
  bench.oversleep_to(110ms);
  bench.serve();
  EXPECT_EQ(bench.audio().size(), 6U);
  bench.run_to(120ms);
  EXPECT_EQ(bench.audio().size(), 7U);
}

TEST(Pacer, AGapOfMoreThanSixtyMillisecondsIsAPauseInWholePackets) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 40);
  bench.run_to(345ms);  // slot 2 was due at 40, the pause began at 100
  bench.push_ms(2, 40);
  bench.run_to(400ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 4U);
  EXPECT_EQ(audio[2].at, 360ms);  // the first slot after completion, not the moment
  EXPECT_EQ(audio[2].packet.rtp_time, 18 * 960);
  EXPECT_TRUE(audio[2].packet.marker);
  EXPECT_FALSE(audio[3].packet.marker);
  EXPECT_EQ(audio[3].at, 380ms);
  // Zeros fill the slots of the pause from the one due when it was declared.
  auto first_zero = std::find_if(bench.sent.begin(), bench.sent.end(),
                                 [](const Sent& each) { return !each.audio(); });
  EXPECT_EQ(first_zero->at, 100ms);
  EXPECT_EQ(first_zero->packet.rtp_time, 5 * 960);
  EXPECT_FALSE(first_zero->packet.marker);
}

TEST(Pacer, AGapOfExactlySixtyMillisecondsIsNoPause) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(79ms);
  bench.clock = 80ms;
  bench.push_ms(2, 20);
  bench.run_to(80ms);
  EXPECT_EQ(bench.audio().back().packet.rtp_time, 960);
  EXPECT_FALSE(bench.audio().back().packet.marker);
}

TEST(Pacer, APauseNobodySawIsStillAPause) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.oversleep_to(300ms);
  bench.push_ms(2, 20);
  bench.serve();
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 2U);
  EXPECT_EQ(audio[1].packet.rtp_time, 15 * 960);
  EXPECT_TRUE(audio[1].packet.marker);
}

TEST(Pacer, ASuspendedProcessSkipsSlotsInsteadOfSendingABurst) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 1000);
  bench.run_to(0ms);
  bench.oversleep_to(730ms);
  bench.serve();
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 2U);
  EXPECT_EQ(audio[1].packet.rtp_time, 36 * 960);
  EXPECT_TRUE(audio[1].packet.marker);
  bench.run_to(740ms);
  EXPECT_EQ(bench.audio().size(), 3U);
}

TEST(Pacer, HalfASecondLateIsStillMadeUpFor) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 1000);
  bench.run_to(0ms);
  bench.oversleep_to(520ms);
  bench.serve();
  EXPECT_EQ(bench.audio().size(), 27U);
}

TEST(Pacer, ASlowProducersGridMovesOnceAndRtpTimeDoesNot) {
  Harness bench(Harness::options(1000));
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(0ms);
  for (int i = 1; i < 700; ++i) {
    bench.run_to(i * 20ms + 8ms);
    bench.push_ms(2, 20);
    bench.run_to(bench.clock);
  }
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 700U);
  EXPECT_EQ(audio[500].packet.due, base::Instant(500 * 20ms));
  EXPECT_EQ(audio[699].packet.due, base::Instant(699 * 20ms + 8ms));
  EXPECT_EQ(audio[699].packet.rtp_time, 699 * 960);
}

TEST(Pacer, ATailIsPaddedAndLeavesInItsSlotWhenTheProducerRanAhead) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 70);
  bench.run_to(60ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 4U);
  EXPECT_EQ(audio[3].at, 60ms);
  EXPECT_EQ(audio[3].packet.samples[479], 70 * 48);
  EXPECT_EQ(audio[3].packet.samples[480], 0);
  EXPECT_EQ(bench.pacer.counters().padded, 480);
}

TEST(Pacer, ATailWaitsOnePacketTimeForMore) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(15ms);
  bench.push_ms(2, 10);
  bench.run_to(34ms);
  EXPECT_EQ(bench.audio().size(), 1U);
  bench.run_to(35ms);
  EXPECT_EQ(bench.audio().size(), 2U);
  EXPECT_EQ(bench.audio().back().packet.due, base::Instant(20ms));
}

TEST(Pacer, ZerosFollowTheTailInTheNextSlot) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 30);
  bench.run_to(40ms);
  ASSERT_EQ(bench.sent.size(), 3U);
  EXPECT_TRUE(bench.sent[2].packet.silence);
  EXPECT_EQ(bench.sent[2].at, 40ms);
  EXPECT_EQ(bench.sent[2].packet.rtp_time, 2 * 960);
  EXPECT_EQ(bench.sent[2].packet.samples, Samples(960, 0));
}

TEST(Pacer, ATailIsNotGluedToTheNextUtterance) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 30);
  bench.pacer.flush(bench.now(), bench.out);
  bench.push_ms(2, 20);
  bench.run_to(40ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 3U);
  EXPECT_EQ(audio[1].packet.samples[480], 0);
  EXPECT_EQ(audio[2].packet.samples[0], 30 * 48 + 1);
  EXPECT_TRUE(audio[2].packet.marker);
  EXPECT_EQ(audio[2].at, 40ms);
}

TEST(Pacer, FlushSendsTheTailInItsSlotAndPausesAtOnce) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(15ms);
  bench.push_ms(2, 10);
  bench.pacer.flush(bench.now(), bench.out);
  bench.run_to(40ms);
  ASSERT_EQ(bench.sent.size(), 3U);
  EXPECT_EQ(bench.sent[1].at, 20ms);
  EXPECT_TRUE(bench.sent[2].packet.silence);
  EXPECT_EQ(bench.sent[2].at, 40ms);
}

TEST(Pacer, FlushWithNothingLeftBeginsThePause) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(5ms);
  bench.pacer.flush(bench.now(), bench.out);
  bench.run_to(20ms);
  ASSERT_EQ(bench.sent.size(), 2U);
  EXPECT_TRUE(bench.sent[1].packet.silence);
}

TEST(Pacer, PrerollWaitsForThatMuchAfterAPause) {
  auto options = Harness::options();
  options.preroll_ms = 100;
  Harness bench(options);
  bench.sink();
  bench.push_ms(1, 60);
  bench.run_to(50ms);
  EXPECT_TRUE(bench.audio().empty());
  bench.push_ms(2, 40);
  bench.run_to(60ms);
  EXPECT_EQ(bench.audio().front().at, 50ms);
}

TEST(Pacer, PrerollEndsWithFlushOrSilenceOfTheProducer) {
  for (bool flush : {true, false}) {
    auto options = Harness::options();
    options.preroll_ms = 100;
    Harness bench(options);
    bench.sink();
    bench.push_ms(1, 25);
    bench.run_to(50ms);
    if (flush) bench.pacer.flush(bench.now(), bench.out);
    bench.run_to(300ms);
    ASSERT_EQ(bench.audio().size(), 2U);
    EXPECT_EQ(bench.audio().front().at, flush ? 50ms : 100ms);
  }
}

TEST(Pacer, PrerollLongerThanTheQueueIsTheQueue) {
  auto options = Harness::options(50);
  options.preroll_ms = 1000;
  Harness bench(options);
  bench.sink();
  bench.push_ms(1, 60);
  bench.run_to(0ms);
  EXPECT_EQ(bench.audio().size(), 1U);
}

}  // namespace
}  // namespace sidetone::send
