// One connection for both directions (wire_protocol §4.5): the same room, one transport less.
#include <gtest/gtest.h>

#include "core/session/scripted_server_test.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using test::Ear;
using test::LocalSource;
using test::person;
using test::Stage;
using test::with_track;

std::size_t offers(const Stage& stage) {
  std::size_t count = 0;
  for (const auto& request : stage.requests) count += request.has_offer() ? 1 : 0;
  return count;
}

struct Single : testing::Test {
  Stage stage;

  Single() { stage.script.peer_connections = PeerConnections::single; }

  // Alice is there and speaks before we come.
  std::uint32_t connect_to_alice() {
    stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
    stage.forward("PA_a", "TR_a");
    stage.connect();
    stage.run_for(50ms);
    return ssrc("TR_a");
  }

  std::uint32_t ssrc(const std::string& track_sid) { return stage.forwarded_ssrc(track_sid); }

  bool reconnected() {
    return stage.run_until([&] { return stage.session.state() == ConnectionState::connected; });
  }
};

TEST_F(Single, TheOfferGoesWithTheRequestAndNothingElseIsOffered) {
  stage.connect();
  ASSERT_EQ(stage.opened.size(), 1U);
  EXPECT_EQ(stage.opened[0].target.substr(0, 21), "/rtc/v1?join_request=");
  EXPECT_EQ(stage.story(), "connected");
  EXPECT_EQ(offers(stage), 0U);
  EXPECT_TRUE(stage.session.figures().publisher.connected_after);
  EXPECT_FALSE(stage.session.figures().subscriber.connected_after);
}

TEST_F(Single, ATrackThatIsThereComesWithTheFirstAnswer) {
  auto from = connect_to_alice();
  EXPECT_EQ(stage.story(), "subscribed connected");
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  stage.send_audio(from, "word");
  stage.run_for(50ms);
  EXPECT_EQ(ear.packets.size(), 1U);
  EXPECT_EQ(offers(stage), 0U);
}

TEST_F(Single, PublishingAddsASectionBesideThoseWeReceiveOn) {
  auto from = connect_to_alice();
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  LocalSource source;
  EXPECT_EQ(stage.publish(source), "TR_1");
  EXPECT_EQ(offers(stage), 1U);
  auto offer = sdp::parse(stage.requests.back().offer().sdp());
  for (const auto& request : stage.requests)
    if (request.has_offer()) offer = sdp::parse(request.offer().sdp());
  ASSERT_TRUE(offer);
  auto sections = sdp::audio_sections(*offer);
  ASSERT_EQ(sections.size(), 5U);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(sections[i].direction, sdp::Direction::recvonly)
        << "an inactive one is lost for good";
    EXPECT_EQ(sections[i].ssrc, 0U);
  }
  EXPECT_EQ(sections[4].direction, sdp::Direction::sendonly);
  stage.send_audio(from, "word");
  stage.run_for(500ms);
  EXPECT_GE(stage.heard.size(), 23U);
  EXPECT_EQ(ear.packets.size(), 1U) << "the new answer keeps what was received before";
  EXPECT_TRUE(ear.ended.empty());
}

TEST_F(Single, TheServerAsksForMoreSectionsAndGetsThem) {
  stage.connect();
  std::vector<livekit::ParticipantInfo> others;
  for (int i = 0; i < 6; ++i) {
    auto number = std::to_string(i);
    others.push_back(with_track(person("PA_" + number, "p" + number), "TR_p" + number));
    stage.forward("PA_" + number, "TR_p" + number);
  }
  stage.send_update(others);
  stage.offer();
  stage.run_for(100ms);
  EXPECT_EQ(offers(stage), 2U) << "four fit, then two sections more";
  std::size_t subscribed = 0;
  for (const auto& [sid, who] : stage.session.room().remotes())
    subscribed += who.tracks.at(0).subscribed ? 1 : 0;
  EXPECT_EQ(subscribed, 6U);
}

