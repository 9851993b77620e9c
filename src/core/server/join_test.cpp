// Who comes, who goes, and what the others are told.
#include <gtest/gtest.h>

#include "core/server/world_test.hpp"

namespace sidetone::server {
namespace {

using livekit::ParticipantInfo;
using livekit::SignalResponse;
using test::Guest;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

const livekit::LeaveRequest* leave_of(const test::Client& client) {
  const auto* message = client.last(SignalResponse::kLeave);
  return message ? &message->leave() : nullptr;
}

void expect_leave(const test::Client& client,
                  livekit::DisconnectReason reason,
                  livekit::LeaveRequest::Action action = livekit::LeaveRequest::DISCONNECT) {
  ASSERT_NE(leave_of(client), nullptr);
  EXPECT_EQ(leave_of(client)->reason(), reason);
  EXPECT_EQ(leave_of(client)->action(), action);
  EXPECT_FALSE(client.open) << "the socket is closed after it";
}

TEST(Join, TheFirstMessageHoldsAllThatOfficialClientsWaitFor) {
  World world;
  Guest guest;
  guest.metadata = "m";
  guest.attributes["k"] = "v";
  guest.kind = "agent";
  auto& client = world.join(guest);
  ASSERT_EQ(client.received.front().message_case(), SignalResponse::kJoin);
  const auto& join = client.received.front().join();
  EXPECT_EQ(join.room().name(), "room");
  EXPECT_EQ(join.room().sid().substr(0, 3), "RM_");
  EXPECT_EQ(join.room().sid().size(), 15U);
  EXPECT_GT(join.room().creation_time(), 0);
  const auto& self = join.participant();
  EXPECT_EQ(self.sid().substr(0, 3), "PA_");
  EXPECT_EQ(self.sid().size(), 15U);
  EXPECT_EQ(self.identity(), "alice");
  EXPECT_EQ(self.state(), ParticipantInfo::JOINING);
  EXPECT_EQ(self.version(), 0U);
  EXPECT_EQ(self.metadata(), "m");
  EXPECT_EQ(self.attributes().at("k"), "v");
  EXPECT_EQ(self.kind(), ParticipantInfo::AGENT);
  EXPECT_EQ(self.joined_at(), test::kEpoch.count() + 1);
  EXPECT_TRUE(self.permission().can_publish());
  EXPECT_TRUE(self.permission().can_subscribe());
  EXPECT_TRUE(self.permission().can_publish_data());
  EXPECT_EQ(join.ping_interval(), 5);
  EXPECT_EQ(join.ping_timeout(), 15);
  EXPECT_EQ(join.server_info().protocol(), 17) << "from 18 on SDKs negotiate channels otherwise";
  EXPECT_FALSE(join.server_info().version().empty());
  EXPECT_EQ(join.server_version(), join.server_info().version());
  EXPECT_TRUE(join.subscriber_primary());
  EXPECT_TRUE(join.fast_publish());
  EXPECT_EQ(join.ice_servers_size(), 0);
  EXPECT_EQ(join.other_participants_size(), 0);
}

TEST(Join, ATokenAndTheFirstOfferFollowAtOnce) {
  World world;
  auto& client = world.join({}, false);
  ASSERT_EQ(client.count(SignalResponse::kRefreshToken), 1);
  ASSERT_EQ(client.count(SignalResponse::kOffer), 1);
  const auto& offer = client.last(SignalResponse::kOffer)->offer();
  EXPECT_EQ(offer.type(), "offer");
  EXPECT_EQ(offer.id(), 1U);
  EXPECT_NE(offer.sdp().find("m=application"), std::string::npos);
  EXPECT_EQ(offer.sdp().find("m=audio"), std::string::npos);
  EXPECT_NE(offer.sdp().find("10.0.0.1 7882"), std::string::npos);
  const auto fresh = signal::verify(client.last(SignalResponse::kRefreshToken)->refresh_token(),
                                    world.server->config().keys, test::kEpoch);
  ASSERT_TRUE(std::holds_alternative<signal::Claims>(fresh));
  EXPECT_EQ(std::get<signal::Claims>(fresh).identity, "alice");
  EXPECT_EQ(std::get<signal::Claims>(fresh).expires, test::kEpoch.count() + 3600);
}

TEST(Join, TokensAreRefreshedEveryFiveMinutes) {
  World world;
  auto& client = world.enter({});
  world.run_for(299s);
  EXPECT_EQ(client.count(SignalResponse::kRefreshToken), 1);
  world.run_for(2s);
  EXPECT_EQ(client.count(SignalResponse::kRefreshToken), 2);
}

TEST(Join, StatesAreToldInOrderWithGrowingVersions) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  const auto& others = bob.received.front().join().other_participants();
  ASSERT_EQ(others.size(), 1);
  EXPECT_EQ(others[0].identity(), "alice");
  EXPECT_EQ(others[0].state(), ParticipantInfo::ACTIVE);
  std::vector<std::pair<ParticipantInfo::State, std::uint32_t>> seen;
  for (const auto& message : alice.received)
    for (const auto& info : message.update().participants())
      if (info.identity() == "bob") seen.emplace_back(info.state(), info.version());
  const std::vector<std::pair<ParticipantInfo::State, std::uint32_t>> expected{
      {ParticipantInfo::JOINED, 1U}, {ParticipantInfo::ACTIVE, 2U}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(bob.told_of("bob")->state(), ParticipantInfo::ACTIVE) << "it is told of itself too";
}

TEST(Join, HiddenOnesAreToldToNobody) {
  World world;
  Guest spy{.identity = "spy"};
  spy.grants.hidden = true;
  auto& alice = world.enter({.identity = "alice"});
  auto& hidden = world.enter(spy);
  hidden.publish("mic", 5000);
  auto& bob = world.enter({.identity = "bob"});
  world.run_for(500ms);
  EXPECT_EQ(bob.received.front().join().other_participants_size(), 1);
  EXPECT_EQ(alice.told_of("spy"), nullptr);
  EXPECT_EQ(bob.told_of("spy"), nullptr);
  EXPECT_NE(hidden.told_of("bob"), nullptr);
  EXPECT_NE(hidden.told_of("spy"), nullptr);
  EXPECT_EQ(bob.last(SignalResponse::kOffer)->offer().sdp().find("m=audio"), std::string::npos)
      << "whose track would it be?";
  EXPECT_EQ(alice.last(SignalResponse::kOffer)->offer().mid_to_track_id_size(), 0);
  bob.subscription(hidden.track_sid(), true);
  EXPECT_EQ(bob.count(SignalResponse::kOffer), 1);
}

TEST(Join, WithoutSubscribingThePublisherConnectionIsPrimary) {
  World world;
  Guest deaf{.identity = "deaf"};
  deaf.grants.can_subscribe = false;
  auto& client = world.enter(deaf);
  EXPECT_FALSE(client.received.front().join().subscriber_primary());
  EXPECT_EQ(client.count(SignalResponse::kOffer), 0);
  EXPECT_EQ(client.told_of("deaf")->state(), ParticipantInfo::ACTIVE);
}

TEST(Join, ALeaveIsEchoedAndToldToTheOthers) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  livekit::SignalRequest request;
  request.mutable_leave()->set_reason(livekit::CLIENT_INITIATED);
  bob.send(request);
  expect_leave(bob, livekit::CLIENT_INITIATED);
  ASSERT_NE(alice.told_of("bob"), nullptr);
  EXPECT_EQ(alice.told_of("bob")->state(), ParticipantInfo::DISCONNECTED);
  EXPECT_EQ(alice.told_of("bob")->disconnect_reason(), livekit::CLIENT_INITIATED);
  EXPECT_EQ(world.server->participants(), 1U);
  EXPECT_EQ(world.server->counters().left, 1U);
}

TEST(Join, TheSameIdentityTakesTheOldOnesPlace) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& first = world.enter({.identity = "bob"});
  const auto first_sid = first.sid();
  auto& second = world.enter({.identity = "bob"});
  expect_leave(first, livekit::DUPLICATE_IDENTITY);
  EXPECT_TRUE(second.open);
  EXPECT_NE(second.sid(), first_sid);
  EXPECT_EQ(world.server->participants(), 2U);
  EXPECT_EQ(alice.told_of("bob")->sid(), second.sid());
  EXPECT_EQ(alice.told_of("bob")->state(), ParticipantInfo::ACTIVE);
  const auto& others = second.received.front().join().other_participants();
  ASSERT_EQ(others.size(), 1);
  EXPECT_EQ(others[0].identity(), "alice");
  // The socket of the first closes later: the second does not notice.
  world.server->on_signal_closed(first.connection, world.now(), world.out);
  EXPECT_EQ(world.server->participants(), 2U);
}

