#include "core/session/session.hpp"

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

TEST(Session, ConnectsWhenJoinedAndTheMediaIsUp) {
  Stage stage;
  stage.start_connect(1);
  EXPECT_EQ(stage.session.state(), ConnectionState::connecting);
  EXPECT_EQ(stage.completion(1), nullptr) << "joined is not connected";
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }, 1s));
  EXPECT_FALSE(stage.completion(1)->error);
  EXPECT_EQ(stage.story(), "connected");
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
  ASSERT_EQ(stage.opened.size(), 1U);
  EXPECT_EQ(stage.opened[0].authorization, "Bearer first.to.ken");
  EXPECT_EQ(stage.opened[0].target.substr(0, 5), "/rtc?");
  EXPECT_EQ(stage.session.room().info().name, "room");
}

TEST(Session, PublishesAndPacketsArrive) {
  Stage stage;
  stage.connect();
  stage.asked();
  LocalSource source;
  auto sid = stage.publish(source, {.name = "voice"});
  EXPECT_EQ(sid, "TR_1");
  EXPECT_EQ(stage.asked(), "add_track offer");
  EXPECT_TRUE(source.feed.sink);
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 48U);
  EXPECT_EQ(stage.session.room().local().tracks.at(0).name, "voice");
}

TEST(Session, ARefusalIsShownWithItsReason) {
  Stage stage;
  stage.script.open_sockets = false;
  stage.start_connect(1);
  stage.session.on_socket_refused(
      stage.socket, {401, "invalid token: eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.AAAA, error: x"},
      stage.now(), stage.out);
  stage.settle();
  ASSERT_NE(stage.completion(1), nullptr);
  EXPECT_EQ(stage.completion(1)->error, errc::unauthorized);
  EXPECT_EQ(stage.completion(1)->text, "HTTP 401: invalid token: <token>, error: x");
  EXPECT_EQ(stage.story(), "") << "a room that never was has no events";
  EXPECT_FALSE(stage.session.next_deadline());
}

TEST(Session, NoServerIsUnreachable) {
  Stage stage;
  stage.script.open_sockets = false;
  stage.start_connect(1);
  stage.session.on_socket_closed(stage.socket, {errc::unreachable, "connection refused"},
                                 stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.completion(1)->error, errc::unreachable);
  EXPECT_EQ(stage.completion(1)->text, "connection refused");
}

TEST(Session, AUrlThatIsNoneIsRefusedAtOnce) {
  Stage stage;
  ConnectOptions options;
  options.url = "server:7880";
  options.token = "t";
  stage.session.connect(1, options, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.completion(1)->error, errc::invalid_argument);
  EXPECT_TRUE(stage.opened.empty());
}

TEST(Session, ConnectHasADeadlineOverAll) {
  Stage stage;
  stage.script.media = false;
  stage.start_connect(1, 3s);
  auto start = stage.now();
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }, 5s));
  EXPECT_EQ(stage.now() - start, 3s);
  EXPECT_EQ(stage.completion(1)->error, errc::timed_out);
  EXPECT_NE(stage.completion(1)->text.find("media connection"), std::string::npos);
  EXPECT_NE(stage.asked().find("leave"), std::string::npos) << "the server is told";
  EXPECT_EQ(stage.closed_sockets.size(), 1U);
}

TEST(Session, ASilentServerTimesOut) {
  Stage stage;
  stage.script.greet = false;
  stage.start_connect(1, 20s);
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }, 20s));
  EXPECT_EQ(stage.completion(1)->error, errc::timed_out);
}

TEST(Session, ACancelledConnectLeaves) {
  Stage stage;
  stage.start_connect(1);
  stage.session.cancel(1, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.completion(1)->error, make_error_code(boost::system::errc::operation_canceled));
  EXPECT_NE(stage.asked().find("leave"), std::string::npos);
  EXPECT_EQ(stage.closed_sockets.size(), 1U);
  stage.run_for(1s);
  EXPECT_EQ(stage.session.state(), ConnectionState::disconnected);
  EXPECT_EQ(stage.completions.size(), 1U);
}

