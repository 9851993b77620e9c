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

struct Call {
  Stage stage;
  LocalSource source;
  Ear ear;
  std::string sid;
  std::uint32_t ssrc = 0;

  Call() {
    stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
    stage.connect();
    ssrc = stage.forward("PA_a", "TR_a");
    stage.offer();
    stage.run_for(100ms);
    EXPECT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
    sid = stage.publish(source);
    stage.run_for(200ms);
    stage.story();
    stage.asked();
  }

  bool reconnected(base::Duration limit = 10s) {
    return stage.run_until([&] { return stage.session.state() == ConnectionState::connected; },
                           limit);
  }
};

TEST(Resume, ADroppedSocketComesBackWithTheSameMedia) {
  Call call;
  auto& stage = call.stage;
  auto ssrc_before = stage.heard.back().ssrc;
  stage.drop_socket();
  EXPECT_EQ(stage.session.state(), ConnectionState::reconnecting);
  ASSERT_TRUE(call.reconnected(2s));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  ASSERT_EQ(stage.opened.size(), 2U);
  EXPECT_NE(stage.opened[1].target.find("&reconnect=1&sid=PA_me1&reconnect_reason=1"),
            std::string::npos);
  EXPECT_EQ(stage.opened[1].authorization, "Bearer refreshed.to.ken");
  stage.heard.clear();
  stage.send_audio(call.ssrc, "after");
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 45U);
  EXPECT_EQ(stage.heard.back().ssrc, ssrc_before);
  EXPECT_EQ(call.ear.packets.size(), 1U);
  EXPECT_TRUE(call.ear.ended.empty());
  EXPECT_TRUE(call.source.feed.sink);
  EXPECT_EQ(stage.session.counters().resumes, 1U);
}

TEST(Resume, WithoutMediaItIsNotReconnected) {
  Call call;
  auto& stage = call.stage;
  stage.script.media = false;
  stage.drop_socket();
  stage.run_for(2s);
  EXPECT_EQ(stage.session.state(), ConnectionState::reconnecting);
  stage.script.media = true;
  ASSERT_TRUE(call.reconnected(10s));
  EXPECT_EQ(stage.session.counters().restarts, 0U);
}

TEST(Resume, SyncStateComesFirstAndKnowsOurTracks) {
  Call call;
  auto& stage = call.stage;
  (void)stage.session.set_subscribed("TR_a", false, stage.now(), stage.out);
  stage.settle();
  stage.asked();
  auto first = stage.requests.size();
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  EXPECT_EQ(stage.asked().substr(0, 10), "sync_state");
  while (!stage.requests[first].has_sync_state()) ++first;
  const auto& state = stage.requests[first].sync_state();
  EXPECT_EQ(state.answer().type(), "answer");
  EXPECT_EQ(state.offer().type(), "offer");
  ASSERT_EQ(state.publish_tracks_size(), 1);
  EXPECT_EQ(state.publish_tracks(0).track().sid(), call.sid);
  ASSERT_EQ(state.subscription().track_sids_size(), 1);
  EXPECT_EQ(state.subscription().track_sids(0), "TR_a");
  EXPECT_FALSE(state.subscription().subscribe());
  EXPECT_EQ(state.data_channels_size(), 2);
}

TEST(Resume, RequestsMeanwhileWaitForTheMedia) {
  Call call;
  auto& stage = call.stage;
  stage.script.open_sockets = false;
  stage.drop_socket();
  stage.run_for(50ms);
  EXPECT_FALSE(stage.session.set_muted(call.sid, true, stage.now(), stage.out));
  stage.settle();
  EXPECT_TRUE(call.source.feed.muted);
  stage.asked();
  stage.script.open_sockets = true;
  stage.session.on_socket_closed(stage.socket, {errc::unreachable, ""}, stage.now(), stage.out);
  stage.settle();
  ASSERT_TRUE(call.reconnected());
  stage.settle();
  auto asked = stage.asked();
  EXPECT_EQ(asked.substr(0, 10), "sync_state");
  EXPECT_EQ(asked.substr(asked.size() - 4), "mute") << asked;
}

TEST(Resume, ThePingTimeoutIsALostSocket) {
  Call call;
  auto& stage = call.stage;
  // A server that says nothing: not even pongs.
  auto socket = stage.socket;
  stage.socket = 999;
  auto start = stage.now();
  ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == 2; }, 21s));
  EXPECT_GE(stage.now() - start, 14s);
  EXPECT_EQ(stage.closed_sockets, std::vector{std::to_string(socket)});
}

