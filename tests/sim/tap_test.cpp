// One's own track, heard locally: what leaves the source in its slots, to the sample.
#include <algorithm>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

// Alice hears herself, Bob hears her.
struct Echo {
  Talk talk;
  Voice& voice;
  Ear& ear;
  std::string sid;

  explicit Echo(const media::StreamOptions& options = {}, audio::Format format = {24'000, 1})
      : voice(talk.voice(format, std::make_unique<Numbers>(format.channels))),
        ear(talk.alice.hear("alice", options)) {
    EXPECT_TRUE(talk.connected());
    sid = talk.publish_exact(talk.alice, voice);
    EXPECT_NE(sid, "");
  }
};

media::StreamOptions at(std::uint32_t rate, media::Delivery delivery = media::Delivery::paced) {
  media::StreamOptions options;
  options.sample_rate = rate;
  options.delivery = delivery;
  return options;
}

TEST(LocalTap, HearsEverySampleThatLeavesTheSource) {
  for (auto delivery : {media::Delivery::paced, media::Delivery::immediate}) {
    Echo echo(at(24'000, delivery));
    echo.talk.call.run_for(seconds(3));
    echo.voice.speaking = false;
    echo.talk.call.run_for(seconds(1));
    EXPECT_TRUE(begins_with(from_first_sound(echo.ear.heard()), echo.voice.said));
    EXPECT_EQ(echo.ear.counters().concealed_samples, 0U);
  }
}

TEST(LocalTap, FramesTellTheSlotTheyLeftIn) {
  auto options = at(24'000);
  options.wall = wall_clock();
  Echo echo(options);
  echo.talk.call.run_for(seconds(1));
  const auto& frame = echo.ear.latest();
  ASSERT_TRUE(frame.captured_at);
  auto age = wall_clock().unix_time(frame.delivered_at) - *frame.captured_at;
  EXPECT_GE(age, milliseconds(10)) << "it was whole";
  EXPECT_LE(age, milliseconds(21));
}

TEST(LocalTap, PacedItIsContinuousThroughPauses) {
  Echo echo(at(24'000));
  echo.talk.call.run_for(seconds(1));
  echo.voice.speaking = false;
  const auto before = echo.ear.total();
  echo.talk.call.run_for(seconds(20));  // past the five seconds after which the source idles
  EXPECT_NEAR(static_cast<double>(echo.ear.total() - before), 20 * 24'000, 2'400);
}

TEST(LocalTap, ConvertsToTheStreamsRateAndChannels) {
  media::StreamOptions options = at(16'000);
  options.channels = 2;
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& voice = talk.voice({44'100, 1}, std::make_unique<Tone>(44'100, std::vector{440.0}));
  auto& ear = talk.alice.hear("alice", options);
  ASSERT_NE(talk.publish(talk.alice, voice), "");
  talk.call.run_for(seconds(1));
  ear.forget();
  talk.call.run_for(seconds(1));
  EXPECT_NEAR(amplitude(ear.channel(0), 440, 16'000), 8000, 100);
  EXPECT_NEAR(amplitude(ear.channel(1), 440, 16'000), 8000, 100);
}

TEST(LocalTap, MuteIsSilenceAndTheVoiceComesBack) {
  Echo echo(at(24'000));
  echo.talk.call.run_for(seconds(1));
  ASSERT_FALSE(echo.talk.alice.set_muted(echo.sid, true));
  echo.talk.call.run_for(milliseconds(200));
  echo.ear.forget();
  echo.talk.call.run_for(seconds(1));
  EXPECT_EQ(rms(to_doubles(echo.ear.heard())), 0);
  EXPECT_NEAR(static_cast<double>(echo.ear.heard().size()), 24'000, 480);
  ASSERT_FALSE(echo.talk.alice.set_muted(echo.sid, false));
  echo.ear.forget();
  echo.talk.call.run_for(seconds(1));
  EXPECT_GT(rms(to_doubles(echo.ear.heard())), 1000);
}

TEST(LocalTap, HearsAheadOfMuteWhenAsked) {
  auto options = at(24'000);
  options.hear_muted = true;
  Echo echo(options);
  echo.talk.call.run_for(seconds(1));
  ASSERT_FALSE(echo.talk.alice.set_muted(echo.sid, true));
  echo.talk.call.run_for(seconds(1));
  echo.voice.speaking = false;
  echo.talk.call.run_for(seconds(1));
  EXPECT_TRUE(begins_with(from_first_sound(echo.ear.heard()), echo.voice.said));
}

TEST(LocalTap, WhatIsClearedIsNotHeard) {
  Echo echo(at(24'000));
  echo.talk.call.run_for(seconds(1));
  echo.voice.speaking = false;
  echo.talk.call.run_for(milliseconds(200));
  echo.ear.forget();
  echo.voice.mouth.push(std::vector<std::int16_t>(24'000, 9), now());
  const auto cleared = echo.voice.mouth.clear(now());
  EXPECT_GT(cleared.discarded, 23'000);
  echo.talk.call.run_for(seconds(2));
  const auto& heard = echo.ear.heard();
  EXPECT_LE(std::count(heard.begin(), heard.end(), 9), 480) << "one packet at most";
}

TEST(LocalTap, EndsWithUnpublishCloseAndLeave) {
  const auto ends = [](auto how, media::EndReason why) {
    Echo echo(at(24'000));
    echo.talk.call.run_for(seconds(1));
    EXPECT_EQ(echo.ear.ended(), media::EndReason::none);
    how(echo);
    EXPECT_LE(echo.talk.until_end(echo.ear).count(), 100);
    EXPECT_GE(echo.talk.until_end(echo.ear).count(), 0);
    EXPECT_EQ(echo.ear.ended(), why);
  };
  ends([](Echo& echo) { echo.talk.alice.unpublish(echo.sid); }, media::EndReason::unpublished);
  ends([](Echo& echo) { echo.talk.alice.disconnect(); }, media::EndReason::room_closed);
  ends(
      [](Echo& echo) {
        echo.voice.mouth.close(now());
        // As the shell's wake does.
        echo.talk.alice.turn([](auto& session, auto& out) { session.on_deadline(now(), out); });
      },
      media::EndReason::closed);
}

TEST(LocalTap, IsASinkWhileTheRoomReconnects) {
  Echo echo(at(24'000));
  echo.talk.call.run_for(seconds(1));
  echo.talk.call.restart_server();
  echo.talk.call.run_for(seconds(6));
  EXPECT_EQ(echo.ear.ended(), media::EndReason::none);
  echo.voice.speaking = false;
  echo.talk.call.run_for(seconds(1));
  EXPECT_TRUE(begins_with(from_first_sound(echo.ear.heard()), echo.voice.said))
      << "the source played on, nothing waited";
}

TEST(LocalTap, DoesNotEndAHoldForTheFirstSubscriber) {
  Talk talk;
  ASSERT_TRUE(talk.connect(talk.alice));
  auto& voice = talk.voice({24'000, 1}, std::make_unique<Numbers>());
  voice.mouth.hold = kHold;
  auto& ear = talk.alice.hear("alice", at(24'000));
  ASSERT_NE(talk.publish_exact(talk.alice, voice), "");
  talk.call.run_for(seconds(2));
  EXPECT_EQ(rms(to_doubles(ear.heard())), 0);
  EXPECT_EQ(voice.mouth.counters().played, 0);
}

TEST(LocalTap, TheOthersHearTheSameWithAndWithoutIt) {
  std::uint64_t hashes[2] = {};
  for (bool tapped : {false, true}) {
    Talk talk;
    ASSERT_TRUE(talk.connected());
    auto& voice = talk.voice({24'000, 1}, std::make_unique<Numbers>());
    voice.mouth.hold = kHold;
    auto& bobs = talk.hear_exact(talk.bob, "alice", {24'000, 1});
    if (tapped) talk.alice.hear("alice", at(24'000));
    ASSERT_NE(talk.publish_exact(talk.alice, voice), "");
    talk.call.run_for(seconds(2));
    hashes[tapped ? 1 : 0] = hash(bobs.heard());
    EXPECT_FALSE(bobs.heard().empty());
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace sidetone::sim
