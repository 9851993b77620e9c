// A signalling connection is lost and a new one takes its place; media never stops (wire_protocol
// §7.1).
#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using livekit::SignalResponse;
using test::Call;
using test::Client;
using test::Guest;
using test::kSsrc;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

// Two in a call whose listener's signalling was lost.
struct Lost : Call {
  Lost() {
    publish();
    alice.speak(kSsrc, 5);
    world.hang_up(bob);
    bob.received.clear();
  }

  std::vector<SignalResponse::MessageCase> told() const {
    std::vector<SignalResponse::MessageCase> kinds;
    for (const auto& message : bob.received) kinds.push_back(message.message_case());
    return kinds;
  }

  // Packets that bob hears of `count` spoken.
  std::size_t heard(int count) {
    const auto before = bob.rtp.size();
    alice.speak(kSsrc, count);
    world.run_for(50ms);
    return bob.rtp.size() - before;
  }
};

void expect_sent_away(const Client& client) {
  const auto* leave = client.last(SignalResponse::kLeave);
  ASSERT_NE(leave, nullptr);
  EXPECT_EQ(leave->leave().reason(), livekit::STATE_MISMATCH);
  EXPECT_EQ(leave->leave().action(), livekit::LeaveRequest::RECONNECT);
  EXPECT_FALSE(client.open);
}

livekit::SignalRequest sync_state(const std::string& track_sid) {
  livekit::SignalRequest request;
  request.mutable_sync_state()->add_publish_tracks()->mutable_track()->set_sid(track_sid);
  return request;
}

TEST(Resume, AHiddenOneIsToldOfItselfAndOfNoOtherHiddenOne) {
  World world;
  Guest spy{.identity = "spy"};
  spy.grants.hidden = true;
  Guest other{.identity = "other spy"};
  other.grants.hidden = true;
  world.enter({.identity = "alice"});
  world.enter(other);
  auto& hidden = world.enter(spy);
  world.hang_up(hidden);
  hidden.received.clear();
  world.resume(hidden);
  EXPECT_NE(hidden.told_of("spy"), nullptr);
  EXPECT_NE(hidden.told_of("alice"), nullptr);
  EXPECT_EQ(hidden.told_of("other spy"), nullptr);
}

TEST(Resume, TellsAllAtOnceInTheOrderClientsKnow) {
  Lost call;
  call.world.resume(call.bob);
  const std::vector<SignalResponse::MessageCase> order{
      SignalResponse::kReconnect, SignalResponse::kUpdate, SignalResponse::kRoomUpdate,
      SignalResponse::kRefreshToken, SignalResponse::kOffer};
  EXPECT_EQ(call.told(), order);
  const auto& reconnect = call.bob.received[0].reconnect();
  EXPECT_EQ(reconnect.server_info().protocol(), 17);
  EXPECT_FALSE(reconnect.server_info().version().empty());
  EXPECT_EQ(reconnect.ice_servers_size(), 0);
  const auto& update = call.bob.received[1].update();
  ASSERT_EQ(update.participants_size(), 2) << "itself, too";
  EXPECT_EQ(update.participants(0).tracks_size(), 1);
  EXPECT_EQ(call.bob.received[2].room_update().room().num_participants(), 2U);
  EXPECT_EQ(call.world.server->counters().resumed, 1U);
}

TEST(Resume, MediaNeverStops) {
  Lost call;
  EXPECT_EQ(call.heard(50), 50U) << "while there is no signalling";
  const auto old_ufrag = call.bob.subscriber->local_ufrag();
  call.world.resume(call.bob);
  EXPECT_EQ(call.heard(100), 100U) << "through the ICE restart";
  EXPECT_NE(call.bob.subscriber->local_ufrag(), old_ufrag) << "there was one";
  for (std::size_t i = 1; i < call.bob.rtp.size(); ++i)
    EXPECT_EQ(call.bob.rtp[i].sequence, call.bob.rtp[i - 1].sequence + 1);
  EXPECT_EQ(call.bob.rtp.front().ssrc, call.bob.rtp.back().ssrc);
  call.world.run_for(60s);
  EXPECT_EQ(call.heard(10), 10U);
  EXPECT_EQ(call.world.server->participants(), 2U);
  EXPECT_EQ(call.alice.told_of("bob")->state(), livekit::ParticipantInfo::ACTIVE);
}

