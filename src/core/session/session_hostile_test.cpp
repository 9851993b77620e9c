// What a server may send that it should not, or that we do not know: defined, counted, survived.
#include <gtest/gtest.h>

#include "core/session/scripted_server_test.hpp"
#include "core/signal/trickle.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using test::Ear;
using test::LocalSource;
using test::person;
using test::Stage;
using test::with_track;

void say(Stage& stage, const std::string& bytes) {
  stage.session.on_socket_message(stage.socket, base::as_bytes(bytes), stage.now(), stage.out);
  stage.settle();
}

void trickle(Stage& stage, std::string candidate, livekit::SignalTarget target) {
  livekit::SignalResponse response;
  response.mutable_trickle()->set_candidateinit(
      signal::format_candidate_init({std::move(candidate), "0", 0}));
  response.mutable_trickle()->set_target(target);
  stage.send(response);
  stage.settle();
}

TEST(StrangeServer, ASecondJoinIsIgnored) {
  for (bool early : {true, false}) {
    Stage stage;
    stage.start_connect(1);
    if (!early) stage.run_until([&] { return stage.completion(1) != nullptr; });
    livekit::SignalResponse again;
    auto& join = *again.mutable_join();
    join.mutable_room()->set_name("another");
    *join.mutable_participant() = person("PA_other", "other");
    *join.add_other_participants() = person("PA_x", "stranger");
    stage.send(again);
    stage.settle();
    ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }));
    EXPECT_FALSE(stage.completion(1)->error);
    EXPECT_EQ(stage.session.room().info().name, "room");
    EXPECT_EQ(stage.session.room().local().sid, "PA_me1");
    EXPECT_EQ(stage.story(), "connected");
  }
}

TEST(OlderServer, WithoutItsNewerFieldsEverythingWorks) {
  Stage stage;
  stage.script.others = {with_track(person("PA_a", "alice", 0), "TR_a")};
  stage.script.fast_publish = false;
  stage.script.edit_join = [](livekit::JoinResponse& join) {
    auto local = join.participant();
    auto others = join.other_participants();
    join.Clear();
    join.set_subscriber_primary(true);
    *join.mutable_participant() = local;
    *join.mutable_other_participants() = others;
    join.mutable_room()->set_name("room");  // its sid comes with an update
  };
  stage.connect();
  auto ssrc = stage.forward("PA_a", "TR_a");
  stage.offer();
  stage.run_for(100ms);
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  stage.send_audio(ssrc, "word");
  LocalSource source;
  EXPECT_EQ(stage.publish(source), "TR_1");
  stage.run_for(500ms);
  EXPECT_EQ(ear.packets.size(), 1U);
  EXPECT_GE(stage.heard.size(), 23U);
  EXPECT_TRUE(stage.session.room().local().permissions.can_publish) << "nothing said: allowed";
  EXPECT_EQ(stage.session.room().info().sid, "");
}

TEST(OlderServer, ItsLeaveSaysReconnectInTheOldWay) {
  Stage stage;
  stage.connect();
  stage.story();
  livekit::SignalResponse response;
  response.mutable_leave()->set_can_reconnect(true);
  stage.send(response);
  stage.settle();
  ASSERT_TRUE(stage.run_until([&] { return stage.session.state() == ConnectionState::connected; }));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
}

TEST(NewerServer, UnknownMessagesAreCountedAndPassedOver) {
  Stage stage;
  stage.connect();
  say(stage, std::string("\xba\x3e\x02\x08\x01", 5));  // field 999, a message
  say(stage, "");
  EXPECT_EQ(stage.session.counters().unknown_messages, 2U);
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
}

TEST(NewerServer, UnknownEnumValuesHaveADefault) {
  Stage stage;
  stage.connect();
  stage.story();
  auto info = person("PA_a", "alice");
  info.set_kind(static_cast<livekit::ParticipantInfo::Kind>(77));
  info.set_state(static_cast<livekit::ParticipantInfo::State>(77));
  auto& track = *info.add_tracks();
  track.set_sid("TR_a");
  track.set_source(static_cast<livekit::TrackSource>(77));
  track.set_type(static_cast<livekit::TrackType>(77));
  stage.send_update({info});
  livekit::SignalResponse response;
  auto& quality = *response.mutable_connection_quality()->add_updates();
  quality.set_participant_sid("PA_a");
  quality.set_quality(static_cast<livekit::ConnectionQuality>(77));
  stage.send(response);
  response.mutable_subscription_response()->set_track_sid("TR_a");
  response.mutable_subscription_response()->set_err(static_cast<livekit::SubscriptionError>(77));
  stage.send(response);
  response.mutable_request_response()->set_reason(static_cast<livekit::RequestResponse_Reason>(77));
  stage.send(response);
  stage.settle();
  EXPECT_EQ(stage.story(), "joined published sub-failed");
  const auto* alice = stage.session.room().find("PA_a");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->kind, ParticipantKind::standard);
  EXPECT_EQ(alice->quality, ConnectionQuality::unknown);
  EXPECT_EQ(alice->tracks.at(0).source, TrackSource::unknown);
}

TEST(NewerServer, AnUnknownReasonToLeaveIsSaidByItsNumber) {
  Stage stage;
  stage.connect();
  stage.leave(static_cast<livekit::DisconnectReason>(99),
              static_cast<livekit::LeaveRequest::Action>(7));
  stage.settle();
  const auto& end = std::get<room::Disconnected>(stage.events.back());
  EXPECT_EQ(end.reason, DisconnectReason::unknown);
  EXPECT_EQ(end.text, "the server ended the session (99)");
}

