// Streams of one's own tracks, and sources that belong to one publication: through the public API.
#include <gtest/gtest.h>

#include "shell/room_fixture_test.hpp"

namespace sidetone::shell {
namespace {

using namespace std::chrono_literals;

using test::Hall;
using test::pitch;
using test::Singer;
using test::steady;
using test::thrown;
using test::time_to_end;

Track own_track(Room& room) {
  EXPECT_TRUE(test::eventually([&] { return !room.local_participant().info().tracks.empty(); }));
  return room.local_participant().info().tracks.at(0);
}

TEST(RoomTap, OnesOwnTrackIsHeardUntilItIsUnpublished) {
  Hall hall;
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 440);
  auto publication = alice.local_participant().publish_track("voice", singer.source, steady());
  auto stream = AudioStream::from_track(own_track(alice), {.sample_rate = 16000});
  EXPECT_NEAR(pitch(stream), 440, 30);
  alice.local_participant().set_muted(publication, true);
  EXPECT_EQ(pitch(stream, 1000ms), 0) << "mute is silence";
  alice.local_participant().unpublish_track(publication);
  const auto end = time_to_end(stream);
  ASSERT_TRUE(end);
  EXPECT_LT(*end, 500ms);
}

TEST(RoomTap, TheLocalIdentityIsFollowedFromBeforeTheJoinThroughRepublication) {
  Hall hall;
  Room alice(hall.runtime);
  auto stream = AudioStream::from_participant(alice, "alice", TrackSource::microphone);
  EXPECT_EQ(thrown([&] { stream.read(50ms); }), errc::timed_out) << "no track, no frame";
  alice.connect(hall.server.url(), test::token_for("alice"));
  {
    Singer low(hall.runtime, 440, 24000);
    auto publication = alice.local_participant().publish_track("low", low.source, steady());
    EXPECT_TRUE(test::near(pitch(stream), 440));
    alice.local_participant().unpublish_track(publication);
  }
  Singer high(hall.runtime, 880);
  (void)alice.local_participant().publish_track("high", high.source, steady());
  EXPECT_TRUE(test::near(pitch(stream), 880));
  alice.disconnect();
  EXPECT_TRUE(time_to_end(stream));
}

TEST(RoomTap, EndsWhenTheSourceIsClosedOrTheRoomIsLeft) {
  Hall hall;
  auto alice = hall.join("alice");
  auto singer = std::make_unique<Singer>(hall.runtime, 440);
  (void)alice.local_participant().publish_track("voice", singer->source, steady());
  AudioStream first(own_track(alice));
  EXPECT_TRUE(test::near(pitch(first), 440));
  singer.reset();
  EXPECT_TRUE(time_to_end(first));

  auto bob = hall.join("bob");
  Singer other(hall.runtime, 550);
  (void)bob.local_participant().publish_track("voice", other.source, steady());
  AudioStream second(own_track(bob));
  EXPECT_TRUE(test::near(pitch(second), 550));
  bob.disconnect();
  EXPECT_TRUE(time_to_end(second));
}

TEST(SourceOfOnePublication, AnotherRoomIsRefusedInWordsUntilTheFirstLetsGo) {
  Hall hall;
  auto alice = hall.join("alice", "first");
  auto bob = hall.join("bob", "second");
  AudioSource source(hall.runtime);
  auto publication = alice.local_participant().publish_track("voice", source);
  std::string text;
  EXPECT_EQ(thrown([&] { bob.local_participant().publish_track("voice", source); }, &text),
            errc::invalid_argument);
  EXPECT_NE(text.find("published in another Room"), std::string::npos) << text;
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_track("again", source); }, &text),
            errc::invalid_argument);
  EXPECT_NE(text.find("unpublish that track first"), std::string::npos) << text;
  alice.local_participant().unpublish_track(publication);
  EXPECT_FALSE(thrown([&] { bob.local_participant().publish_track("voice", source); }, &text))
      << text;
  bob.disconnect();
  EXPECT_FALSE(thrown([&] { alice.local_participant().publish_track("voice", source); }, &text))
      << text;
}

TEST(SourceOfOnePublication, OfTwoRoomsThatPublishAtOnceOneSucceeds) {
  Hall hall;
  auto alice = hall.join("alice", "first");
  auto bob = hall.join("bob", "second");
  for (int round = 0; round < 10; ++round) {
    AudioSource source(hall.runtime);
    std::atomic<int> published{0};
    std::atomic<int> refused{0};
    const auto publish = [&](Room& room) {
      const auto error = thrown([&] { room.local_participant().publish_track("voice", source); });
      if (!error) ++published;
      if (error == errc::invalid_argument) ++refused;
    };
    std::thread other([&] { publish(bob); });
    publish(alice);
    other.join();
    EXPECT_EQ(published, 1);
    EXPECT_EQ(refused, 1);
    source.close();
  }
}

}  // namespace
}  // namespace sidetone::shell