TEST(Session, ARoomConnectsOnce) {
  Stage stage;
  stage.connect();
  stage.start_connect(2);
  EXPECT_EQ(stage.completion(2)->error, errc::closed);
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
}

TEST(Session, TheOfferFollowsTrackPublished) {
  Stage stage;
  stage.connect();
  stage.script.publish_tracks = false;
  stage.run_for(100ms);
  stage.asked();
  LocalSource source;
  stage.session.publish(5, {.cid = "c1"}, source.pipeline, stage.now(), stage.out);
  stage.run_for(1s);
  EXPECT_EQ(stage.asked(), "add_track");
  livekit::SignalResponse response;
  response.mutable_track_published()->set_cid("c1");
  response.mutable_track_published()->mutable_track()->set_sid("TR_x");
  stage.send(response);
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(5) != nullptr; }, 1s));
  EXPECT_EQ(stage.completion(5)->track_sid, "TR_x");
  EXPECT_EQ(stage.asked(), "offer");
}

TEST(Session, WithoutFastPublishTheFirstTrackStartsTheConnection) {
  Stage stage;
  stage.script.fast_publish = false;
  stage.connect();
  stage.run_for(1s);
  EXPECT_EQ(stage.asked(), "answer");
  LocalSource source;
  EXPECT_EQ(stage.publish(source), "TR_1");
}

TEST(Session, AddTrackSaysWhatTheSpecSays) {
  Stage stage;
  stage.connect();
  stage.script.publish_tracks = false;
  LocalSource source;
  TrackSpec spec;
  spec.cid = "c";
  spec.name = "n";
  spec.source = TrackSource::screen_share_audio;
  spec.muted = spec.stereo = true;
  spec.dtx = false;
  spec.stream = "s";
  stage.session.publish(5, spec, source.pipeline, stage.now(), stage.out);
  stage.settle();
  const auto& add = stage.requests.back().add_track();
  EXPECT_EQ(add.cid(), "c");
  EXPECT_EQ(add.name(), "n");
  EXPECT_EQ(add.source(), livekit::SCREEN_SHARE_AUDIO);
  EXPECT_TRUE(add.muted());
  EXPECT_TRUE(add.stereo());
  EXPECT_TRUE(add.disable_dtx());
  EXPECT_TRUE(add.disable_red());
  EXPECT_EQ(add.stream(), "s");
  EXPECT_EQ(add.audio_features_size(), 2);
  EXPECT_TRUE(source.feed.muted);
}

TEST(Session, RedIsSentWhenAskedForAndAccepted) {
  Stage stage;
  stage.connect();
  LocalSource source;
  stage.publish(source, {.red = true});
  stage.run_for(200ms);
  ASSERT_FALSE(stage.heard.empty());
  const auto& packet = stage.heard.back();
  EXPECT_EQ(packet.payload_type, 63);
  EXPECT_EQ(std::to_integer<int>(packet.payload.bytes()[0]), 111) << "one block: the primary";
}

TEST(Session, ARefusedTrackIsForbidden) {
  Stage stage;
  stage.connect();
  stage.script.publish_tracks = false;
  LocalSource source;
  stage.session.publish(5, {.cid = "c"}, source.pipeline, stage.now(), stage.out);
  stage.settle();
  livekit::SignalResponse response;
  response.mutable_request_response()->set_reason(livekit::RequestResponse::NOT_ALLOWED);
  response.mutable_request_response()->set_message("no");
  response.mutable_request_response()->mutable_add_track()->set_cid("c");
  stage.send(response);
  stage.settle();
  ASSERT_NE(stage.completion(5), nullptr);
  EXPECT_EQ(stage.completion(5)->error, errc::forbidden);
  EXPECT_EQ(stage.completion(5)->text, "no");
}

TEST(Session, APublishThatIsNotAnsweredTimesOutAndIsForgotten) {
  Stage stage;
  stage.connect();
  stage.script.publish_tracks = false;
  LocalSource source;
  stage.session.publish(5, {.cid = "c"}, source.pipeline, stage.now(), stage.out);
  stage.session.set_deadline(5, stage.now() + 2s);
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(5) != nullptr; }, 5s));
  EXPECT_EQ(stage.completion(5)->error, errc::timed_out);
  EXPECT_FALSE(source.feed.sink);
  livekit::SignalResponse late;
  late.mutable_track_published()->set_cid("c");
  late.mutable_track_published()->mutable_track()->set_sid("TR_late");
  stage.asked();
  stage.send(late);
  stage.run_for(1s);
  EXPECT_EQ(stage.asked(), "");
}