TEST(Resume, TheServerMayAskForIt) {
  Call call;
  call.stage.leave(livekit::UNKNOWN_REASON, livekit::LeaveRequest::RESUME);
  call.stage.settle();
  EXPECT_EQ(call.stage.session.state(), ConnectionState::reconnecting);
  ASSERT_TRUE(call.reconnected());
  EXPECT_EQ(call.stage.session.counters().restarts, 0U);
}

TEST(Resume, WhoIsMissingAfterwardsHasLeft) {
  Call call;
  auto& stage = call.stage;
  stage.script.others = {person("PA_b", "bob")};
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  EXPECT_EQ(stage.story(), "reconnecting joined unsubscribed unpublished left reconnected");
  EXPECT_EQ(call.ear.ended, std::vector{media::EndReason::participant_left});
}

// ---- the orders of §7.1 and the faults of §7.4

TEST(Resume, OneThatBreaksOffAfterItsFirstMessagesIsTriedAgain) {
  Call call;
  auto& stage = call.stage;
  stage.script.broken_resumes = 1;  // disconnect_signal_on_resume
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected(4s));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.session.counters().resumes, 2U);
  EXPECT_EQ(stage.session.counters().restarts, 0U);
  EXPECT_TRUE(call.ear.ended.empty());
}

TEST(Resume, OneThatIsRefusedForTheMomentIsTriedAgain) {
  Call call;
  auto& stage = call.stage;
  stage.script.refused_resumes = 1;  // disconnect_signal_on_resume_no_messages
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected(4s));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.session.counters().restarts, 0U);
}

TEST(Resume, MoreLossesMeanwhileAreOneReconnect) {
  Call call;
  auto& stage = call.stage;
  stage.drop_socket();
  for (int i = 0; i < 3; ++i) {
    stage.run_for(2ms);  // greeted; the answers are still on their way
    EXPECT_EQ(stage.session.state(), ConnectionState::reconnecting);
    stage.drop_socket();
    ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == static_cast<size_t>(i) + 3; }));
  }
  ASSERT_TRUE(call.reconnected());
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
}

TEST(Resume, AServerThatDoesNotSaySoHasResumedAllTheSame) {
  Call call;
  auto& stage = call.stage;
  stage.script.says_reconnect = false;
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected(4s));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.session.counters().restarts, 0U);
}

TEST(Resume, APublisherConnectionThatIsNotInUseIsLeftAlone) {
  Stage stage;
  stage.script.fast_publish = false;
  stage.connect();
  stage.story();
  stage.asked();
  stage.drop_socket();
  ASSERT_TRUE(
      stage.run_until([&] { return stage.session.state() == ConnectionState::connected; }, 4s));
  EXPECT_EQ(stage.asked(), "sync_state answer");
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
}

TEST(Resume, AnOfferOfOursThatIsNotAnsweredEndsInANewSession) {
  Call call;
  auto& stage = call.stage;
  stage.script.answer_offers = false;
  stage.drop_socket();
  stage.run_for(14s);
  EXPECT_EQ(stage.session.state(), ConnectionState::reconnecting);
  EXPECT_EQ(stage.session.counters().restarts, 0U);
  stage.script.answer_offers = true;
  ASSERT_TRUE(call.reconnected(4s));
  EXPECT_EQ(stage.session.counters().restarts, 1U);
  stage.heard.clear();
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 45U);
}

TEST(Resume, ALeaveInTheMiddleOfItBeginsANewSession) {
  Call call;
  auto& stage = call.stage;
  stage.drop_socket();
  ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == 2; }));
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);  // a sid it did not know
  stage.settle();
  ASSERT_TRUE(call.reconnected(4s));
  EXPECT_EQ(stage.session.counters().restarts, 1U);
  auto story = stage.story();
  EXPECT_EQ(story.find("reconnecting"), 0U) << story;
  EXPECT_EQ(story.find("reconnecting", 1), std::string::npos) << story;
}

class NodeFailure : public testing::TestWithParam<bool> {};

