// What an operator does from outside: rooms, participants, tracks and data.
#include "core/server/administration.hpp"

#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using test::Call;
using test::Client;
using test::kSsrc;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

using Response = livekit::SignalResponse;

// One act, and what it sends is carried away.
template <class Act>
auto act(World& world, Act call) {
  Administration administration(*world.server);
  auto answer = call(administration, Turn{world.now(), world.out});
  world.settle();
  return answer;
}

template <class T>
std::string refusal(const Answer<T>& answer) {
  const auto* refused = std::get_if<Refused>(&answer);
  return refused ? refused->message : "";
}

livekit::ParticipantPermission all_rights() {
  livekit::ParticipantPermission permission;
  permission.set_can_subscribe(true);
  permission.set_can_publish(true);
  permission.set_can_publish_data(true);
  return permission;
}

auto permit(World& world, std::string_view identity, livekit::ParticipantPermission permission) {
  return act(world, [&](Administration& admin, Turn turn) {
    Administration::Change change;
    change.permission = std::move(permission);
    return admin.update_participant({"room", identity}, change, turn);
  });
}

TEST(Administration, AnOrderedRoomWaitsForItsTimeAndIsThenGone) {
  World world;
  const auto made = act(world, [](Administration& admin, Turn turn) {
    return admin.create_room({"room", "about us", 10, 5, 2}, turn);
  });
  const auto& room = std::get<livekit::Room>(made);
  EXPECT_EQ(room.metadata(), "about us");
  EXPECT_EQ(room.max_participants(), 2U);
  world.run_for(9s);
  EXPECT_EQ(world.server->rooms(), 1U);
  auto& alice = world.enter({});
  EXPECT_EQ(alice.last(Response::kJoin)->join().room().sid(), room.sid());
  EXPECT_EQ(alice.last(Response::kJoin)->join().room().metadata(), "about us");
  world.run_for(20s);
  EXPECT_EQ(world.server->rooms(), 1U) << "its time does not run while somebody is there";
  livekit::SignalRequest leave;
  leave.mutable_leave();
  alice.send(leave);
  world.run_for(4s);
  EXPECT_EQ(world.server->rooms(), 1U);
  world.run_for(2s);
  EXPECT_EQ(world.server->rooms(), 0U) << "5 s after the last one left";
  EXPECT_FALSE(world.server->next_deadline());
}

TEST(Administration, AnOrderedRoomNobodyCameToEndsByItself) {
  World world;
  act(world, [](Administration& admin, Turn turn) {
    return admin.create_room({"room", "", 10}, turn);
  });
  world.run_for(11s);
  EXPECT_EQ(world.server->rooms(), 0U);
}

TEST(Administration, AFullRoomTakesNoMore) {
  World world;
  act(world, [](Administration& admin, Turn turn) {
    return admin.create_room({"room", "", 0, 0, 1}, turn);
  });
  world.enter({});
  const auto refused = world.admit({.identity = "bob"});
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(refused));
  EXPECT_EQ(std::get<HttpResponse>(refused).status, 500U);
  EXPECT_EQ(std::get<HttpResponse>(refused).body, "connection closed by media");
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(world.admit({}))) << "who is in may come again";
}

TEST(Administration, RoomsAreListedByNameOrAll) {
  World world;
  world.enter({});
  world.enter({.identity = "bob", .room = "other"});
  const Administration admin(*world.server);
  EXPECT_EQ(admin.list_rooms({}).size(), 2U);
  const auto one = admin.list_rooms({"other", "none"});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].name(), "other");
  EXPECT_EQ(one[0].num_participants(), 1U);
}