TEST(Session, OneOfferAtATime) {
  Stage stage;
  stage.connect();
  stage.run_for(100ms);
  stage.script.answer_offers = false;
  stage.asked();
  LocalSource first;
  LocalSource second;
  stage.session.publish(5, {}, first.pipeline, stage.now(), stage.out);
  stage.settle();
  stage.session.publish(6, {}, second.pipeline, stage.now(), stage.out);
  stage.run_for(1s);
  EXPECT_EQ(stage.asked(), "add_track offer add_track");
}

TEST(Session, UnpublishingEndsTheTrackAtOnceAndCompletesWithTheAnswer) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.story();
  stage.session.unpublish(7, sid, stage.now(), stage.out);
  EXPECT_FALSE(source.feed.sink);
  stage.settle();
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(7) != nullptr; }, 1s));
  EXPECT_FALSE(stage.completion(7)->error);
  EXPECT_EQ(stage.story(), "unpublished");
  auto sections = sdp::audio_sections(*sdp::parse(stage.requests.back().offer().sdp()));
  ASSERT_EQ(sections.size(), 1U);
  EXPECT_EQ(sections[0].direction, sdp::Direction::inactive);
  EXPECT_TRUE(stage.session.room().local().tracks.empty());
  stage.session.unpublish(8, sid, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.completion(8)->error, errc::not_found);
}

TEST(Session, ARepublishedSourceGetsANewSection) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.session.unpublish(7, sid, stage.now(), stage.out);
  stage.run_for(100ms);
  EXPECT_EQ(stage.publish(source), "TR_2");
  stage.heard.clear();
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 48U);
}

TEST(Session, MutingTellsTheServerAndTheSource) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.story();
  stage.asked();
  EXPECT_FALSE(stage.session.set_muted(sid, true, stage.now(), stage.out));
  stage.settle();
  EXPECT_FALSE(stage.session.set_muted(sid, true, stage.now(), stage.out));
  stage.settle();
  EXPECT_EQ(stage.asked(), "mute");
  EXPECT_EQ(stage.story(), "muted");
  EXPECT_TRUE(source.feed.muted);
  EXPECT_TRUE(stage.session.room().local().tracks.at(0).muted);
  EXPECT_EQ(stage.session.set_muted("TR_?", true, stage.now(), stage.out), errc::not_found);
}

TEST(Session, TheServersMuteIsObeyedAndNotEchoed) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.asked();
  stage.story();
  livekit::SignalResponse response;
  response.mutable_mute()->set_sid(sid);
  response.mutable_mute()->set_muted(true);
  stage.send(response);
  stage.settle();
  EXPECT_TRUE(source.feed.muted);
  EXPECT_EQ(stage.story(), "muted");
  EXPECT_EQ(stage.asked(), "");
}

TEST(Session, ATrackTheServerDropsIsGone) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.asked();
  stage.story();
  livekit::SignalResponse response;
  response.mutable_track_unpublished()->set_track_sid(sid);
  stage.send(response);
  stage.settle();
  EXPECT_FALSE(source.feed.sink);
  EXPECT_EQ(stage.story(), "unpublished");
  EXPECT_EQ(stage.asked(), "offer");
}

TEST(Session, TheFirstSubscriberIsToldToTheSource) {
  Stage stage;
  stage.connect();
  LocalSource source;
  auto sid = stage.publish(source);
  stage.story();
  livekit::SignalResponse response;
  response.mutable_track_subscribed()->set_track_sid(sid);
  stage.send(response);
  stage.settle();
  EXPECT_EQ(source.feed.subscribed, 1);
  EXPECT_EQ(stage.story(), "heard");
}

// ---- receiving

struct Listening {
  Stage stage;
  std::uint32_t ssrc = 0;

