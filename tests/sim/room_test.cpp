// Clear, mute, unpublish, leave, kick, rejoin: the room does what api.md says, and streams end in
// time.
#include <algorithm>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

constexpr audio::Format kFormat{24000, 1};
constexpr auto kPromptly = milliseconds(100);  // api.md §4

std::size_t count_of(std::span<const std::int16_t> samples, int sign) {
  std::size_t count = 0;
  for (auto sample : samples) count += sample * sign > 0 ? 1 : 0;
  return count;
}

// Alice speaks, Bob hears her sample for sample.
class Room : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(talk.connected());
    voice = &talk.voice(kFormat, std::make_unique<Numbers>());
    voice->mouth.hold = kHold;
    ear = &talk.hear_exact(talk.bob, "alice", kFormat);
    sid = talk.publish_exact(talk.alice, *voice);
    ASSERT_NE(sid, "");
    talk.call.run_for(seconds(1));
    ASSERT_GT(ear->total(), 20000U);
  }

  // `cause` just happened: Bob's stream ends in time, for that reason, with all that had arrived.
  void expect_end(Ear& of, media::EndReason reason) {
    const auto time = talk.until_end(of);
    EXPECT_GE(time.count(), 0) << "it must end";
    EXPECT_LE(time, kPromptly);
    EXPECT_EQ(of.ended(), reason);
    EXPECT_EQ(count_of(of.heard(), 1) % 480, 0U) << "whole packets";
    EXPECT_GE(count_of(of.heard(), 1) + 480 * 12, of.packets() * 480)
        << "but for the silence of the end, the backlog is delivered";
    const auto until = of.total();
    talk.call.run_for(seconds(1));
    EXPECT_EQ(of.total(), until) << "and nothing after the end";
  }

  Ear& hear_again() { return talk.hear_exact(talk.bob, "alice", kFormat); }

  Talk talk;
  Voice* voice = nullptr;
  Ear* ear = nullptr;
  std::string sid;
};

TEST_F(Room, ClearIsHeardWithinAPacket) {
  voice->speaking = false;
  talk.call.run_for(milliseconds(500));
  const auto before = count_of(ear->heard(), 1);
  const auto captured = voice->mouth.counters().captured;
  Numbers old(1, 1);
  Numbers fresh(1, -1);
  voice->mouth.push(old.next(19200), now());  // 800 ms
  talk.call.run_for(milliseconds(210));
  const auto cleared = voice->mouth.clear(now());
  voice->mouth.push(fresh.next(4800), now());
  talk.call.run_for(seconds(2));
  EXPECT_EQ(cleared.discarded, captured + 19200 - cleared.played);
  const auto heard = static_cast<std::int64_t>(count_of(ear->heard(), 1) - before);
  EXPECT_GE(heard, cleared.played - captured);
  EXPECT_LE(heard, cleared.played - captured + 480) << "at most one packet leaves afterwards";
  EXPECT_EQ(count_of(ear->heard(), -1), 4800U) << "what came after it plays in full";
}

TEST_F(Room, AMuteSilencesAndAnUnmuteComesBackLive) {
  ASSERT_FALSE(talk.alice.set_muted(sid, true));
  talk.call.run_for(milliseconds(300));
  ear->forget();
  const auto played = voice->mouth.counters().played;
  talk.call.run_for(seconds(2));
  EXPECT_EQ(count_of(ear->heard(), 1), 0U);
  ASSERT_EQ(talk.bob.all<room::TrackMuted>().size(), 1U);
  EXPECT_NEAR(static_cast<double>(voice->mouth.counters().played - played), 48000, 480)
      << "the queue drains in real time all the same";
  ASSERT_FALSE(talk.alice.set_muted(sid, false));
  const auto said = voice->said.size();
  talk.call.run_for(milliseconds(500));
  ASSERT_EQ(talk.bob.all<room::TrackUnmuted>().size(), 1U);
  EXPECT_GT(count_of(ear->heard(), 1), 24000U * 4 / 10);
  // The last sample heard was said after the unmute: nothing old is made up for.
  const auto last = ear->heard().back();
  const auto after = std::span(voice->said).subspan(said);
  EXPECT_NE(std::find(after.begin(), after.end(), last), after.end());
  EXPECT_EQ(ear->ended(), media::EndReason::none);
}