TEST(Administration, WhatIsTooLongOrUnknownIsRefusedInWords) {
  World world;
  world.enter({});
  const auto make = [&](Administration::NewRoom room) {
    return refusal(act(world, [&](Administration& a, Turn t) { return a.create_room(room, t); }));
  };
  EXPECT_EQ(make({""}), "no room name");
  EXPECT_EQ(make({std::string(257, 'x')}), "room name exceeds the limit of 256 bytes");
  EXPECT_EQ(make({"r", std::string(512 * 1024 + 1, 'x')}),
            "metadata exceeds the limit of 524288 bytes");
  const Administration admin(*world.server);
  EXPECT_EQ(refusal(admin.list_participants("none")), "requested room does not exist");
  EXPECT_EQ(refusal(admin.get_participant({"none", "alice"})), "requested room does not exist");
  EXPECT_EQ(refusal(admin.get_participant({"room", "bob"})), "participant does not exist");
  EXPECT_EQ(refusal(act(world,
                        [](auto& a, Turn t) {
                          return a.remove_participant({"room", "bob"}, t);
                        })),
            "participant does not exist");
  EXPECT_EQ(refusal(act(world, [](auto& a, Turn t) { return a.delete_room("none", t); })),
            "requested room does not exist");
  EXPECT_EQ(
      refusal(act(
          world,
          [](auto& a, Turn t) {
            return a.update_participant({"room", "alice"}, {std::string(257, 'x'), "", {}, {}}, t);
          })),
      "exceeds name length limit");
}

TEST(Administration, RoomMetadataReachesEverybodyAtOnce) {
  Call call;
  act(call.world, [](auto& a, Turn t) { return a.update_room_metadata("room", "news", t); });
  for (const auto* client : {&call.alice, &call.bob}) {
    ASSERT_NE(client->last(Response::kRoomUpdate), nullptr);
    EXPECT_EQ(client->last(Response::kRoomUpdate)->room_update().room().metadata(), "news");
  }
}

TEST(Administration, AProfileIsChangedForAllAndInTheToken) {
  Call call;
  const auto tokens = call.alice.count(Response::kRefreshToken);
  const auto changed = act(call.world, [](auto& a, Turn t) {
    return a.update_participant({"room", "alice"}, {"Alice", "m", {{"k", "v"}}, {}}, t);
  });
  EXPECT_EQ(std::get<livekit::ParticipantInfo>(changed).name(), "Alice");
  ASSERT_NE(call.bob.told_of("alice"), nullptr);
  EXPECT_EQ(call.bob.told_of("alice")->metadata(), "m");
  EXPECT_EQ(call.bob.told_of("alice")->attributes().at("k"), "v");
  EXPECT_EQ(call.alice.told_of("alice")->name(), "Alice");
  EXPECT_EQ(call.alice.count(Response::kRefreshToken), tokens + 1);
}

TEST(Administration, WhoMayNotPublishAnyMoreIsDropped) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 5);
  auto permission = all_rights();
  permission.set_can_publish(false);
  permit(call.world, "alice", permission);
  const auto* dropped = call.alice.last(Response::kTrackUnpublished);
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->track_unpublished().track_sid(), call.sid);
  EXPECT_EQ(call.bob.told_of("alice")->tracks_size(), 0);
  EXPECT_FALSE(call.alice.told_of("alice")->permission().can_publish());
  call.world.run_for(500ms);
  const auto heard = call.bob.rtp.size();
  call.alice.speak(kSsrc, 5);
  EXPECT_EQ(call.bob.rtp.size(), heard);
  call.alice.add_track("again");
  EXPECT_EQ(test::refusal(call.alice), livekit::RequestResponse::NOT_ALLOWED);
  const auto token = call.alice.last(Response::kRefreshToken)->refresh_token();
  const auto claims = std::get<signal::Claims>(
      signal::verify(token, {{std::string(test::kKey), std::string(test::kSecret)}}, test::kEpoch));
  EXPECT_FALSE(claims.grants->can_publish);
}

TEST(Administration, OnlySourcesThatAreStillAllowedStay) {
  Call call;
  call.publish();
  auto permission = all_rights();
  permission.add_can_publish_sources(livekit::MICROPHONE);
  permit(call.world, "alice", permission);
  EXPECT_EQ(call.alice.last(Response::kTrackUnpublished), nullptr);
  permission.set_can_publish_sources(0, livekit::SCREEN_SHARE_AUDIO);
  permit(call.world, "alice", permission);
  EXPECT_NE(call.alice.last(Response::kTrackUnpublished), nullptr);
}

TEST(Administration, WhoMayNotSubscribeHearsNothingUntilItMay) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 5);
  auto permission = all_rights();
  permission.set_can_subscribe(false);
  permit(call.world, "bob", permission);
  call.world.run_for(500ms);
  const auto heard = call.bob.rtp.size();
  call.alice.speak(kSsrc, 5);
  EXPECT_EQ(call.bob.rtp.size(), heard);
  permit(call.world, "bob", all_rights());
  call.world.run_for(500ms);
  call.alice.speak(kSsrc, 5);
  EXPECT_EQ(call.bob.rtp.size(), heard + 5);
}

