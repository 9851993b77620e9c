// What arrives is what was said: every sample, every rate, both sides.
#include <cmath>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

struct Packets {
  audio::Format format;
  milliseconds length;
};

class EverySample : public testing::TestWithParam<Packets> {};

TEST_P(EverySample, ArrivesInOrderWhenNothingIsLost) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  const auto format = GetParam().format;
  auto& voice = talk.voice(format, std::make_unique<Numbers>(format.channels));
  voice.mouth.hold = kHold;
  auto& ear = talk.hear_exact(talk.bob, "alice", format);
  ASSERT_NE(talk.publish_exact(talk.alice, voice, {.packet_duration = GetParam().length}), "");
  talk.call.run_for(seconds(3));
  voice.speaking = false;
  talk.call.run_for(seconds(3));
  EXPECT_TRUE(begins_with(from_first_sound(ear.heard()), voice.said));
  const auto counters = voice.mouth.counters();
  EXPECT_EQ(counters.played, counters.captured);
  EXPECT_EQ(static_cast<std::size_t>(counters.captured) * format.channels, voice.said.size());
  EXPECT_EQ(counters.underruns, 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats,
                         EverySample,
                         testing::Values(Packets{{8000, 1}, milliseconds(20)},
                                         Packets{{12000, 1}, milliseconds(20)},
                                         Packets{{16000, 1}, milliseconds(10)},
                                         Packets{{24000, 1}, milliseconds(20)},
                                         Packets{{24000, 2}, milliseconds(10)},
                                         Packets{{48000, 1}, milliseconds(10)}),
                         [](const auto& test) {
                           return std::to_string(test.param.format.sample_rate) + "Hz" +
                                  std::to_string(test.param.format.channels) + "Channels" +
                                  std::to_string(test.param.length.count()) + "Ms";
                         });

TEST(Audio, PacedDeliveryTouchesNoSampleOnACalmNetwork) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({24000, 1}, std::make_unique<Numbers>());
  voice.mouth.hold = kHold;
  auto& ear = talk.hear_exact(talk.bob, "alice", {24000, 1}, media::Delivery::paced);
  ASSERT_NE(talk.publish_exact(talk.alice, voice), "");
  talk.call.run_for(seconds(5));
  EXPECT_EQ(ear.counters().concealed_samples, 0U);
  EXPECT_EQ(ear.counters().missed_ticks, 0U);
  voice.speaking = false;
  talk.call.run_for(seconds(1));
  EXPECT_TRUE(begins_with(from_first_sound(ear.heard()), voice.said));
}

TEST(Audio, FramesTellWhenTheyWereCaptured) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  talk.call.network.weather.delay = milliseconds(30);
  auto& voice = talk.voice({24000, 1}, std::make_unique<Numbers>());
  auto& ear = talk.hear_exact(talk.bob, "alice", {24000, 1}, media::Delivery::paced);
  ASSERT_NE(talk.publish_exact(talk.alice, voice), "");
  talk.call.run_for(seconds(1));
  EXPECT_FALSE(ear.latest().captured_at) << "before the first sender report";
  talk.call.run_for(seconds(5));
  for (int i = 0; i < 100; ++i) {
    talk.call.run_for(milliseconds(10));
    const auto& frame = ear.latest();
    ASSERT_TRUE(frame.captured_at && frame.received_at);
    auto travelled = wall_clock().unix_time(*frame.received_at) - *frame.captured_at;
    // A packet of 20 ms, or its second half, through the server.
    const auto second_half = travelled < milliseconds(75);
    const auto expected = milliseconds(second_half ? 70 : 80);
    EXPECT_LE(abs(travelled - expected), microseconds(100));
  }
}