TEST(StrangeDescription, SectionsWeDoNotKnowAreDeclinedAndAudioPlays) {
  Stage stage;
  stage.connect();
  stage.script.edit_offer = [](std::string& sdp) {
    sdp += "m=message 9 TCP/MSRP *\r\nc=IN IP4 0.0.0.0\r\na=mid:77\r\na=what:ever\r\n";
    sdp += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:78\r\n";
    sdp += "a=rtpmap:96 VP8/90000\r\na=sendonly\r\n";
    auto bundle = sdp.find("\r\n", sdp.find("a=group:BUNDLE"));
    sdp.insert(bundle, " 77 78");
  };
  stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
  stage.send_update(stage.script.others);
  auto ssrc = stage.forward("PA_a", "TR_a");
  stage.accept_any_answer = true;
  stage.offer();
  stage.run_for(100ms);
  EXPECT_EQ(stage.session.counters().refused_descriptions, 0U);
  sdp::Description answer;
  for (const auto& request : stage.requests)
    if (request.has_answer()) answer = *sdp::parse(request.answer().sdp());
  ASSERT_EQ(answer.sections.size(), 4U);
  EXPECT_TRUE(answer.sections[2].rejected());
  EXPECT_EQ(answer.sections[3].direction, sdp::Direction::inactive);
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  stage.send_audio(ssrc, "word");
  stage.run_for(50ms);
  EXPECT_EQ(ear.packets.size(), 1U);
}

TEST(StrangeCandidate, NamesAndNonsenseAreCountedAndTheOthersConnect) {
  Stage stage;
  stage.start_connect(1);
  for (auto target : {livekit::PUBLISHER, livekit::SUBSCRIBER}) {
    trickle(stage, "candidate:1 1 udp 2122 4f1d2a0b-1c2d.local 5000 typ host", target);
    trickle(stage, "candidate:nonsense", target);
    trickle(stage, "", target);  // the end of candidates, not a fault
  }
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }));
  EXPECT_FALSE(stage.completion(1)->error);
  EXPECT_EQ(stage.session.counters().refused_candidates, 2U) << "a name is one, for others";
}

TEST(StrangeOrder, CandidatesBeforeTheOfferAreUsed) {
  Stage stage;
  std::string offer;
  stage.script.edit_offer = [&](std::string& sdp) {
    for (auto at = sdp.find("a=candidate"); at != std::string::npos; at = sdp.find("a=candidate"))
      sdp.erase(at, sdp.find("\r\n", at) + 2 - at);
    offer = sdp;
  };
  stage.script.trickle_first = true;
  stage.connect();
  EXPECT_NE(offer, "");
  EXPECT_EQ(stage.session.counters().refused_candidates, 0U);
}

TEST(StrangeOrder, AudioBeforeTheOfferThatNamesItIsHeard) {
  Stage stage;
  stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
  stage.connect();
  auto ssrc = stage.forward("PA_a", "TR_a");
  stage.send_audio(ssrc, "early");
  stage.run_for(100ms);
  stage.offer();
  stage.run_for(50ms);
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  ASSERT_EQ(ear.packets.size(), 1U);
}

TEST(Hostile, SourcesNeverAnnouncedAreCountedAndKeptNowhere) {
  Stage stage;
  stage.connect();
  for (int i = 0; i < 200; ++i) {
    auto ssrc = stage.forward("PA_x", "TR_x" + std::to_string(i));
    stage.send_audio(ssrc, "noise");
  }
  stage.run_for(2s);
  stage.send_audio(stage.forward("PA_x", "TR_last"), "noise");
  stage.run_for(2s);
  EXPECT_GE(stage.session.figures().subscriber.packets.unknown_ssrc, 190U);
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
}

TEST(Hostile, AFloodOfDataIsDeliveredAndNothingElseStops) {
  Stage stage;
  stage.connect();
  stage.run_for(200ms);
  LocalSource source;
  stage.publish(source);
  stage.heard.clear();
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload(std::string(1000, 'x'));
  auto bytes = packet.SerializeAsString();
  for (int second = 0; second < 2; ++second) {
    for (int i = 0; i < 500; ++i) stage.send_data(bytes);
    stage.send_data("\xff\xff garbage");
    stage.run_for(1s);
  }
  EXPECT_EQ(stage.session.counters().undecodable_data, 2U);
  EXPECT_GE(stage.heard.size(), 95U) << "audio goes on beside it";
  std::size_t data = 0;
  for (const auto& event : stage.events) data += std::holds_alternative<room::DataReceived>(event);
  EXPECT_EQ(data, 1000U);
}

TEST(Hostile, ToAPeerThatStopsReadingWeStopSending) {
  Stage stage;
  stage.connect();
  stage.run_for(200ms);
  stage.script.media = false;
  std::string payload(60'000, 'x');
  int taken = 0;
  error_code error;
  for (int i = 0; i < 100 && !error; ++i) {
    error =
        stage.session.send_data({base::as_bytes(payload), "", true, {}}, stage.now(), stage.out);
    if (!error) ++taken;
    stage.settle();
  }
  EXPECT_EQ(error, errc::would_block);
  EXPECT_LE(taken, 18) << "a mebibyte";
  stage.script.media = true;
  EXPECT_TRUE(stage.run_until(
      [&] {
        return !stage.session.send_data({base::as_bytes(payload), "", true, {}}, stage.now(),
                                        stage.out);
      },
      30s));
}

}  // namespace
}  // namespace sidetone::session