TEST(Administration, WhoMayNotSendDataIsNotHeard) {
  Call call;
  auto permission = all_rights();
  permission.set_can_publish_data(false);
  permit(call.world, "alice", permission);
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload("x");
  call.alice.say(packet);
  call.world.run_for(50ms);
  EXPECT_TRUE(call.bob.messages.empty());
}

TEST(Administration, MutingFromOutsideTellsThePublisherAndAll) {
  Call call;
  call.publish();
  const auto mute = [&](bool muted) {
    return act(call.world, [&](auto& a, Turn t) {
      return a.mute_track({"room", "alice"}, call.sid, muted, t);
    });
  };
  EXPECT_TRUE(std::get<livekit::TrackInfo>(mute(true)).muted());
  ASSERT_NE(call.alice.last(Response::kMute), nullptr);
  EXPECT_TRUE(call.alice.last(Response::kMute)->mute().muted());
  EXPECT_TRUE(call.bob.told_of("alice")->tracks(0).muted());
  EXPECT_EQ(refusal(mute(false)), "remote unmute not enabled");
  EXPECT_TRUE(call.bob.told_of("alice")->tracks(0).muted());
  call.alice.mute(call.sid, false);
  EXPECT_FALSE(call.bob.told_of("alice")->tracks(0).muted()) << "itself it may";
}

TEST(Administration, SubscriptionsAreSwitchedFromOutside) {
  Call call;
  call.publish();
  const auto set = [&](bool on) {
    act(call.world, [&](auto& a, Turn t) {
      return a.update_subscriptions({"room", "bob"}, {call.sid, "TR_unknown"}, on, t);
    });
    call.world.run_for(500ms);
    const auto heard = call.bob.rtp.size();
    call.alice.speak(kSsrc, 3);
    return call.bob.rtp.size() - heard;
  };
  EXPECT_EQ(set(false), 0U);
  EXPECT_EQ(set(true), 3U);
}

TEST(Administration, DataFromOutsideIsNobodys) {
  Call call;
  call.world.run_for(50ms);  // until the channels are open on this side, too
  livekit::DataPacket packet;
  packet.set_kind(livekit::DataPacket::RELIABLE);
  packet.set_participant_identity("forged");
  packet.mutable_user()->set_payload("hello");
  packet.mutable_user()->set_topic("t");
  const auto send = [&] {
    const auto answer =
        act(call.world, [&](auto& a, Turn t) { return a.send_data("room", packet, t); });
    call.world.run_for(50ms);
    return refusal(answer);
  };
  EXPECT_EQ(send(), "");
  for (const auto* client : {&call.alice, &call.bob}) {
    ASSERT_EQ(client->heard_data().size(), 1U);
    EXPECT_EQ(client->heard_data()[0].user().payload(), "hello");
    EXPECT_EQ(client->heard_data()[0].user().topic(), "t");
    EXPECT_EQ(client->heard_data()[0].participant_identity(), "");
  }
  packet.add_destination_identities("bob");
  EXPECT_EQ(send(), "");
  EXPECT_EQ(call.alice.messages.size(), 1U);
  EXPECT_EQ(call.bob.messages.size(), 2U);
  packet.mutable_user()->set_payload(std::string(64'001, 'x'));
  EXPECT_EQ(send(), "data exceeds the limit of 64000 bytes");
}

TEST(Administration, RemovedOnesAndDeletedRoomsAreToldSo) {
  Call call;
  act(call.world, [](auto& a, Turn t) { return a.remove_participant({"room", "alice"}, t); });
  EXPECT_EQ(call.alice.last(Response::kLeave)->leave().reason(), livekit::PARTICIPANT_REMOVED);
  act(call.world, [](auto& a, Turn t) { return a.delete_room("room", t); });
  EXPECT_EQ(call.bob.last(Response::kLeave)->leave().reason(), livekit::ROOM_DELETED);
  EXPECT_EQ(call.world.server->rooms(), 0U);
}

}  // namespace
}  // namespace sidetone::server