TEST_F(Room, AMuteByTheServerSilencesAtTheSource) {
  livekit::SignalResponse mute;
  mute.mutable_mute()->set_sid(sid);
  mute.mutable_mute()->set_muted(true);
  talk.call.say(talk.alice, mute);
  talk.call.run_for(milliseconds(300));
  ear->forget();
  talk.call.run_for(seconds(1));
  EXPECT_EQ(count_of(ear->heard(), 1), 0U);
  EXPECT_GT(voice->mouth.counters().muted, 24000);
  EXPECT_EQ(talk.alice.all<room::TrackMuted>().size(), 1U);
  mute.mutable_mute()->set_muted(false);
  talk.call.say(talk.alice, mute);
  talk.call.run_for(milliseconds(500));
  EXPECT_GT(count_of(ear->heard(), 1), 24000U * 4 / 10);
}

TEST_F(Room, ATrackPublishedMutedStaysSilentUntilUnmuted) {
  auto& other = talk.voice(kFormat, std::make_unique<Numbers>());
  session::TrackSpec spec;
  spec.muted = true;
  spec.name = "quiet";
  const auto id =
      talk.alice.publish(other.mouth, spec, {}, media::make_passthrough_encoder(24000, 1));
  ASSERT_TRUE(talk.call.run_until([&] { return talk.alice.done(id); }));
  ASSERT_FALSE(talk.alice.error(id));
  auto& quiet = talk.hear_exact(talk.bob, talk.alice.track_sid(id), kFormat);
  talk.call.run_for(seconds(1));
  EXPECT_EQ(count_of(quiet.heard(), 1), 0U);
  ASSERT_FALSE(talk.alice.set_muted(talk.alice.track_sid(id), false));
  talk.call.run_for(milliseconds(500));
  EXPECT_GT(count_of(quiet.heard(), 1), 24000U * 4 / 10);
}

TEST_F(Room, UnpublishEndsTheStream) {
  const auto id = talk.alice.unpublish(sid);
  expect_end(*ear, media::EndReason::unpublished);
  ASSERT_TRUE(talk.alice.done(id));
  EXPECT_FALSE(talk.alice.error(id));
  EXPECT_EQ(talk.bob.all<room::TrackUnpublished>().size(), 1U);
  EXPECT_EQ(talk.bob.all<room::TrackUnsubscribed>().size(), 1U);
}

TEST_F(Room, ARepublishedSourceGoesOnAsAnotherTrack) {
  talk.alice.unpublish(sid);
  expect_end(*ear, media::EndReason::unpublished);
  auto& again = hear_again();
  const auto second = talk.publish_exact(talk.alice, *voice);
  ASSERT_NE(second, "");
  EXPECT_NE(second, sid);
  talk.call.run_for(seconds(1));
  EXPECT_GT(count_of(again.heard(), 1), 20000U);
  const auto counters = voice->mouth.counters();
  EXPECT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
}

TEST_F(Room, UnsubscribeEndsTheStreamAndSubscribeBringsTheVoiceBack) {
  ASSERT_FALSE(talk.bob.set_subscribed(sid, false));
  expect_end(*ear, media::EndReason::unsubscribed);
  const auto forwarded = talk.call.server->counters().packets_forwarded;
  talk.call.run_for(seconds(1));
  EXPECT_EQ(talk.call.server->counters().packets_forwarded, forwarded) << "nothing is sent to him";
  auto& again = hear_again();
  ASSERT_FALSE(talk.bob.set_subscribed(sid, true));
  talk.call.run_for(seconds(1));
  EXPECT_GT(count_of(again.heard(), 1), 20000U);
  EXPECT_EQ(talk.bob.all<room::TrackSubscribed>().size(), 2U);
}

TEST_F(Room, LeavingEndsTheStream) {
  talk.alice.disconnect();
  ASSERT_EQ(talk.alice.all<room::Disconnected>().size(), 1U);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].reason, DisconnectReason::client_initiated);
  expect_end(*ear, media::EndReason::participant_left);
  ASSERT_EQ(talk.bob.all<room::ParticipantDisconnected>().size(), 1U);
  EXPECT_EQ(talk.bob.all<room::ParticipantDisconnected>()[0].reason,
            DisconnectReason::client_initiated);
  EXPECT_EQ(talk.call.server->participants(), 1U);
}

TEST_F(Room, LeavingOneselfEndsWhatOneHears) {
  talk.bob.disconnect();
  expect_end(*ear, media::EndReason::room_closed);
  talk.alice.disconnect();
  talk.call.run_for(milliseconds(100));
  EXPECT_EQ(talk.call.server->rooms(), 0U);
  EXPECT_EQ(talk.call.server->participants(), 0U);
}

