#include <boost/asio/use_future.hpp>
#include <sidetone/room.hpp>

#include "shell/room_fixture_test.hpp"

namespace sidetone::shell::test {
namespace {

Room join_granted(Hall& hall, const std::string& identity) {
  Room room(hall.runtime);
  room.connect(hall.server.url(), token_for(identity, "room", [](AccessToken& token) {
                 token.grants.can_update_own_metadata = true;
               }));
  return room;
}

TEST(RoomRequests, TheRoomSeesOurMetadataNameAndAttributes) {
  Hall hall;
  auto bob = hall.join("bob");
  auto alice = join_granted(hall, "alice");
  auto me = alice.local_participant();
  me.set_metadata("first");
  EXPECT_EQ(wait_for<ParticipantMetadataChanged>(bob)->metadata, "first");
  me.set_name("Alice");
  EXPECT_EQ(wait_for<ParticipantNameChanged>(bob)->name, "Alice");
  me.async_set_attributes({{"mood", "good"}}, boost::asio::use_future).get();
  EXPECT_EQ(wait_for<ParticipantAttributesChanged>(bob)->changed.at("mood"), "good");
  EXPECT_TRUE(eventually([&] { return me.info().attributes.contains("mood"); }));
  EXPECT_EQ(me.info().name, "Alice");
  EXPECT_EQ(me.info().metadata, "first") << "a name alone leaves it";
}

TEST(RoomRequests, WithoutTheGrantTheServersWordsAreShown) {
  Hall hall;
  auto alice = hall.join("alice");
  std::string text;
  EXPECT_EQ(thrown([&] { alice.local_participant().set_name("x"); }, &text), errc::forbidden);
  EXPECT_NE(text.find("permission"), std::string::npos) << text;
  EXPECT_FALSE(alice.local_participant().info().permissions.can_update_metadata);
}

TEST(RoomRequests, WhoIsNotAllowedHearsNothingUntilAllowedAgain) {
  Hall hall;
  auto bob = hall.join("bob");
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 440);
  alice.local_participant().publish_track("voice", singer.source, steady());
  const auto track = wait_for<TrackSubscribed>(bob);
  ASSERT_TRUE(track);
  auto stream = AudioStream::from_track(track->track);
  alice.local_participant().set_track_subscription_permissions(false, {{"carol", true, {}}});
  const auto revoked = wait_for<TrackSubscriptionPermissionChanged>(bob);
  ASSERT_TRUE(revoked);
  EXPECT_FALSE(revoked->allowed);
  EXPECT_EQ(revoked->track.sid, track->track.sid);
  EXPECT_TRUE(time_to_end(stream)) << "the stream of a track we may not hear ends";
  alice.local_participant().set_track_subscription_permissions(false, {{"bob", true, {}}});
  const auto granted = wait_for<TrackSubscriptionPermissionChanged>(bob);
  ASSERT_TRUE(granted);
  EXPECT_TRUE(granted->allowed);
  ASSERT_TRUE(wait_for<TrackSubscribed>(bob));
  auto again = AudioStream::from_track(granted->track);
  EXPECT_PRED2(near, pitch(again), 440);
}

TEST(RoomRequests, AfterASimulatedLossTheSameSourceIsHeard) {
  Hall hall;
  auto bob = hall.join("bob");
  auto stream = AudioStream::from_participant(bob, "alice", TrackSource::microphone, {});
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 440);
  alice.local_participant().publish_track("voice", singer.source, steady());
  EXPECT_PRED2(near, pitch(stream), 440);
  for (auto fault : {SimulatedFault::signal_reconnect, SimulatedFault::full_reconnect}) {
    alice.simulate_fault(fault);
    EXPECT_TRUE(wait_for<Reconnecting>(alice));
    EXPECT_TRUE(wait_for<Reconnected>(alice));
    while (stream.try_read()) {
    }
    EXPECT_PRED2(near, pitch(stream), 440);
  }
  alice.disconnect();
  EXPECT_EQ(thrown([&] { alice.simulate_fault(SimulatedFault::node_failure); }), errc::closed);
}

}  // namespace
}  // namespace sidetone::shell::test