  Listening() {
    stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
    stage.connect();
    ssrc = stage.forward("PA_a", "TR_a");
    stage.offer();
    stage.run_for(100ms);
  }

  void speak(int packets) {
    for (int i = 0; i < packets; ++i) {
      stage.send_audio(ssrc, "payload");
      stage.run_for(20ms);
    }
  }
};

TEST(Session, ARemoteTrackIsSubscribedAndHeard) {
  Listening call;
  auto& stage = call.stage;
  EXPECT_EQ(stage.story(), "connected subscribed");
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  call.speak(5);
  ASSERT_EQ(ear.packets.size(), 5U);
  EXPECT_EQ(base::as_text(ear.packets[0].payload.bytes()), "payload");
  EXPECT_EQ(ear.packets[0].payload_type, 111);
  EXPECT_EQ(stage.session.attach("TR_?", ear, StreamEnd::with_track, stage.now()), errc::not_found);
}

TEST(Session, ALateListenerHearsTheFirstWord) {
  Listening call;
  call.speak(10);
  Ear ear;
  EXPECT_FALSE(call.stage.session.attach("TR_a", ear, StreamEnd::with_track, call.stage.now()));
  EXPECT_EQ(ear.packets.size(), 10U);
  call.speak(1);
  EXPECT_EQ(ear.packets.size(), 11U);
}

TEST(Session, AfterASecondNothingIsKeptForNobody) {
  Listening call;
  call.speak(60);
  Ear ear;
  EXPECT_FALSE(call.stage.session.attach("TR_a", ear, StreamEnd::with_track, call.stage.now()));
  EXPECT_TRUE(ear.packets.empty());
  EXPECT_GT(call.stage.session.counters().orphan_packets, 0U);
}

TEST(Session, MediaBeforeTheNewsOfItsTrackWaitsForThem) {
  Stage stage;
  stage.connect();
  auto ssrc = stage.forward("PA_b", "TR_b");
  stage.offer();
  stage.run_for(100ms);
  EXPECT_EQ(stage.story(), "connected");
  stage.send_audio(ssrc, "early");
  stage.run_for(50ms);
  stage.send_update({with_track(person("PA_b", "bob"), "TR_b")});
  stage.settle();
  EXPECT_EQ(stage.story(), "joined published subscribed");
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_b", ear, StreamEnd::with_track, stage.now()));
  EXPECT_EQ(ear.packets.size(), 1U);
}

TEST(Session, UnsubscribingEndsTheStreamAtOnce) {
  Listening call;
  auto& stage = call.stage;
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  stage.story();
  stage.asked();
  EXPECT_FALSE(stage.session.set_subscribed("TR_a", false, stage.now(), stage.out));
  stage.settle();
  EXPECT_EQ(ear.ended, std::vector{media::EndReason::unsubscribed});
  EXPECT_EQ(stage.story(), "unsubscribed");
  EXPECT_EQ(stage.asked(), "subscription");
  EXPECT_FALSE(stage.requests.back().subscription().subscribe());
  call.speak(3);
  EXPECT_TRUE(ear.packets.empty());
}

TEST(Session, ASubscriptionCanComeBack) {
  Listening call;
  auto& stage = call.stage;
  (void)stage.session.set_subscribed("TR_a", false, stage.now(), stage.out);
  stage.settle();
  stage.withdraw(call.ssrc);
  stage.offer();
  stage.run_for(50ms);
  stage.story();
  (void)stage.session.set_subscribed("TR_a", true, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.story(), "");
  call.ssrc = stage.forward("PA_a", "TR_a");
  stage.offer();
  stage.run_for(50ms);
  EXPECT_EQ(stage.story(), "subscribed");
  Ear ear;
  EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  call.speak(2);
  EXPECT_EQ(ear.packets.size(), 2U);
}

TEST(Session, AnUnpublishedTrackEndsItsStream) {
  Listening call;
  auto& stage = call.stage;
  Ear ear;
  Ear follower;
  (void)stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now());
  (void)stage.session.attach("TR_a", follower, StreamEnd::by_owner, stage.now());
  stage.story();
  stage.send_update({person("PA_a", "alice", 2)});
  stage.settle();
  EXPECT_EQ(ear.ended, std::vector{media::EndReason::unpublished});
  EXPECT_TRUE(follower.ended.empty());
  EXPECT_EQ(stage.story(), "unsubscribed unpublished");
}

