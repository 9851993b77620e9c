// What leaves without audio: pauses, idling, mute. audio.md §2.7, §2.8.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;

void mute(Harness& bench, bool muted) {
  bench.pacer.set_muted(muted, bench.now(), bench.out);
}

TEST(Pacer, APublishedSourceWithoutAudioSendsZerosInEverySlot) {
  Harness bench(Harness::options());
  bench.run_to(7ms);
  bench.sink();
  bench.run_to(108ms);
  ASSERT_EQ(bench.sent.size(), 6U);
  for (std::size_t i = 0; i < bench.sent.size(); ++i) {
    const auto& packet = bench.sent[i].packet;
    EXPECT_EQ(bench.sent[i].at, 8ms + static_cast<int>(i) * 20ms);
    EXPECT_EQ(packet.rtp_time, static_cast<std::int64_t>(i) * 960);
    EXPECT_TRUE(packet.silence && packet.on_wire && !packet.keep_alive && !packet.muted);
    EXPECT_EQ(packet.idle_since, base::Instant(7ms));
    EXPECT_EQ(packet.samples, Samples(960, 0));
  }
}

TEST(Pacer, TheFirstAudioSetsItsOwnGrid) {
  Harness bench(Harness::options());
  bench.sink();
  bench.run_to(46ms);
  bench.push_ms(1, 20);
  bench.run_to(46ms);
  ASSERT_EQ(bench.audio().size(), 1U);
  EXPECT_EQ(bench.audio()[0].at, 46ms);
  EXPECT_EQ(bench.audio()[0].packet.rtp_time, 3 * 960);
}

TEST(Pacer, AfterFiveSecondsOnlyASignOfLifeEvery400Milliseconds) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(10s);  // pause declared at 80 ms: idle from 5080 ms on
  std::vector<Sent> alive;
  for (const auto& each : bench.sent)
    if (each.packet.keep_alive) alive.push_back(each);
  ASSERT_EQ(alive.size(), 13U);
  EXPECT_EQ(alive[0].at, 5080ms);
  EXPECT_EQ(alive[1].at, 5480ms);
  EXPECT_EQ(alive[1].packet.rtp_time - alive[0].packet.rtp_time, 20 * 960);
  EXPECT_EQ(bench.sent.size(), 1U + 250U + 13U);
}