TEST(Audio, OvertakenAndDoubledPacketsCostNoSample) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({24000, 1}, std::make_unique<Numbers>());
  voice.mouth.hold = kHold;
  auto& ear = talk.hear_exact(talk.bob, "alice", {24000, 1});
  ASSERT_NE(talk.publish_exact(talk.alice, voice), "");
  talk.call.network.weather.reorder = 0.1;
  talk.call.network.weather.duplicate = 0.2;
  talk.call.network.weather.jitter = milliseconds(5);
  talk.call.run_for(seconds(10));
  voice.speaking = false;
  talk.call.run_for(seconds(1));
  EXPECT_TRUE(begins_with(from_first_sound(ear.heard()), voice.said));
  EXPECT_GT(ear.packets(), 500U);
}

struct Rates {
  std::uint32_t source;
  std::uint32_t stream;
};

class ATone : public testing::TestWithParam<Rates> {};

TEST_P(ATone, KeepsItsFrequencyAndLevelThroughOpus) {
  constexpr double kHertz = 1000;
  const auto [source, stream] = GetParam();
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({source, 1}, std::make_unique<Tone>(source, std::vector{kHertz}));
  voice.remembers = false;
  media::StreamOptions options;
  options.sample_rate = stream;
  auto& ear = talk.bob.hear("alice", options);
  ASSERT_NE(talk.publish(talk.alice, voice, {.dtx = false}), "");
  talk.call.run_for(seconds(1));
  ear.forget();
  talk.call.run_for(seconds(1));
  const auto heard = ear.channel(0);
  ASSERT_NEAR(static_cast<double>(heard.size()), stream, stream / 50.0);
  EXPECT_NEAR(amplitude(heard, kHertz, stream), 8000, 560);
  EXPECT_NEAR(rms(heard), 8000 / std::sqrt(2), 400);
  EXPECT_LT(amplitude(heard, kHertz + 10, stream), 200) << "that frequency and no other";
  EXPECT_EQ(ear.counters().lost_slots, 0U);
}

INSTANTIATE_TEST_SUITE_P(AtEveryRate,
                         ATone,
                         testing::Values(Rates{8000, 48000},
                                         Rates{11025, 16000},
                                         Rates{12000, 44100},
                                         Rates{16000, 8000},
                                         Rates{22050, 22050},
                                         Rates{24000, 24000},
                                         Rates{32000, 11025},
                                         Rates{44100, 32000},
                                         Rates{48000, 96000},
                                         Rates{96000, 48000}),
                         [](const auto& test) {
                           return std::to_string(test.param.source) + "To" +
                                  std::to_string(test.param.stream);
                         });

struct Sides {
  double left_low, left_high, right_low, right_high;
};

// A low tone left, a high one right.
Sides measure(const Ear& ear) {
  const auto left = ear.channel(0);
  const auto right = ear.channel(1);
  return {amplitude(left, 500, 48000), amplitude(left, 1500, 48000), amplitude(right, 500, 48000),
          amplitude(right, 1500, 48000)};
}

TEST(Audio, LeftStaysLeftAndRightStaysRight) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice =
      talk.voice({48000, 2}, std::make_unique<Tone>(48000, std::vector<double>{500, 1500}));
  media::StreamOptions options;
  options.channels = 2;
  auto& ear = talk.bob.hear("alice", options);
  ASSERT_NE(talk.publish(talk.alice, voice, {.bitrate = 96000, .content = media::Content::music}),
            "");
  talk.call.run_for(seconds(1));
  ear.forget();
  talk.call.run_for(seconds(1));
  const auto sides = measure(ear);
  EXPECT_NEAR(sides.left_low, 8000, 400);
  EXPECT_NEAR(sides.right_high, 8000, 400);
  EXPECT_LT(sides.left_high, 160);
  EXPECT_LT(sides.right_low, 160);
}

TEST(Audio, AMonoVoiceIsOnBothSidesOfAStereoStream) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({48000, 1}, std::make_unique<Tone>(48000, std::vector<double>{500}));
  media::StreamOptions options;
  options.channels = 2;
  auto& ear = talk.bob.hear("alice", options);
  ASSERT_NE(talk.publish(talk.alice, voice, {.dtx = false}), "");
  talk.call.run_for(seconds(1));
  ear.forget();
  talk.call.run_for(seconds(1));
  EXPECT_EQ(ear.channel(0), ear.channel(1));
  EXPECT_NEAR(measure(ear).right_low, 8000, 500);
}

