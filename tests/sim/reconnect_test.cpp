// Lost connections: one Reconnecting, one Reconnected, the same source goes on; or one end.
#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

constexpr audio::Format kFormat{24000, 1};

std::size_t sounding(const Ear& ear) {
  std::size_t count = 0;
  for (auto sample : ear.heard()) count += sample != 0 ? 1 : 0;
  return count;
}

// Both speak, both hear, exactly.
class Reconnect : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(talk.connected());
    voice = &talk.voice(kFormat, std::make_unique<Numbers>());
    reply = &talk.voice(kFormat, std::make_unique<Numbers>());
    voice->remembers = reply->remembers = false;
    bobs_ear = &talk.hear_exact(talk.bob, "alice", kFormat);
    alices_ear = &talk.hear_exact(talk.alice, "bob", kFormat);
    sid = talk.publish_exact(talk.alice, *voice);
    ASSERT_NE(sid, "");
    ASSERT_NE(talk.publish_exact(talk.bob, *reply), "");
    talk.call.run_for(seconds(1));
    ASSERT_GT(sounding(*bobs_ear), 20000U);
    ASSERT_GT(sounding(*alices_ear), 20000U);
  }

  void expect_one_reconnect(const Caller& caller) {
    EXPECT_EQ(caller.all<room::Reconnecting>().size(), 1U);
    EXPECT_EQ(caller.all<room::Reconnected>().size(), 1U);
    EXPECT_EQ(caller.all<room::Disconnected>().size(), 0U);
    EXPECT_EQ(caller.session.state(), ConnectionState::connected);
  }

  void expect_heard(Ear& ear) {
    ear.forget();
    talk.call.run_for(seconds(1));
    EXPECT_GT(sounding(ear), 23000U) << "all of that second";
  }

  bool reconnected(const Caller& caller) {
    return talk.call.run_until([&] { return !caller.all<room::Reconnected>().empty(); });
  }

  Talk talk;
  Voice* voice = nullptr;
  Voice* reply = nullptr;
  Ear* bobs_ear = nullptr;
  Ear* alices_ear = nullptr;
  std::string sid;
};

TEST_F(Reconnect, ACutOfTheSignallingIsResumedWhileBothGoOnHearing) {
  const auto begin = now();
  bobs_ear->forget();
  alices_ear->forget();
  talk.call.break_signalling(talk.alice);
  ASSERT_TRUE(reconnected(talk.alice));
  EXPECT_LT(now() - begin, seconds(2));
  talk.call.run_for(begin + seconds(5) - now());
  expect_one_reconnect(talk.alice);
  EXPECT_EQ(talk.call.server->counters().resumed, 1U);
  EXPECT_EQ(talk.call.server->counters().joined, 2U) << "nobody had to join anew";
  for (auto* ear : {alices_ear, bobs_ear}) {
    EXPECT_EQ(ear->ended(), media::EndReason::none);
    EXPECT_GT(sounding(*ear), 5U * 23500U) << "all of the five seconds";
    EXPECT_EQ(ear->counters().concealed_samples, 0U);
  }
  EXPECT_TRUE(talk.alice.all<room::LocalTrackRepublished>().empty());
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_EQ(talk.bob.all<room::Reconnecting>().size(), 0U) << "Bob's connection was never touched";
  const auto counters = voice->mouth.counters();
  EXPECT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
}

TEST_F(Reconnect, AServerThatForgotEverythingIsJoinedAnew) {
  const auto played = voice->mouth.counters().played;
  const auto begin = now();
  talk.call.restart_server();
  ASSERT_TRUE(reconnected(talk.alice));
  ASSERT_TRUE(reconnected(talk.bob));
  auto& bob_again = talk.hear_exact(talk.bob, "alice", kFormat);
  auto& alice_again = talk.hear_exact(talk.alice, "bob", kFormat);
  ASSERT_TRUE(talk.call.run_until(
      [&] { return sounding(bob_again) > 0 && sounding(alice_again) > 0; }, seconds(5)));
  EXPECT_LT(now() - begin, seconds(5));
  talk.call.run_for(seconds(2));
  expect_one_reconnect(talk.alice);
  expect_one_reconnect(talk.bob);
  expect_heard(bob_again);
  expect_heard(alice_again);
  EXPECT_GT(voice->mouth.counters().played, played + 24000);
  const auto republished = talk.alice.all<room::LocalTrackRepublished>();
  ASSERT_EQ(republished.size(), 1U);
  EXPECT_EQ(republished[0].previous_sid, sid);
  EXPECT_EQ(talk.call.server->participants(), 2U);
}