TEST(Pacer, AudioAfterALongIdleTakesTheNextSlotAndResetsTheEncoder) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 20);
  bench.run_to(9999ms);
  bench.push_ms(2, 40);
  bench.run_to(10'020ms);
  auto audio = bench.audio();
  ASSERT_EQ(audio.size(), 3U);
  EXPECT_EQ(audio[1].at, 10'000ms);
  EXPECT_EQ(audio[1].packet.rtp_time, 500 * 960);
  EXPECT_TRUE(audio[1].packet.reset);
  EXPECT_TRUE(audio[1].packet.marker);
  EXPECT_FALSE(audio[2].packet.reset);
}

TEST(Pacer, MuteFadesSendsZerosFor200MillisecondsAndThenNothing) {
  Harness bench(Harness::options(2000));
  bench.sink();
  bench.push_ms(1, 1000);
  bench.run_to(30ms);
  mute(bench, true);
  bench.run_to(980ms);
  auto sent = bench.sent;
  ASSERT_EQ(sent.size(), 50U);
  EXPECT_FALSE(sent[1].packet.muted);
  const auto& faded = sent[2].packet;
  EXPECT_TRUE(faded.muted && faded.on_wire && !faded.silence);
  EXPECT_EQ(faded.samples[0], 1 + 1920);
  EXPECT_NEAR(faded.samples[120], faded.unmuted[120] / 2, 1);
  EXPECT_EQ(faded.samples[240], 0);
  EXPECT_EQ(faded.unmuted[959], 2880);
  int zeros = 0;
  for (std::size_t i = 3; i < 50; ++i) {
    zeros += sent[i].packet.on_wire ? 1 : 0;
    ASSERT_EQ(sent[i].packet.on_wire, i < 13) << i;
    ASSERT_EQ(sent[i].packet.samples, Samples(960, 0));
    ASSERT_TRUE(sent[i].packet.silence);
    ASSERT_NE(sent[i].packet.unmuted, Samples(960, 0));
    ASSERT_EQ(sent[i].packet.rtp_time, static_cast<std::int64_t>(i) * 960);
  }
  EXPECT_EQ(zeros, 10);
  EXPECT_EQ(bench.pacer.counters().muted, 47 * 960 + 720);
  EXPECT_EQ(bench.pacer.counters().played, 48000);
}

TEST(Pacer, MutedPacingAndWaitersGoOnUnchanged) {
  Harness bench(Harness::options(100));
  bench.sink();
  mute(bench, true);
  bench.push_ms(1, 200);
  bench.pacer.wait_playout(2, bench.now(), bench.out);
  bench.run_to(60ms);
  EXPECT_FALSE(bench.done(1));
  bench.run_to(80ms);
  EXPECT_TRUE(bench.done(1));
  bench.run_to(160ms);
  EXPECT_FALSE(bench.done(2));
  bench.run_to(180ms);
  EXPECT_TRUE(bench.done(2));
}

TEST(Pacer, UnmuteFadesInAtTheLivePointWithTheMarker) {
  Harness bench(Harness::options(2000));
  bench.sink();
  mute(bench, true);
  bench.push_ms(1, 2000);
  bench.run_to(990ms);
  mute(bench, false);
  bench.run_to(1020ms);
  const auto& first = bench.sent[50].packet;
  EXPECT_EQ(first.rtp_time, 50 * 960);
  EXPECT_TRUE(first.marker && first.on_wire && !first.muted);
  EXPECT_EQ(first.samples[0], 0);
  EXPECT_NEAR(first.samples[120], first.unmuted[120] / 2, 1);
  EXPECT_EQ(first.samples[240], 1 + 18'240);
  EXPECT_FALSE(bench.sent[51].packet.marker);
  EXPECT_TRUE(bench.sent[51].packet.unmuted.empty());
}

TEST(Pacer, MuteIsIdempotentAndNotHeardBetweenTwoPackets) {
  Harness bench(Harness::options());
  bench.sink();
  bench.push_ms(1, 500);
  bench.run_to(100ms);
  mute(bench, true);
  mute(bench, false);  // between two packets
  bench.run_to(120ms);
  EXPECT_EQ(bench.sent.back().packet.samples[0], 6 * 960 + 1);
  mute(bench, true);
  bench.run_to(400ms);
  mute(bench, true);
  bench.run_to(440ms);
  EXPECT_FALSE(bench.sent.back().packet.on_wire);
}

TEST(Pacer, AMutedTrackStaysMutedThroughRepublish) {
  Harness bench(Harness::options());
  mute(bench, true);
  bench.push_ms(1, 900);
  for (int i = 0; i < 3; ++i) {
    bench.sink(true);
    bench.run_to(bench.clock + 100ms);
    bench.sink(false);
    bench.run_to(bench.clock + 100ms);
  }
  EXPECT_GT(bench.sent.size(), 10U);
  for (const auto& each : bench.sent) {
    EXPECT_TRUE(each.packet.muted);
    EXPECT_EQ(each.packet.samples, Samples(960, 0));
  }
}

TEST(Pacer, AMutedPauseSendsNothingAndItsSilenceResumesWithUnmute) {
  Harness bench(Harness::options());
  bench.sink();
  mute(bench, true);
  bench.run_to(1s);
  EXPECT_EQ(bench.sent.size(), 10U);
  EXPECT_FALSE(bench.pacer.next_deadline());
  bench.run_to(1005ms);
  mute(bench, false);
  bench.run_to(1020ms);
  ASSERT_EQ(bench.sent.size(), 11U);
  EXPECT_EQ(bench.sent[10].at, 1020ms);
  EXPECT_EQ(bench.sent[10].packet.rtp_time, 51 * 960);
}

TEST(Pacer, EachMuteSendsItsOwnZeros) {
  Harness bench(Harness::options(3000));
  bench.sink();
  bench.push_ms(1, 2000);
  for (int round = 0; round < 2; ++round) {
    mute(bench, true);
    auto before = bench.sent.size();
    bench.run_to(bench.clock + 400ms);
    auto on_wire =
        std::count_if(bench.sent.begin() + static_cast<std::ptrdiff_t>(before), bench.sent.end(),
                      [](const Sent& each) { return each.packet.on_wire; });
    EXPECT_EQ(on_wire, round == 0 ? 10 : 11);  // the second also fades
    mute(bench, false);
    bench.run_to(bench.clock + 100ms);
  }
}

TEST(Pacer, AudioAfterSilenceIsNotFadedIn) {
  Harness bench(Harness::options());
  bench.sink();
  mute(bench, true);
  bench.run_to(500ms);
  mute(bench, false);
  bench.run_to(540ms);  // zeros have been heard
  bench.push_ms(1, 20);
  bench.run_to(560ms);
  EXPECT_EQ(bench.sent.back().packet.samples[0], 1);
}

TEST(Pacer, StereoFadesBothChannels) {
  auto options = Harness::options();
  options.format.channels = 2;
  Harness bench(options);
  bench.sink();
  bench.push_ms(1, 40);
  bench.run_to(0ms);
  mute(bench, true);
  bench.run_to(20ms);
  const auto& faded = bench.sent[1].packet.samples;
  ASSERT_EQ(faded.size(), 1920U);
  EXPECT_NE(faded[478], 0);
  EXPECT_EQ(faded[480], 0);
  EXPECT_EQ(faded[481], 0);
}

}  // namespace
}  // namespace sidetone::send