TEST(Audio, AMonoStreamOfAStereoVoiceHearsBothSides) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice =
      talk.voice({48000, 2}, std::make_unique<Tone>(48000, std::vector<double>{500, 1500}));
  auto& ear = talk.bob.hear("alice");
  ASSERT_NE(talk.publish(talk.alice, voice, {.bitrate = 96000, .content = media::Content::music}),
            "");
  talk.call.run_for(seconds(1));
  ear.forget();
  talk.call.run_for(seconds(1));
  const auto heard = ear.channel(0);
  EXPECT_NEAR(amplitude(heard, 500, 48000), 4000, 300);
  EXPECT_NEAR(amplitude(heard, 1500, 48000), 4000, 300);
}

TEST(Audio, SpeechIsUnderstood) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({16000, 1}, std::make_unique<Speech>(16000));
  voice.mouth.hold = kHold;
  media::StreamOptions options;
  options.sample_rate = 16000;
  auto& ear = talk.bob.hear("alice", options);
  ASSERT_NE(talk.publish(talk.alice, voice), "");
  talk.call.run_for(seconds(4));
  EXPECT_GT(likeness(to_doubles(voice.said), to_doubles(from_first_sound(ear.heard())), 16000),
            0.95);
  EXPECT_EQ(ear.counters().concealed_samples, 0U);
}

TEST(Audio, AnotherVoiceIsNotTakenForIt) {
  Speech one(16000, 1);
  Speech other(16000, 2);
  EXPECT_LT(likeness(to_doubles(one.next(8000)), to_doubles(other.next(16000)), 16000), 0.8);
}

struct Drifter {
  std::uint32_t rate;
  Voice* voice = nullptr;
  Ear* ear = nullptr;
  double at_first = 0;
  std::int64_t silence = 0;
};

// Where a slow tone stands in the ear's latest second, as a delay in samples of the whole stream.
double lag(const Drifter& drifter) {
  constexpr double kHertz = 25;
  const auto begin = drifter.ear->total() - drifter.ear->heard().size();
  const auto expected = std::fmod(static_cast<double>(begin) * kHertz / drifter.rate, 1.0);
  const auto behind = expected - phase(drifter.ear->channel(0), kHertz, drifter.rate);
  return (behind - std::floor(behind)) * drifter.rate / kHertz;
}

TEST(Audio, OddRatesDriftByNoSampleInTenMinutes) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  std::vector<Drifter> all{{11025}, {22050}, {44100}};
  for (auto& one : all) {
    one.voice = &talk.voice({one.rate, 1}, std::make_unique<Tone>(one.rate, std::vector{25.0}));
    one.voice->remembers = false;
    one.voice->mouth.hold = kHold;
    const auto sid = talk.publish_exact(
        talk.alice, *one.voice,
        {.packet_duration = one.rate == 44100 ? milliseconds(10) : milliseconds(20)});
    ASSERT_NE(sid, "");
    one.ear = &talk.hear_exact(talk.bob, sid, {one.rate, 1});
  }
  const auto listen = [&] {
    for (auto& one : all) one.ear->forget();
    talk.call.run_for(seconds(1));
  };
  talk.call.run_for(seconds(2));
  listen();
  for (auto& one : all) {
    one.at_first = lag(one);
    one.silence = one.voice->mouth.counters().silence;
  }
  for (int minute = 0; minute < 10; ++minute) {
    talk.call.run_for(std::chrono::minutes(1));
    for (auto& one : all) one.ear->forget();
  }
  listen();
  for (auto& one : all) {
    EXPECT_NEAR(lag(one), one.at_first, 0.05) << one.rate << " Hz";
    const auto counters = one.voice->mouth.counters();
    EXPECT_EQ(counters.silence, one.silence) << "no sample was put between";
    EXPECT_NEAR(static_cast<double>(one.ear->total()),
                static_cast<double>(counters.played + one.silence), one.rate / 25.0)
        << "only what is on its way is missing";
  }
}

}  // namespace
}  // namespace sidetone::sim