TEST(Session, AParticipantWhoLeavesEndsItsStreams) {
  Listening call;
  auto& stage = call.stage;
  Ear ear;
  (void)stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now());
  auto gone = person("PA_a", "alice", 2);
  gone.set_state(livekit::ParticipantInfo::DISCONNECTED);
  stage.send_update({gone});
  stage.settle();
  EXPECT_EQ(ear.ended, std::vector{media::EndReason::participant_left});
}

TEST(Session, ADetachedSinkHearsNoMore) {
  Listening call;
  Ear ear;
  (void)call.stage.session.attach("TR_a", ear, StreamEnd::with_track, call.stage.now());
  call.stage.session.detach(ear, call.stage.now());
  call.speak(2);
  call.stage.session.disconnect(call.stage.now(), call.stage.out);
  EXPECT_TRUE(ear.packets.empty());
  EXPECT_TRUE(ear.ended.empty());
}

// ---- data

TEST(Session, DataGoesOutAndNumbersItself) {
  Stage stage;
  stage.connect();
  stage.run_for(200ms);
  auto payload = base::as_bytes("hello");
  ASSERT_FALSE(stage.session.send_data({payload, "topic", true, {"bob"}}, stage.now(), stage.out));
  ASSERT_FALSE(stage.session.send_data({payload, "", true, {}}, stage.now(), stage.out));
  ASSERT_FALSE(stage.session.send_data({payload, "", false, {}}, stage.now(), stage.out));
  stage.run_for(200ms);
  ASSERT_EQ(stage.messages.size(), 3U);
  livekit::DataPacket first;
  livekit::DataPacket second;
  ASSERT_TRUE(first.ParseFromString(stage.messages[0]));
  ASSERT_TRUE(second.ParseFromString(stage.messages[1]));
  EXPECT_EQ(first.user().payload(), "hello");
  EXPECT_EQ(first.user().topic(), "topic");
  EXPECT_EQ(first.destination_identities(0), "bob");
  EXPECT_EQ(first.sequence(), 1U);
  EXPECT_EQ(second.sequence(), 2U);
}

TEST(Session, DataHasItsLimits) {
  Stage stage;
  auto payload = base::as_bytes("x");
  EXPECT_EQ(stage.session.send_data({payload, "", true, {}}, stage.now(), stage.out), errc::closed);
  stage.connect();
  std::string large(64'001, 'x');
  EXPECT_EQ(stage.session.send_data({base::as_bytes(large), "", true, {}}, stage.now(), stage.out),
            errc::payload_too_large);
}

// ---- the end

TEST(Session, DisconnectTellsTheServerAndEndsEverything) {
  Listening call;
  auto& stage = call.stage;
  Ear ear;
  (void)stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now());
  LocalSource source;
  stage.publish(source);
  stage.asked();
  stage.story();
  stage.session.unpublish(9, "TR_1", stage.now(), stage.out);
  stage.session.disconnect(stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(ear.ended, std::vector{media::EndReason::room_closed});
  EXPECT_FALSE(source.feed.sink);
  EXPECT_EQ(stage.completion(9)->error, errc::closed);
  EXPECT_EQ(stage.story(), "unpublished unsubscribed disconnected");
  const auto& last = std::get<room::Disconnected>(stage.events.back());
  EXPECT_EQ(last.reason, DisconnectReason::client_initiated);
  EXPECT_EQ(last.code, errc::closed);
  EXPECT_EQ(stage.requests.back().message_case(), livekit::SignalRequest::kLeave);
  EXPECT_EQ(stage.closed_sockets.size(), 1U);
  EXPECT_FALSE(stage.session.next_deadline());
  stage.session.disconnect(stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.story(), "");
}

TEST(Session, AKickIsTheLastEvent) {
  Listening call;
  auto& stage = call.stage;
  Ear ear;
  (void)stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now());
  stage.leave(livekit::PARTICIPANT_REMOVED, livekit::LeaveRequest::DISCONNECT);
  stage.settle();
  const auto& last = std::get<room::Disconnected>(stage.events.back());
  EXPECT_EQ(last.code, errc::removed);
  EXPECT_EQ(last.reason, DisconnectReason::participant_removed);
  EXPECT_EQ(ear.ended, std::vector{media::EndReason::room_closed});
  EXPECT_EQ(stage.session.state(), ConnectionState::disconnected);
}

