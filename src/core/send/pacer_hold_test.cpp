// A source without a sink or a subscriber: audio.md §2.6, Holding.
#include <gtest/gtest.h>

#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;

TEST(Pacer, WithoutASinkItHoldsAndTheMomentOfReleaseIsT0) {
  Harness bench(Harness::options(100));
  bench.push_ms(1, 100);
  bench.push_ms(2, 20);
  bench.run_to(5s);
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_FALSE(bench.done(2));
  EXPECT_FALSE(bench.pacer.next_deadline());
  bench.run_to(5003ms);
  bench.sink();
  bench.run_to(5030ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 2U);
  EXPECT_EQ(audio[0].at, 5004ms);
  EXPECT_TRUE(audio[0].packet.marker);
  EXPECT_EQ(audio[1].at, 5024ms);
  EXPECT_TRUE(bench.done(2));
  EXPECT_EQ(bench.sent.size(), 2U);
}

TEST(Pacer, ALostSinkHoldsAgainAndRtpTimeMakesUpForIt) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 200);
  bench.run_to(40ms);
  bench.sink(false);
  bench.run_to(1s);
  EXPECT_EQ(bench.sent.size(), 3U);
  bench.sink(true);
  bench.run_to(1s);
  ASSERT_EQ(bench.sent.size(), 4U);
  EXPECT_TRUE(bench.sent[3].packet.marker);
  EXPECT_EQ(bench.sent[3].packet.rtp_time, 50 * 960);
  EXPECT_EQ(bench.sent[3].packet.samples[0], 60 * 48 + 1);
}

TEST(Pacer, ATapIsASinkAndWithTheLastSinkItHoldsAgain) {
  Harness bench(Harness::options(1000));
  bench.push_ms(1, 200);
  bench.run_to(1s);
  bench.pacer.set_tapped(true, bench.now(), bench.out);
  bench.run_to(1039ms);
  ASSERT_EQ(bench.sent.size(), 2U);
  EXPECT_EQ(bench.sent[0].at, 1s);
  EXPECT_FALSE(bench.sent[0].packet.on_wire) << "for the tap only";
  bench.sink();
  bench.run_to(1079ms);
  ASSERT_EQ(bench.sent.size(), 4U);
  EXPECT_TRUE(bench.sent[2].packet.on_wire);
  bench.sink(false);
  bench.run_to(1119ms);
  ASSERT_EQ(bench.sent.size(), 6U) << "the tap still hears";
  EXPECT_FALSE(bench.sent[5].packet.on_wire);
  bench.pacer.set_tapped(false, bench.now(), bench.out);
  bench.run_to(5s);
  EXPECT_EQ(bench.sent.size(), 6U);
  EXPECT_EQ(bench.pacer.counters().queued, 80 * 48);
}

TEST(Pacer, ATapDoesNotReplaceTheFirstSubscriber) {
  Harness bench(Harness::options(1000));
  bench.pacer.configure({.hold_until_subscribed = 10s}, bench.now(), bench.out);
  bench.push_ms(1, 200);
  bench.sink();
  bench.pacer.set_tapped(true, bench.now(), bench.out);
  bench.run_to(1s);
  EXPECT_TRUE(bench.audio().empty());
  bench.sink(false);
  bench.run_to(1019ms);
  EXPECT_EQ(bench.audio().size(), 1U) << "nobody can subscribe now";
}

TEST(Pacer, DrainUnpublishedPlaysIntoNothingAtPace) {
  auto options = Harness::options(100);
  options.drain_unpublished = true;
  Harness bench(options);
  bench.push_ms(1, 150);
  bench.run_to(100ms);
  EXPECT_TRUE(bench.done(1));
  EXPECT_EQ(bench.audio().size(), 6U);
  EXPECT_FALSE(bench.sent[0].packet.on_wire);
  EXPECT_EQ(bench.pacer.counters().played, 6 * 960);
  bench.run_to(1s);
  EXPECT_EQ(bench.sent.size(), bench.audio().size());  // no silence for nobody
}