TEST(Resume, ThePublishersConnectionMayBeStartedAnewToo) {
  Call call;
  call.publish();
  call.world.hang_up(call.alice);
  call.world.resume(call.alice);
  peer::Output out;
  const auto old_ufrag = call.alice.publisher->local_ufrag();
  call.alice.publisher->restart(call.world.now(), out);
  call.alice.collect(out);
  call.alice.send(sync_state(call.sid));
  call.alice.offer();
  call.alice.speak(kSsrc, 100);
  call.world.run_for(60s);
  call.alice.speak(kSsrc, 10);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 110U);
  EXPECT_NE(call.alice.publisher->local_ufrag(), old_ufrag);
  EXPECT_TRUE(call.alice.open);
}

TEST(Resume, WhatHappenedMeanwhileIsOfferedAfterwards) {
  Lost call;
  call.alice.publish("second", kSsrc + 1);
  call.world.run_for(16s);  // longer than an answer may take
  call.world.resume(call.bob);
  EXPECT_EQ(call.bob.told_of("alice")->tracks_size(), 2);
  call.world.run_for(200ms);
  call.bob.rtp.clear();
  call.alice.speak(kSsrc + 1, 5);
  EXPECT_EQ(call.bob.rtp.size(), 5U);
}

TEST(Resume, AnOfferWhoseAnswerWasLostIsMadeAgain) {
  Call call;
  call.bob.answers = false;
  call.publish();
  call.world.hang_up(call.bob);
  call.bob.answers = true;
  call.world.resume(call.bob);
  call.world.run_for(200ms);
  call.alice.speak(kSsrc, 5);
  EXPECT_EQ(call.bob.rtp.size(), 5U);
}

TEST(Resume, AnOldSocketThatIsStillOpenIsClosed) {
  Lost call;
  call.world.resume(call.bob);
  const auto old = call.bob.connection;
  call.world.resume(call.bob);
  EXPECT_EQ(call.world.closed, std::vector<ConnectionId>{old});
  EXPECT_EQ(call.bob.last(SignalResponse::kLeave), nullptr);
  call.world.server->on_signal_closed(old, call.world.now(), call.world.out);
  call.world.run_for(30s);
  EXPECT_TRUE(call.bob.open);
  EXPECT_EQ(call.world.server->participants(), 2U) << "the old one's end means nothing";
}

TEST(Resume, MessagesGoOn) {
  Lost call;
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload("x");
  packet.set_sequence(3);
  call.alice.say(packet);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.messages.size(), 1U) << "channels do not care for signalling";
  call.world.resume(call.bob);
  EXPECT_EQ(call.bob.received[0].reconnect().last_message_seq(), 0U) << "bob never said anything";
  call.world.hang_up(call.alice);
  call.world.resume(call.alice);
  EXPECT_EQ(call.alice.last(SignalResponse::kReconnect)->reconnect().last_message_seq(), 3U);
  call.world.run_for(500ms);
  packet.set_sequence(4);
  call.alice.say(packet);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.messages.size(), 2U);
  call.alice.mute(call.sid, true);
  EXPECT_TRUE(call.bob.told_of("alice")->tracks(0).muted());
}

TEST(Resume, AfterTwentySecondsThereIsNothingToResume) {
  Lost call;
  call.world.run_for(21s);
  call.world.resume(call.bob);
  expect_sent_away(call.bob);
  EXPECT_EQ(call.world.server->participants(), 1U);
}

TEST(Resume, ItsTimeBeginsAnewWithEachLoss) {
  Lost call;
  for (int i = 0; i < 3; ++i) {
    call.world.run_for(15s);
    call.world.resume(call.bob);
    EXPECT_TRUE(call.bob.open);
    call.world.run_for(1s);
    call.world.hang_up(call.bob);
  }
  EXPECT_EQ(call.world.server->counters().resumed, 3U);
}

TEST(Resume, WhoWasNeverConnectedJoinsAnew) {
  World world;
  auto& client = world.join({}, false);
  world.resume(client);
  expect_sent_away(client);
}

TEST(Resume, WhosePublishedTracksAreNotKnownJoinsAnew) {
  Lost call;
  call.world.hang_up(call.alice);
  call.world.resume(call.alice);
  call.alice.send(sync_state(call.sid));
  EXPECT_TRUE(call.alice.open);
  call.alice.send(sync_state("TR_unknown"));
  expect_sent_away(call.alice);
  EXPECT_EQ(call.world.server->participants(), 1U);
}

TEST(Resume, ACrowdedServerStillResumes) {
  Limits limits;
  limits.participants = 2;
  Call call({.identity = "bob"}, limits);
  call.world.hang_up(call.bob);
  test::Guest guest{.identity = "bob", .parameters = "&reconnect=1"};
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(call.world.admit(guest)));
}

}  // namespace
}  // namespace sidetone::server