// The socket closes without a leave and the connections with it, in either order.
TEST_P(NodeFailure, BeginsANewSessionWithTheSameSource) {
  Call call;
  auto& stage = call.stage;
  stage.script.resume = false;
  bool socket_first = GetParam();
  if (socket_first) stage.drop_socket();
  stage.close_connections();
  stage.run_for(20ms);
  if (!socket_first) stage.drop_socket();
  ASSERT_TRUE(call.reconnected(4s));
  auto story = stage.story();
  EXPECT_EQ(story, "reconnecting unsubscribed republished reconnected");
  EXPECT_EQ(stage.session.counters().restarts, 1U);
  stage.heard.clear();
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 45U);
}

INSTANTIATE_TEST_SUITE_P(Orders, NodeFailure, testing::Bool());

TEST(Restart, AForgottenSessionBeginsAnew) {
  Call call;
  auto& stage = call.stage;
  stage.script.resume = false;
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  EXPECT_EQ(stage.opened.size(), 3U);
  EXPECT_EQ(stage.opened[2].target.find("reconnect=1"), std::string::npos);
  EXPECT_EQ(stage.session.counters().restarts, 1U);
  EXPECT_EQ(stage.story(), "reconnecting unsubscribed republished reconnected");
  const auto& event = std::get<room::LocalTrackRepublished>(stage.events[stage.events.size() - 2]);
  EXPECT_EQ(event.previous_sid, "TR_1");
  EXPECT_EQ(event.track.sid, "TR_2");
  EXPECT_EQ(stage.session.room().local().sid, "PA_me2");
  stage.heard.clear();
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 48U);
}

TEST(Restart, FiguresCountOn) {
  Call call;
  auto& stage = call.stage;
  stage.send_audio(call.ssrc, "before");
  stage.run_for(1s);
  const auto before = stage.session.figures();
  EXPECT_GE(before.publisher.audio.packets_sent, 50U);
  EXPECT_EQ(before.subscriber.audio.packets_received, 1U);
  EXPECT_GT(before.publisher.packets.bytes_out, 1000U);
  stage.script.resume = false;
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  const auto at_once = stage.session.figures();
  EXPECT_GE(at_once.publisher.audio.packets_sent, before.publisher.audio.packets_sent);
  EXPECT_GE(at_once.publisher.packets.bytes_out, before.publisher.packets.bytes_out);
  EXPECT_GE(at_once.subscriber.packets.datagrams_in, before.subscriber.packets.datagrams_in);
  EXPECT_EQ(at_once.subscriber.audio.packets_received, 1U);
  stage.run_for(1s);
  const auto after = stage.session.figures();
  EXPECT_GE(after.publisher.audio.packets_sent, before.publisher.audio.packets_sent + 48);
  stage.session.disconnect(stage.now(), stage.out);
  EXPECT_GE(stage.session.figures().publisher.audio.packets_sent,
            after.publisher.audio.packets_sent)
      << "and after the end they are still there";
  EXPECT_FALSE(stage.session.figures().publisher.rtt);
}

TEST(Restart, AStreamOfOnesOwnTrackGoesOn) {
  Call call;
  auto& stage = call.stage;
  Ear own;
  ASSERT_FALSE(stage.session.attach(call.sid, own, StreamEnd::with_track, stage.now()));
  stage.script.resume = false;
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  own.pcm = 0;
  stage.run_for(1s);
  EXPECT_GE(own.pcm, 48);
  EXPECT_TRUE(own.ended.empty());
  stage.session.detach(own, stage.now());
  own.pcm = 0;
  stage.run_for(1s);
  EXPECT_EQ(own.pcm, 0);
}

TEST(Restart, AStreamGoesOnWhenItsTrackReturns) {
  Call call;
  auto& stage = call.stage;
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == 2; }));
  ASSERT_TRUE(call.reconnected());
  call.ssrc = stage.forward("PA_a", "TR_a");
  stage.offer();
  stage.run_for(100ms);
  stage.send_audio(call.ssrc, "again");
  stage.run_for(50ms);
  EXPECT_EQ(call.ear.packets.size(), 1U);
  EXPECT_TRUE(call.ear.ended.empty());
}

TEST(Restart, AMutedTrackComesBackMuted) {
  Call call;
  auto& stage = call.stage;
  (void)stage.session.set_muted(call.sid, true, stage.now(), stage.out);
  stage.settle();
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == 2; }));
  ASSERT_TRUE(call.reconnected());
  bool announced_muted = false;
  for (const auto& request : stage.requests)
    if (request.has_add_track()) announced_muted = request.add_track().muted();
  EXPECT_TRUE(announced_muted);
  EXPECT_TRUE(call.source.feed.muted);
  EXPECT_TRUE(stage.session.room().local().tracks.at(0).muted);
}