TEST(Pacer, HeldForASubscriberItSendsZerosAndStartsWithTheFirst) {
  Harness bench(Harness::options());
  bench.pacer.configure({.hold_until_subscribed = 10s}, bench.now(), bench.out);
  bench.sink();
  bench.push_ms(1, 40);
  bench.run_to(2001ms);
  EXPECT_TRUE(bench.audio().empty());
  EXPECT_EQ(bench.sent.size(), 101U);
  bench.pacer.on_subscribed(bench.now(), bench.out);
  bench.run_to(2030ms);
  ASSERT_EQ(bench.audio().size(), 2U);
  EXPECT_EQ(bench.audio()[0].at, 2002ms);
  EXPECT_GT(bench.audio()[0].packet.rtp_time, bench.sent[100].packet.rtp_time);
}

TEST(Pacer, TheHoldForASubscriberEndsAtItsLimit) {
  Harness bench(Harness::options());
  bench.pacer.configure({.hold_until_subscribed = 300ms}, bench.now(), bench.out);
  bench.sink();
  bench.push_ms(1, 40);
  bench.run_to(1s);
  EXPECT_EQ(bench.audio().front().at, 300ms);
}

TEST(Pacer, WhoeverWasSubscribedBeforeTheSinkCountsAsFirst) {
  Harness bench(Harness::options());
  bench.pacer.configure({.hold_until_subscribed = 300ms}, bench.now(), bench.out);
  bench.pacer.on_subscribed(bench.now(), bench.out);
  bench.sink();
  bench.push_ms(1, 40);
  bench.run_to(0ms);
  EXPECT_EQ(bench.audio().size(), 1U);
}

TEST(Pacer, AHoldThatEndedDoesNotBeginAgainWithTheTransport) {
  Harness bench(Harness::options());
  bench.pacer.configure({.hold_until_subscribed = 300ms}, bench.now(), bench.out);
  bench.sink();
  bench.push_ms(1, 500);
  bench.run_to(400ms);
  bench.sink(false);
  bench.run_to(500ms);
  auto before = bench.audio().size();
  bench.sink();
  bench.run_to(500ms);
  EXPECT_EQ(bench.audio().size(), before + 1);
  // A new publication holds anew.
  bench.sink(false);
  bench.pacer.configure({.hold_until_subscribed = 300ms}, bench.now(), bench.out);
  bench.sink();
  bench.run_to(600ms);
  EXPECT_EQ(bench.audio().size(), before + 1);
}

TEST(Pacer, PublishedInAPauseItsSilenceBeginsNow) {
  auto options = Harness::options();
  options.drain_unpublished = true;
  Harness bench(options);
  bench.push_ms(1, 20);
  bench.run_to(405ms);
  bench.sink();
  bench.run_to(420ms);
  ASSERT_EQ(bench.sent.size(), 2U);
  EXPECT_EQ(bench.sent[1].at, 420ms);
  EXPECT_EQ(bench.sent[1].packet.rtp_time, 21 * 960);
}

TEST(Pacer, SaysWhenMoreAudioCouldBeDueSooner) {
  Harness bench(Harness::options());
  EXPECT_FALSE(bench.pacer.eager());  // held
  bench.sink();
  EXPECT_TRUE(bench.pacer.eager());
  bench.push_ms(1, 50);
  EXPECT_FALSE(bench.pacer.eager());  // its slot is known
  bench.run_to(20ms);
  EXPECT_TRUE(bench.pacer.eager());  // half a packet
  bench.pacer.close(bench.now(), bench.out);
  EXPECT_FALSE(bench.pacer.eager());
  Harness live(Harness::options(0));
  EXPECT_TRUE(live.pacer.eager());
  live.sink();
  live.push_ms(1, 20);
  EXPECT_TRUE(live.pacer.eager());
}

}  // namespace
}  // namespace sidetone::send