TEST(Join, AResumeOfWhatIsNotKnownIsSentBackToJoinAnew) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& resumed = world.join({.identity = "bob", .parameters = "&reconnect=1&sid=PA_x"});
  ASSERT_EQ(resumed.received.size(), 1U);
  expect_leave(resumed, livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  EXPECT_TRUE(alice.open);
  auto& lost = world.join({.room = "no such room", .parameters = "&reconnect=1"});
  expect_leave(lost, livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  EXPECT_EQ(world.server->rooms(), 1U) << "a resume makes no room";
}

TEST(Join, KickedAndToldWhy) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  EXPECT_FALSE(world.server->remove_participant("room", "nobody", world.now(), world.out));
  EXPECT_FALSE(world.server->remove_participant("nowhere", "bob", world.now(), world.out));
  EXPECT_TRUE(world.server->remove_participant("room", "bob", world.now(), world.out));
  world.settle();
  expect_leave(bob, livekit::PARTICIPANT_REMOVED);
  EXPECT_EQ(alice.told_of("bob")->disconnect_reason(), livekit::PARTICIPANT_REMOVED);
}

TEST(Join, ADeletedRoomIsGoneForAll) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  auto& other = world.enter({.identity = "alice", .room = "other"});
  EXPECT_FALSE(world.server->delete_room("nowhere", world.now(), world.out));
  EXPECT_TRUE(world.server->delete_room("room", world.now(), world.out));
  world.settle();
  expect_leave(alice, livekit::ROOM_DELETED);
  expect_leave(bob, livekit::ROOM_DELETED);
  EXPECT_TRUE(other.open);
  EXPECT_EQ(world.server->rooms(), 1U);
  EXPECT_EQ(world.server->find_room("room"), nullptr);
  world.server->shut_down(world.now(), world.out);
  world.settle();
  expect_leave(other, livekit::SERVER_SHUTDOWN);
  EXPECT_EQ(world.server->rooms(), 0U);
  EXPECT_EQ(world.server->participants(), 0U);
  EXPECT_FALSE(world.server->next_deadline()) << "an empty server has nothing to do";
}