TEST(Session, AKickThatFollowsTheEndOfTheMediaIsStillAKick) {
  Stage stage;
  stage.connect();
  peer::Output goodbye;
  stage.subscriber->close(goodbye);
  for (auto& datagram : goodbye.datagrams)
    stage.session.on_datagram({datagram.remote, datagram.local, datagram.packet}, stage.now(),
                              stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
  stage.leave(livekit::PARTICIPANT_REMOVED, livekit::LeaveRequest::DISCONNECT);
  stage.run_for(5s);
  EXPECT_EQ(stage.story(), "connected disconnected");
  EXPECT_EQ(stage.opened.size(), 1U);
}

TEST(Session, AfterTheEndEveryCallIsClosed) {
  Stage stage;
  stage.connect();
  stage.session.disconnect(stage.now(), stage.out);
  stage.settle();
  LocalSource source;
  stage.session.publish(5, {}, source.pipeline, stage.now(), stage.out);
  stage.session.unpublish(6, "TR_1", stage.now(), stage.out);
  stage.session.set_metadata(7, {}, stage.now(), stage.out);
  stage.settle();
  for (OperationId id : {5U, 6U, 7U}) EXPECT_EQ(stage.completion(id)->error, errc::closed) << id;
  Ear ear;
  EXPECT_EQ(stage.session.set_muted("TR_1", true, stage.now(), stage.out), errc::closed);
  EXPECT_EQ(stage.session.set_subscribed("TR_1", true, stage.now(), stage.out), errc::closed);
  EXPECT_EQ(stage.session.attach("TR_1", ear, StreamEnd::with_track, stage.now()), errc::closed);
}

TEST(Session, MetadataIsDoneWhenTheServerSaysSo) {
  Stage stage;
  stage.connect();
  stage.session.set_metadata(5, {.metadata = "m", .attributes = {{"k", "v"}}}, stage.now(),
                             stage.out);
  stage.session.set_metadata(6, {.name = "n"}, stage.now(), stage.out);
  stage.settle();
  auto answer = [&](std::uint32_t id, livekit::RequestResponse::Reason reason) {
    livekit::SignalResponse response;
    response.mutable_request_response()->set_request_id(id);
    response.mutable_request_response()->set_reason(reason);
    stage.send(response);
    stage.settle();
  };
  const auto& last = stage.requests.back().update_metadata();
  EXPECT_EQ(last.name(), "n");
  answer(last.request_id() - 1, livekit::RequestResponse::OK);
  answer(last.request_id(), livekit::RequestResponse::NOT_ALLOWED);
  EXPECT_FALSE(stage.completion(5)->error);
  EXPECT_EQ(stage.completion(6)->error, errc::forbidden);
}

TEST(Session, GarbageFromTheServerIsCountedAndSurvived) {
  Stage stage;
  stage.connect();
  stage.run_for(100ms);
  livekit::SignalResponse response;
  response.mutable_offer()->set_sdp("v=0\r\nnonsense");
  stage.send(response);
  response.mutable_answer()->set_sdp("v=0\r\nnonsense");
  stage.send(response);
  response.mutable_trickle()->set_candidateinit("{\"candidate\":\"garbage\"}");
  stage.send(response);
  response.mutable_trickle()->set_candidateinit("not json");
  stage.send(response);
  stage.settle();
  EXPECT_EQ(stage.session.counters().refused_descriptions, 2U);
  base::Datagram stray;
  stray.packet.assign(base::as_bytes("x"));
  stage.session.on_datagram(stray, stage.now(), stage.now(), stage.out);
  EXPECT_EQ(stage.session.counters().stray_datagrams, 1U);
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
}

}  // namespace
}  // namespace sidetone::session
