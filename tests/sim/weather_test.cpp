// Bad networks: what is lost is repaired or concealed, and a storm is forgotten soon after it.
#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

// Alice talks through Opus to Bob's stream at 16 kHz.
class Weather : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(talk.connected());
    voice = &talk.voice({16000, 1}, std::make_unique<Speech>(16000));
    voice->mouth.hold = kHold;
    media::StreamOptions options;
    options.sample_rate = 16000;
    ear = &talk.bob.hear("alice", options);
    ASSERT_NE(talk.publish(talk.alice, *voice), "");
    talk.call.run_for(seconds(1));
  }

  double understood() const {
    return likeness(to_doubles(voice->said), to_doubles(from_first_sound(ear->heard())), 16000);
  }

  // Of everything since the ear's beginning.
  double concealed() const {
    const auto& counters = ear->counters();
    return static_cast<double>(counters.concealed_samples) /
           static_cast<double>(counters.total_samples_received);
  }

  sim::Weather& weather() { return talk.call.network.weather; }

  Talk talk{4};
  Voice* voice = nullptr;
  Ear* ear = nullptr;
};

TEST_F(Weather, RetransmissionsRepairWhatIsLost) {
  weather().loss = 0.05;
  talk.call.run_for(seconds(20));
  EXPECT_GT(talk.call.network.lost(), 50U) << "it rained";
  EXPECT_LT(concealed(), 0.02) << "of about ten percent lost on two links";
  EXPECT_GT(ear->packets(), 950U);
  EXPECT_GT(talk.alice.session.figures().publisher.packets.retransmitted, 20U);
  EXPECT_LE(talk.bob.session.figures().subscriber.audio.packets_lost, 5)
      << "of more than fifty each way";
  EXPECT_NEAR(static_cast<double>(ear->total()), 21 * 16000, 1600) << "the stream goes on";
}

TEST_F(Weather, SpeechIsUnderstoodThroughFivePercentLoss) {
  weather().loss = 0.05;
  talk.call.run_for(seconds(6));
  EXPECT_GT(understood(), 0.85);
}

TEST_F(Weather, JitterOvertakingAndDoublesAreBorne) {
  weather().jitter = milliseconds(20);
  weather().reorder = 0.2;
  weather().duplicate = 0.2;
  talk.call.run_for(seconds(10));
  EXPECT_LT(concealed(), 0.08);
  EXPECT_GT(ear->counters().duplicates + ear->counters().late, 0U);
  EXPECT_EQ(ear->counters().overflows, 0U);
  EXPECT_NEAR(static_cast<double>(ear->total()), 11 * 16000, 1600);
}

TEST_F(Weather, SpeechIsUnderstoodThroughJitter) {
  weather().jitter = milliseconds(20);
  weather().reorder = 0.05;
  talk.call.run_for(seconds(6));
  EXPECT_GT(understood(), 0.85);
}

TEST_F(Weather, AfterAStormTheDelayIsLowAgain) {
  const auto before = ear->latest().delay;
  weather().jitter = milliseconds(150);
  talk.call.run_for(seconds(5));
  EXPECT_GT(ear->latest().delay, before + milliseconds(40)) << "it was a storm";
  weather().jitter = {};
  talk.call.run_for(seconds(60));
  EXPECT_LT(ear->latest().delay, before + milliseconds(30));
  const auto concealed_by_now = ear->counters().concealed_samples;
  talk.call.run_for(seconds(2));
  EXPECT_EQ(ear->counters().concealed_samples, concealed_by_now);
}

TEST_F(Weather, AShortOutageIsHeardOnceAndTheCallLivesOn) {
  weather().loss = 1;
  talk.call.run_for(seconds(3));
  weather().loss = 0;
  talk.call.run_for(seconds(2));
  ear->forget();
  const auto concealed_by_now = ear->counters().concealed_samples;
  talk.call.run_for(seconds(2));
  EXPECT_GT(rms(ear->channel(0)), 300);
  EXPECT_EQ(ear->counters().concealed_samples, concealed_by_now);
  EXPECT_EQ(talk.alice.all<room::Disconnected>().size(), 0U);
  EXPECT_EQ(ear->ended(), media::EndReason::none);
}

TEST(Redundancy, CarriesSpeechThroughLossWithoutRetransmission) {
  Talk talk(4);
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({16000, 1}, std::make_unique<Speech>(16000));
  session::TrackSpec spec;
  spec.red = true;
  media::SourceOptions options;
  options.red = true;
  auto& ear = talk.bob.hear("alice");
  const auto id = talk.alice.publish(voice.mouth, spec, options);
  ASSERT_TRUE(talk.call.run_until([&] { return talk.alice.done(id); }));
  talk.call.network.weather.loss = 0.05;
  talk.call.run_for(seconds(30));
  EXPECT_GT(ear.counters().red_recoveries, 40U);
  EXPECT_LT(static_cast<double>(ear.counters().concealed_samples),
            0.03 * static_cast<double>(ear.counters().total_samples_received));
  EXPECT_EQ(talk.alice.session.figures().publisher.packets.retransmitted, 0U);
}

TEST(LossyJoining, TwoParticipantsFindTheirWayInThroughTheRain) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Talk talk(seed);
    talk.call.network.weather.loss = 0.2;
    talk.call.network.weather.jitter = milliseconds(30);
    talk.call.network.weather.duplicate = 0.1;
    ASSERT_TRUE(talk.connected());
    auto& voice = talk.voice({16000, 1}, std::make_unique<Speech>(16000));
    auto& ear = talk.bob.hear("alice");
    ASSERT_NE(talk.publish(talk.alice, voice), "");
    talk.call.run_for(seconds(3));
    EXPECT_GT(ear.packets(), 80U);
  }
}

}  // namespace
}  // namespace sidetone::sim