TEST_F(Room, AKickedParticipantIsToldAndItsStreamsEnd) {
  auto& reply = talk.voice(kFormat, std::make_unique<Numbers>());
  auto& her_ear = talk.hear_exact(talk.alice, "bob", kFormat);
  ASSERT_NE(talk.publish_exact(talk.bob, reply), "");
  talk.call.run_for(seconds(1));
  talk.server([](auto& server, auto now, auto& out) {
    ASSERT_TRUE(server.remove_participant("room", "alice", now, out));
  });
  expect_end(*ear, media::EndReason::participant_left);
  ASSERT_EQ(talk.alice.all<room::Disconnected>().size(), 1U);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].reason, DisconnectReason::participant_removed);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].code, errc::removed);
  EXPECT_EQ(her_ear.ended(), media::EndReason::room_closed);
  ASSERT_EQ(talk.bob.all<room::ParticipantDisconnected>().size(), 1U);
  EXPECT_EQ(talk.bob.all<room::ParticipantDisconnected>()[0].reason,
            DisconnectReason::participant_removed);
}

TEST_F(Room, ADeletedRoomEndsForEverybody) {
  talk.server(
      [](auto& server, auto now, auto& out) { ASSERT_TRUE(server.delete_room("room", now, out)); });
  expect_end(*ear, media::EndReason::room_closed);
  for (auto* caller : {&talk.alice, &talk.bob}) {
    ASSERT_EQ(caller->all<room::Disconnected>().size(), 1U);
    EXPECT_EQ(caller->all<room::Disconnected>()[0].reason, DisconnectReason::room_deleted);
    EXPECT_EQ(caller->all<room::Disconnected>()[0].code, errc::room_deleted);
  }
  EXPECT_EQ(talk.call.server->rooms(), 0U);
}

// The default delivery, with a backlog behind a storm: no cause may leave a reader hanging.
TEST(PacedStream, EndsInTimeWhateverTheCause) {
  using Cause = std::function<void(Talk&, const std::string& sid)>;
  const std::vector<std::pair<media::EndReason, Cause>> causes{
      {media::EndReason::unpublished, [](Talk& t, auto& sid) { t.alice.unpublish(sid); }},
      {media::EndReason::unsubscribed,
       [](Talk& t, auto& sid) { EXPECT_FALSE(t.bob.set_subscribed(sid, false)); }},
      {media::EndReason::participant_left, [](Talk& t, auto&) { t.alice.disconnect(); }},
      {media::EndReason::room_closed, [](Talk& t, auto&) { t.bob.disconnect(); }},
      {media::EndReason::participant_left,
       [](Talk& t, auto&) {
         t.server([](auto& server, auto now, auto& out) {
           server.remove_participant("room", "alice", now, out);
         });
       }},
      {media::EndReason::room_closed,
       [](Talk& t, auto&) {
         t.server([](auto& server, auto now, auto& out) { server.delete_room("room", now, out); });
       }},
  };
  for (const auto& [reason, cause] : causes) {
    SCOPED_TRACE(static_cast<int>(reason));
    Talk talk;
    ASSERT_TRUE(talk.connected());
    auto& voice = talk.voice({48000, 1}, std::make_unique<Speech>(48000));
    auto& ear = talk.bob.hear("alice");
    const auto sid = talk.publish(talk.alice, voice);
    ASSERT_NE(sid, "");
    talk.call.network.weather.jitter = milliseconds(120);
    talk.call.run_for(seconds(3));
    ASSERT_EQ(ear.ended(), media::EndReason::none);
    cause(talk, sid);
    const auto time = talk.until_end(ear);
    EXPECT_GE(time.count(), 0);
    EXPECT_LE(time, kPromptly);
    EXPECT_EQ(ear.ended(), reason);
  }
}

TEST_F(Room, AServerThatShutsDownSaysSo) {
  talk.server([](auto& server, auto now, auto& out) { server.shut_down(now, out); });
  talk.call.run_for(milliseconds(100));
  for (auto* caller : {&talk.alice, &talk.bob}) {
    ASSERT_EQ(caller->all<room::Disconnected>().size(), 1U);
    EXPECT_EQ(caller->all<room::Disconnected>()[0].reason, DisconnectReason::server_shutdown);
    EXPECT_EQ(caller->session.state(), ConnectionState::disconnected);
  }
}

TEST_F(Room, TheSecondOfOneIdentityReplacesTheFirst) {
  auto& double_ = talk.call.add("alice");
  ASSERT_TRUE(talk.connect(double_));
  ASSERT_EQ(talk.alice.all<room::Disconnected>().size(), 1U);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].reason, DisconnectReason::duplicate_identity);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].code, errc::duplicate_identity);
  EXPECT_NE(ear->ended(), media::EndReason::none);
  EXPECT_EQ(talk.call.server->participants(), 2U);
  const auto* now_there = talk.bob.session.room().find_identity("alice");
  ASSERT_NE(now_there, nullptr);
  EXPECT_EQ(now_there->sid, double_.session.room().local().sid);
  talk.call.run_for(seconds(30));
  EXPECT_EQ(talk.alice.session.state(), ConnectionState::disconnected) << "they must not fight";
  EXPECT_EQ(double_.session.state(), ConnectionState::connected);
}