TEST(Restart, UnwantedTracksStayUnwanted) {
  Call call;
  auto& stage = call.stage;
  (void)stage.session.set_subscribed("TR_a", false, stage.now(), stage.out);
  stage.settle();
  stage.asked();
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  ASSERT_TRUE(stage.run_until([&] { return stage.opened.size() == 2; }));
  ASSERT_TRUE(call.reconnected());
  EXPECT_NE(stage.asked().find("subscription"), std::string::npos);
}

TEST(Restart, LostMediaIsReplaced) {
  Call call;
  auto& stage = call.stage;
  stage.script.media = false;
  ASSERT_TRUE(
      stage.run_until([&] { return stage.session.state() == ConnectionState::reconnecting; }, 60s));
  stage.script.media = true;
  ASSERT_TRUE(call.reconnected(60s));
  EXPECT_GE(stage.session.counters().restarts, 1U);
  stage.heard.clear();
  stage.run_for(1s);
  EXPECT_GE(stage.heard.size(), 48U);
}

TEST(Reconnect, ARefusedTokenIsTheEnd) {
  Call call;
  auto& stage = call.stage;
  stage.script.open_sockets = false;
  stage.drop_socket();
  stage.run_for(10ms);
  stage.session.on_socket_refused(stage.socket, {401, "token is expired"}, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.story(), "reconnecting unsubscribed disconnected");
  EXPECT_EQ(std::get<room::Disconnected>(stage.events.back()).code, errc::unauthorized);
  EXPECT_EQ(call.ear.ended, std::vector{media::EndReason::room_closed});
  EXPECT_FALSE(call.source.feed.sink);
}

TEST(Reconnect, AfterFifteenAttemptsThereIsOneTerminalEvent) {
  Call call;
  auto& stage = call.stage;
  stage.script.open_sockets = false;
  stage.drop_socket();
  for (int i = 0; i < 200 && stage.session.state() == ConnectionState::reconnecting; ++i) {
    auto attempts = stage.opened.size();
    stage.run_until([&] { return stage.opened.size() > attempts; }, 1s);
    if (stage.opened.size() == attempts) continue;
    stage.session.on_socket_closed(stage.socket, {errc::unreachable, "no route"}, stage.now(),
                                   stage.out);
    stage.settle();
  }
  EXPECT_EQ(stage.opened.size(), 16U);
  EXPECT_EQ(stage.story(), "reconnecting unsubscribed disconnected");
  EXPECT_EQ(std::get<room::Disconnected>(stage.events.back()).code, errc::reconnect_failed);
  stage.run_for(60s);
  EXPECT_EQ(stage.opened.size(), 16U);
}

TEST(Reconnect, ALateAnswerOfTheOldSocketIsIgnored) {
  Call call;
  auto& stage = call.stage;
  auto old_socket = stage.socket;
  stage.drop_socket();
  ASSERT_TRUE(call.reconnected());
  livekit::SignalResponse leave;
  leave.mutable_leave()->set_reason(livekit::ROOM_DELETED);
  auto bytes = leave.SerializeAsString();
  stage.session.on_socket_message(old_socket, base::as_bytes(bytes), stage.now(), stage.out);
  stage.session.on_socket_closed(old_socket, {errc::closed, ""}, stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.session.state(), ConnectionState::connected);
}

TEST(Reconnect, DisconnectMeanwhileEndsIt) {
  Call call;
  auto& stage = call.stage;
  stage.script.open_sockets = false;
  stage.drop_socket();
  stage.run_for(10ms);
  stage.session.disconnect(stage.now(), stage.out);
  stage.settle();
  EXPECT_EQ(stage.story(), "reconnecting unsubscribed disconnected");
  auto opened = stage.opened.size();
  stage.run_for(30s);
  EXPECT_EQ(stage.opened.size(), opened);
}

TEST(Reconnect, APublishMeanwhileSucceedsAfterwards) {
  Call call;
  auto& stage = call.stage;
  stage.script.resume = false;
  stage.drop_socket();
  LocalSource late;
  stage.session.publish(77, {.cid = "late"}, late.pipeline, stage.now(), stage.out);
  stage.settle();
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(77) != nullptr; }));
  EXPECT_FALSE(stage.completion(77)->error) << stage.completion(77)->text;
  EXPECT_TRUE(late.feed.sink);
}

}  // namespace
}  // namespace sidetone::session