TEST(Join, ASocketLostBeforeConnectingEndsAtOnce) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.join({.identity = "bob"}, false);
  world.hang_up(bob);
  EXPECT_EQ(alice.told_of("bob")->disconnect_reason(), livekit::SIGNAL_CLOSE);
  EXPECT_EQ(world.server->participants(), 1U);
}

TEST(Join, ASocketLostLaterEndsAfterTwentySeconds) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  world.hang_up(bob);
  world.run_for(19s);
  EXPECT_EQ(world.server->participants(), 2U);
  world.run_for(2s);
  EXPECT_EQ(world.server->participants(), 1U);
  EXPECT_EQ(alice.told_of("bob")->disconnect_reason(), livekit::CONNECTION_TIMEOUT);
}

TEST(Join, WhoNeverConnectsIsGoneAfterAMinuteAndCostsNoTimeMeanwhile) {
  World world;
  auto& client = world.join({}, false);
  world.run_for(59s);
  EXPECT_TRUE(client.open);
  EXPECT_LT(world.deadlines, 300) << "a deadline that is due again and again";
  world.run_for(2s);
  expect_leave(client, livekit::JOIN_FAILURE);
  EXPECT_EQ(world.server->rooms(), 0U);
  EXPECT_EQ(world.server->counters().left, 1U);
}

TEST(Join, AnAnswerThatNeverComesEndsTheSessionAfterFifteenSeconds) {
  World world;
  auto& alice = world.enter({.identity = "alice"});
  auto& bob = world.enter({.identity = "bob"});
  bob.answers = false;
  alice.publish("mic", 5000);
  world.run_for(14s);
  EXPECT_TRUE(bob.open);
  world.run_for(2s);
  expect_leave(bob, livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  EXPECT_TRUE(alice.open);
}

TEST(Join, AnAnswerThatIsNoneEndsTheSession) {
  World world;
  auto& client = world.join({}, false);
  livekit::SignalRequest request;
  request.mutable_answer()->set_sdp("nonsense");
  request.mutable_answer()->set_id(99);
  client.send(request);
  EXPECT_TRUE(client.open) << "it answers no offer of ours";
  request.mutable_answer()->set_id(0);
  client.send(request);
  expect_leave(client, livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  EXPECT_EQ(world.server->counters().negotiations_failed, 1U);
}

TEST(Join, AnOfferThatIsNoneIsIgnoredAndCounted) {
  World world;
  auto& client = world.join({}, false);
  livekit::SignalRequest request;
  request.mutable_offer()->set_sdp("v=0\r\nnonsense");
  client.send(request);
  EXPECT_TRUE(client.open);
  EXPECT_EQ(client.count(SignalResponse::kAnswer), 0);
  EXPECT_EQ(world.server->counters().negotiations_failed, 1U);
}

TEST(Join, AnswersRepeatTheOffersId) {
  World world;
  auto& client = world.enter({});
  ASSERT_NE(client.last(SignalResponse::kAnswer), nullptr);
  EXPECT_EQ(client.last(SignalResponse::kAnswer)->answer().id(), 7U);
  EXPECT_EQ(client.last(SignalResponse::kAnswer)->answer().type(), "answer");
}

TEST(Join, PingsOfBothKindsAreAnswered) {
  World world;
  auto& client = world.join({}, false);
  livekit::SignalRequest request;
  request.mutable_ping_req()->set_timestamp(42);
  client.send(request);
  ASSERT_NE(client.last(SignalResponse::kPongResp), nullptr);
  EXPECT_EQ(client.last(SignalResponse::kPongResp)->pong_resp().last_ping_timestamp(), 42);
  request.set_ping(1);
  client.send(request);
  EXPECT_EQ(client.count(SignalResponse::kPong), 1);
}

}  // namespace
}  // namespace sidetone::server