TEST_F(Room, WhoLeftMayComeBackAndIsHeardAgain) {
  for (int time = 0; time < 3; ++time) {
    SCOPED_TRACE(time);
    auto& caller = time == 0 ? talk.alice : talk.call.add("alice");
    if (time > 0) {
      ear = &hear_again();
      ASSERT_TRUE(talk.connect(caller));
      ASSERT_NE(talk.publish_exact(caller, *voice), "");
      talk.call.run_for(milliseconds(500));
      EXPECT_GT(count_of(ear->heard(), 1), 24000U * 4 / 10);
    }
    caller.disconnect();
    expect_end(*ear, media::EndReason::participant_left);
  }
  EXPECT_EQ(talk.bob.all<room::ParticipantConnected>().size(), 2U);
}

TEST_F(Room, WhoSpeaksIsShownToAll) {
  voice->speaking = false;
  talk.call.run_for(seconds(3));
  talk.bob.events.clear();
  auto& loud = talk.voice({48000, 1}, std::make_unique<Speech>(48000));
  ASSERT_NE(talk.publish(talk.alice, loud), "");
  talk.call.run_for(seconds(2));
  const auto speaking = talk.bob.all<room::ActiveSpeakersChanged>();
  ASSERT_FALSE(speaking.empty());
  ASSERT_EQ(speaking.back().speakers.size(), 1U);
  EXPECT_EQ(speaking.back().speakers[0].who.identity, "alice");
  loud.speaking = false;
  talk.call.run_for(seconds(4));
  EXPECT_TRUE(talk.bob.all<room::ActiveSpeakersChanged>().back().speakers.empty());
}

TEST_F(Room, WithoutPermissionNothingIsPublished) {
  auto& carol = talk.call.add("carol");
  VideoGrants grants;
  grants.can_publish = false;
  const auto joined = carol.connect("room", grants);
  ASSERT_TRUE(talk.call.run_until([&] { return carol.done(joined); }));
  ASSERT_FALSE(carol.error(joined));
  auto& mute = talk.voice(kFormat, std::make_unique<Numbers>());
  const auto id = carol.publish(mute.mouth);
  ASSERT_TRUE(talk.call.run_until([&] { return carol.done(id); }));
  EXPECT_EQ(carol.error(id), errc::forbidden);
}

TEST_F(Room, AThirdComesLaterAndHearsBoth) {
  auto& reply = talk.voice(kFormat, std::make_unique<Numbers>(1, -1));
  ASSERT_NE(talk.publish_exact(talk.bob, reply), "");
  auto& carol = talk.call.add("carol");
  auto& from_alice = talk.hear_exact(carol, "alice", kFormat);
  auto& from_bob = talk.hear_exact(carol, "bob", kFormat);
  ASSERT_TRUE(talk.connect(carol));
  talk.call.run_for(seconds(1));
  EXPECT_GT(count_of(from_alice.heard(), 1), 18000U);
  EXPECT_EQ(count_of(from_alice.heard(), -1), 0U);
  EXPECT_GT(count_of(from_bob.heard(), -1), 18000U);
  EXPECT_EQ(count_of(from_bob.heard(), 1), 0U);
}

TEST_F(Room, NobodyHearsAnotherRoom) {
  auto& carol = talk.call.add("carol");
  auto& listens = talk.hear_exact(carol, "alice", kFormat);
  ASSERT_TRUE(talk.connect(carol, "another room"));
  talk.call.run_for(seconds(1));
  EXPECT_TRUE(carol.session.room().remotes().empty());
  EXPECT_EQ(listens.packets(), 0U);
  EXPECT_EQ(talk.call.server->rooms(), 2U);
}

TEST_F(Room, DataArrivesOnceAndInOrderOverALossyNetwork) {
  talk.call.network.weather.loss = 0.1;
  for (int i = 0; i < 50; ++i)
    talk.call.at(now() + milliseconds(20 * i), [this, i] {
      const auto text = "message " + std::to_string(i);
      talk.alice.turn([&](auto& session, auto& out) {
        EXPECT_FALSE(session.send_data({base::as_bytes(text), "chat", true, {}}, now(), out));
      });
    });
  talk.call.run_for(seconds(20));
  const auto received = talk.bob.all<room::DataReceived>();
  ASSERT_EQ(received.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i)
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(received[i].payload.data()),
                          received[i].payload.size()),
              "message " + std::to_string(i));
}

}  // namespace
}  // namespace sidetone::sim
