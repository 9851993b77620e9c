// Counts and connection quality: what everybody is told every five seconds, when it changed.
#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using livekit::SignalResponse;
using test::Call;
using test::Client;
using test::kSsrc;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

// What a client was told last about another's connection.
std::optional<livekit::ConnectionQuality> quality(const Client& client, const Client& of) {
  std::optional<livekit::ConnectionQuality> latest;
  for (const auto& message : client.received)
    for (const auto& info : message.connection_quality().updates())
      if (info.participant_sid() == of.sid()) latest = info.quality();
  return latest;
}

TEST(RoomTick, CountsAreToldWithinFiveSeconds) {
  Call call;
  call.publish();
  EXPECT_EQ(call.alice.count(SignalResponse::kRoomUpdate), 0);
  call.world.run_for(5s);
  ASSERT_EQ(call.alice.count(SignalResponse::kRoomUpdate), 1);
  const auto& room = call.alice.last(SignalResponse::kRoomUpdate)->room_update().room();
  EXPECT_EQ(room.num_participants(), 2U);
  EXPECT_EQ(room.num_publishers(), 1U);
  call.world.run_for(20s);
  EXPECT_EQ(call.alice.count(SignalResponse::kRoomUpdate), 1) << "nothing changed";
}

TEST(RoomTick, ADepartureIsCountedAtOnce) {
  Call call;
  call.world.run_for(5s);
  livekit::SignalRequest leave;
  leave.mutable_leave();
  call.bob.send(leave);
  EXPECT_EQ(call.alice.last(SignalResponse::kRoomUpdate)->room_update().room().num_participants(),
            1U);
}

TEST(RoomTick, AGoodConnectionIsToldOnceToItselfAndItsListeners) {
  Call call;
  call.publish();
  auto& carol = call.world.enter({.identity = "carol"});
  carol.subscription(call.sid, false);
  call.world.run_for(500ms);
  call.alice.speak(kSsrc, 600);
  EXPECT_EQ(quality(call.alice, call.alice), livekit::EXCELLENT);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::EXCELLENT);
  EXPECT_EQ(quality(call.alice, call.bob), std::nullopt) << "whom she does not hear";
  EXPECT_EQ(quality(carol, call.alice), std::nullopt) << "who does not listen";
  EXPECT_EQ(call.alice.count(SignalResponse::kConnectionQuality), 1);
}

TEST(RoomTick, LossIsToldAndItsEndToo) {
  Call call;
  call.publish(false, true);  // nothing is sent again where there is RED
  call.alice.speak(kSsrc, 250);
  for (int i = 0; i < 20; ++i) {
    call.world.cut = true;
    call.alice.speak(kSsrc, 20);
    call.world.cut = false;
    call.alice.speak(kSsrc, 10);
  }
  EXPECT_EQ(quality(call.alice, call.alice), livekit::POOR);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::POOR);
  EXPECT_EQ(quality(call.bob, call.bob), livekit::EXCELLENT) << "it is not his connection";
  call.alice.speak(kSsrc, 600);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::EXCELLENT);
}

TEST(RoomTick, AStreamThatStopsUnmutedIsLostAndAMutedOneIsNot) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 300);
  call.alice.mute(call.sid, true);
  call.world.run_for(30s);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::EXCELLENT);
  call.alice.mute(call.sid, false);
  call.alice.speak(kSsrc, 300);
  call.world.run_for(15s);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::LOST);
  EXPECT_EQ(quality(call.bob, call.bob), livekit::EXCELLENT);
  call.alice.speak(kSsrc, 300);
  EXPECT_EQ(quality(call.bob, call.alice), livekit::EXCELLENT);
}

}  // namespace
}  // namespace sidetone::server