TEST_F(Single, AFloodOfRequirementsCostsOneOfferAtATime) {
  stage.connect();
  stage.script.answer_offers = false;
  for (int i = 0; i < 1000; ++i) {
    livekit::SignalResponse response;
    response.mutable_media_sections_requirement()->set_num_audios(4'000'000'000U);
    stage.send(response);
  }
  stage.settle();
  EXPECT_EQ(offers(stage), 1U);
  auto offer = sdp::parse(stage.requests.back().offer().sdp());
  for (const auto& request : stage.requests)
    if (request.has_offer()) offer = sdp::parse(request.offer().sdp());
  ASSERT_TRUE(offer);
  EXPECT_EQ(sdp::audio_sections(*offer).size(), 64U) << "as many as a peer receives";
}

TEST_F(Single, UnsubscribedAndSubscribedAgainItIsAnotherSource) {
  auto from = connect_to_alice();
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  EXPECT_FALSE(stage.session.set_subscribed("TR_a", false, stage.now(), stage.out));
  stage.settle();
  EXPECT_EQ(ear.ended.size(), 1U);
  stage.withdraw(from);
  stage.offer();
  stage.run_for(50ms);
  EXPECT_FALSE(stage.session.set_subscribed("TR_a", true, stage.now(), stage.out));
  auto again = stage.forward("PA_a", "TR_a");
  stage.offer();
  stage.run_for(50ms);
  Ear second;
  EXPECT_FALSE(stage.session.attach("TR_a", second, StreamEnd::with_track, stage.now()));
  stage.send_audio(again, "word");
  stage.run_for(50ms);
  EXPECT_EQ(second.packets.size(), 1U);
}

TEST_F(Single, DataGoesBothWaysOnTheOneConnection) {
  stage.connect();
  stage.run_for(200ms);
  ASSERT_FALSE(
      stage.session.send_data({base::as_bytes("out"), "", true, {}}, stage.now(), stage.out));
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload("in");
  auto bytes = packet.SerializeAsString();
  stage.send_data(bytes);
  stage.run_for(100ms);
  EXPECT_EQ(stage.messages.size(), 1U);
  EXPECT_EQ(stage.story(), "connected data");
}

TEST_F(Single, ALostSocketIsResumedByAnOfferOfOurs) {
  auto from = connect_to_alice();
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  LocalSource source;
  stage.publish(source);
  stage.run_for(100ms);
  stage.story();
  stage.asked();
  auto ssrc_before = stage.heard.back().ssrc;
  stage.drop_socket();
  ASSERT_TRUE(reconnected());
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.asked(), "sync_state offer");
  stage.heard.clear();
  stage.send_audio(from, "after");
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 45U);
  EXPECT_EQ(stage.heard.back().ssrc, ssrc_before);
  EXPECT_EQ(ear.packets.size(), 1U);
  EXPECT_TRUE(ear.ended.empty());
  EXPECT_EQ(stage.session.counters().restarts, 0U);
}

TEST_F(Single, AServerThatForgotUsIsJoinedAnewWithTheSameSource) {
  connect_to_alice();
  LocalSource source;
  stage.publish(source);
  stage.story();
  stage.script.resume = false;
  stage.drop_socket();
  ASSERT_TRUE(reconnected());
  EXPECT_EQ(stage.story(), "reconnecting unsubscribed subscribed republished reconnected");
  EXPECT_EQ(stage.opened.back().target.substr(0, 8), "/rtc/v1?");
  stage.heard.clear();
  stage.run_for(500ms);
  EXPECT_GE(stage.heard.size(), 23U);
}

TEST(Automatic, AServerWithoutTheSinglePathGetsTwoConnectionsInTheSameCall) {
  Stage stage;
  stage.script.peer_connections = PeerConnections::automatic;
  stage.script.single = false;
  stage.connect();
  ASSERT_EQ(stage.opened.size(), 2U);
  EXPECT_EQ(stage.opened[1].target.substr(0, 5), "/rtc?");
  stage.run_for(100ms);
  EXPECT_EQ(stage.story(), "connected");
  EXPECT_TRUE(stage.session.figures().subscriber.connected_after);
  LocalSource source;
  EXPECT_EQ(stage.publish(source), "TR_1");
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  stage.settle();
  ASSERT_TRUE(stage.run_until([&] { return stage.session.state() == ConnectionState::connected; }));
  EXPECT_EQ(stage.opened.size(), 3U) << "it is remembered";
}

TEST(Automatic, AServerWithTheSinglePathGetsOne) {
  Stage stage;
  stage.script.peer_connections = PeerConnections::automatic;
  stage.connect();
  EXPECT_EQ(stage.opened.size(), 1U);
  EXPECT_FALSE(stage.session.figures().subscriber.connected_after);
}

TEST(Automatic, OtherRefusalsAreFinal) {
  Stage stage;
  stage.script.peer_connections = PeerConnections::automatic;
  stage.script.open_sockets = false;
  stage.start_connect(1);
  stage.session.on_socket_refused(stage.socket, {401, "no"}, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.completion(1)->error, errc::unauthorized);
  EXPECT_EQ(stage.opened.size(), 1U);
}

TEST_F(Single, WithoutThatPathTheRefusalIsShown) {
  stage.script.single = false;
  stage.start_connect(1);
  ASSERT_NE(stage.completion(1), nullptr);
  EXPECT_EQ(stage.completion(1)->error, errc::not_found);
}

}  // namespace
}  // namespace sidetone::session