TEST_F(Reconnect, AMutedTrackComesBackMuted) {
  ASSERT_FALSE(talk.alice.set_muted(sid, true));
  talk.call.run_for(seconds(2));
  talk.call.restart_server();
  ASSERT_TRUE(reconnected(talk.alice));
  ASSERT_TRUE(reconnected(talk.bob));
  auto& again = talk.hear_exact(talk.bob, "alice", kFormat);
  talk.call.run_for(seconds(2));
  EXPECT_EQ(sounding(again), 0U);
  const auto* alice = talk.bob.session.room().find_identity("alice");
  ASSERT_NE(alice, nullptr);
  ASSERT_EQ(alice->tracks.size(), 1U);
  EXPECT_TRUE(alice->tracks[0].muted);
}

TEST_F(Reconnect, AnUnpluggedParticipantIsMissedAndGivesUpItself) {
  const auto begin = now();
  talk.call.unplug(talk.alice);
  ASSERT_TRUE(talk.call.run_until(
      [&] { return !talk.bob.all<room::ParticipantDisconnected>().empty(); }, seconds(90)));
  EXPECT_LT(now() - begin, seconds(60)) << "consent lost, then twenty seconds for a return";
  EXPECT_EQ(bobs_ear->ended(), media::EndReason::participant_left);
  ASSERT_TRUE(talk.call.run_until([&] { return !talk.alice.all<room::Disconnected>().empty(); },
                                  std::chrono::minutes(10)));
  EXPECT_EQ(talk.alice.all<room::Reconnecting>().size(), 1U);
  EXPECT_EQ(talk.alice.all<room::Reconnected>().size(), 0U);
  ASSERT_EQ(talk.alice.all<room::Disconnected>().size(), 1U);
  EXPECT_EQ(talk.alice.all<room::Disconnected>()[0].code, errc::reconnect_failed);
  EXPECT_EQ(alices_ear->ended(), media::EndReason::room_closed);
  EXPECT_EQ(talk.call.server->participants(), 1U);
}

TEST_F(Reconnect, AParticipantPluggedInAgainComesBack) {
  talk.call.unplug(talk.alice);
  talk.call.run_for(seconds(20));
  EXPECT_EQ(talk.alice.session.state(), ConnectionState::reconnecting);
  talk.call.plug_in(talk.alice);
  ASSERT_TRUE(talk.call.run_until([&] { return !talk.alice.all<room::Reconnected>().empty(); },
                                  seconds(60)));
  auto& again = talk.hear_exact(talk.bob, "alice", kFormat);
  talk.call.run_for(seconds(2));
  expect_one_reconnect(talk.alice);
  expect_heard(*alices_ear);
  expect_heard(bobs_ear->ended() == media::EndReason::none ? *bobs_ear : again);
  EXPECT_EQ(talk.call.server->participants(), 2U);
}

TEST_F(Reconnect, AnAnswerThatNeverCameDoesNotKeepAReconnectBusy) {
  auto& other = talk.voice(kFormat, std::make_unique<Numbers>());
  const auto id =
      talk.alice.publish(other.mouth, {}, {}, media::make_passthrough_encoder(24000, 1));
  talk.call.run_for(milliseconds(3));  // add_track was answered, the offer is on its way
  // Silence, until shortly before the answer is due; then resume after resume fails.
  talk.call.unplug(talk.alice);
  talk.call.run_for(milliseconds(14'500));
  EXPECT_FALSE(talk.alice.done(id));
  livekit::SignalResponse resume;
  resume.mutable_leave()->set_action(livekit::LeaveRequest::RESUME);
  talk.alice.turn([&](auto& session, auto& out) {
    const auto bytes = resume.SerializeAsString();
    session.on_socket_message(1, base::as_bytes(bytes), now(), out);
  });
  EXPECT_EQ(talk.alice.session.state(), ConnectionState::reconnecting);
  talk.call.run_for(seconds(5));  // throws when time stands still
  EXPECT_TRUE(talk.alice.done(id));
  EXPECT_EQ(talk.alice.error(id), errc::timed_out);
}

TEST_F(Reconnect, AnUnpluggedMinuteLeavesOthersAlone) {
  auto& carol = talk.call.add("carol");
  auto& carols_ear = talk.hear_exact(carol, "bob", kFormat);
  ASSERT_TRUE(talk.connect(carol));
  talk.call.unplug(talk.alice);
  for (int second = 0; second < 60; ++second) {
    talk.call.run_for(seconds(1));
    if (second == 0) carols_ear.forget();
  }
  EXPECT_GT(sounding(carols_ear), 58U * 24000U);
  EXPECT_EQ(carols_ear.counters().concealed_samples, 0U);
}

}  // namespace
}  // namespace sidetone::sim
