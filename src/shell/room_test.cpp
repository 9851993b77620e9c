#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <mutex>
#include <sidetone/room.hpp>

#include "shell/room_fixture_test.hpp"

namespace sidetone::shell::test {
namespace {

namespace asio = boost::asio;

// 100 ms is the promise; a machine that is compiling beside us gets some more.
constexpr auto kPromptly = kSlow ? 1500ms : 400ms;

TEST(Room, APublishedTrackIsHeardAtItsPitch) {
  Hall hall;
  auto bob = hall.join("bob");
  // Before she is there, and before anything is published.
  auto early =
      AudioStream::from_participant(bob, "alice", TrackSource::microphone, {.sample_rate = 16000});
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 440, 24000);
  const auto published = alice.local_participant().publish_track("voice", singer.source, steady());
  EXPECT_FALSE(published.sid.empty());
  EXPECT_EQ(published.name, "voice");
  const auto heard = wait_for<TrackSubscribed>(bob);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->track.sid, published.sid);
  EXPECT_EQ(heard->track.participant_identity, "alice");
  auto stream = AudioStream::from_track(heard->track);
  EXPECT_PRED2(near, pitch(stream), 440);
  EXPECT_PRED2(near, pitch(early), 440);

  alice.local_participant().unpublish_track(published);
  const auto took = time_to_end(stream);
  ASSERT_TRUE(took);
  EXPECT_LT(*took, kPromptly);
  EXPECT_TRUE(wait_for<TrackUnsubscribed>(bob));
  EXPECT_TRUE(wait_for<TrackUnpublished>(bob));

  // The same source again, as another track: whoever follows the participant goes on.
  alice.local_participant().publish_track("again", singer.source, steady());
  while (early.try_read()) {
  }
  EXPECT_PRED2(near, pitch(early), 440);
  EXPECT_EQ(early.closed(), false);
  alice.disconnect();
}

TEST(Room, FramesTellHowLongAgoTheyWereSpoken) {
  Hall hall;
  auto bob = hall.join("bob");
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 440, 24000);
  alice.local_participant().publish_track("voice", singer.source, steady());
  auto stream = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  std::optional<AudioFrameEvent> told;
  for (int i = 0; i < 500 && !told; ++i) {
    auto event = stream.read(5s);
    ASSERT_TRUE(event);
    if (event->captured_at) told = std::move(event);
  }
  ASSERT_TRUE(told) << "a sender report comes with the first second";
  const auto age = std::chrono::system_clock::now() - *told->captured_at;
  EXPECT_GT(age, 20ms) << "a packet is 20 ms";
  EXPECT_LT(age, kSlow ? 2s : 500ms);
  ASSERT_TRUE(eventually([&] { return stream.stats().mouth_to_ear.has_value(); }));
  EXPECT_GT(*stream.stats().mouth_to_ear, 20ms);
  EXPECT_LT(*stream.stats().mouth_to_ear, kSlow ? 2s : 500ms);
}

TEST(Room, EventsComeInOrderAndTheStateIsAlreadyThere) {
  Hall hall;
  auto bob = hall.join("bob");
  std::mutex mutex;
  std::vector<std::string> story;
  const auto tell = [&](std::string what) {
    std::lock_guard lock(mutex);
    story.push_back(std::move(what));
  };
  bob.on<ParticipantConnected>([&](const ParticipantConnected& event) {
    tell("joined " + event.participant.identity +
         (bob.remote_participant(event.participant.identity) ? "" : " (unknown)"));
  });
  bob.on<TrackPublished>(
      [&](const TrackPublished& event) { tell("published " + event.track.name); });
  bob.on<TrackSubscribed>(
      [&](const TrackSubscribed& event) { tell("subscribed " + event.track.name); });
  bob.on<TrackMuted>([&](const TrackMuted& event) { tell("muted " + event.track.name); });
  bob.on<TrackUnmuted>([&](const TrackUnmuted& event) { tell("unmuted " + event.track.name); });
  bob.on<TrackUnsubscribed>(
      [&](const TrackUnsubscribed& event) { tell("unsubscribed " + event.track.name); });
  bob.on<TrackUnpublished>(
      [&](const TrackUnpublished& event) { tell("unpublished " + event.track.name); });
  bob.on<ParticipantDisconnected>([&](const ParticipantDisconnected& event) {
    tell("left " + event.participant.identity +
         (bob.remote_participant(event.participant.identity) ? " (still there)" : ""));
  });
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 300);
  const auto voice = alice.local_participant().publish_track("voice", singer.source);
  ASSERT_TRUE(wait_for<TrackSubscribed>(bob));
  alice.local_participant().set_muted(voice, true);
  ASSERT_TRUE(wait_for<TrackMuted>(bob));
  EXPECT_TRUE(bob.remote_participant("alice")->tracks.front().muted);
  alice.local_participant().set_muted(voice, false);
  ASSERT_TRUE(wait_for<TrackUnmuted>(bob));
  alice.disconnect();
  ASSERT_TRUE(wait_for<ParticipantDisconnected>(bob));
  const std::vector<std::string> expected{
      "joined alice",  "published voice",    "subscribed voice",  "muted voice",
      "unmuted voice", "unsubscribed voice", "unpublished voice", "left alice"};
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return story.size() >= expected.size();
  }));
  std::lock_guard lock(mutex);
  EXPECT_EQ(story, expected);
}

TEST(Room, NextEventWaitsEndsAndIsCancelled) {
  Hall hall;
  auto alice = hall.join("alice");
  EXPECT_TRUE(wait_for<Connected>(alice));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(alice.next_event(50ms));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 50ms);

  asio::cancellation_signal signal;
  std::promise<error_code> cancelled;
  alice.async_next_event(asio::bind_cancellation_slot(
      signal.slot(), [&](error_code ec, RoomEvent) { cancelled.set_value(ec); }));
  auto first = alice.async_next_event(asio::use_future);
  auto second = alice.async_next_event(asio::use_future);
  emit(hall.runtime, signal);
  auto outcome = cancelled.get_future();
  ASSERT_EQ(outcome.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(outcome.get(), asio::error::operation_aborted);

  auto bob = hall.join("bob");
  ASSERT_EQ(first.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(std::holds_alternative<ParticipantConnected>(first.get()));
  alice.disconnect();
  ASSERT_EQ(second.wait_for(5s), std::future_status::ready);
  // One of bob's own changes may have come before the end.
  error_code last;
  try {
    (void)second.get();
  } catch (const boost::system::system_error& error) {
    last = error.code();
    EXPECT_EQ(last, asio::error::eof);
  }
  while (alice.next_event(1s)) {
  }
  EXPECT_FALSE(alice.next_event());
}

TEST(Room, DisconnectEndsStreamsAndWhatIsPending) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  Singer singer(hall.runtime, 500);
  alice.local_participant().publish_track("voice", singer.source, steady());
  const auto heard = wait_for<TrackSubscribed>(bob);
  ASSERT_TRUE(heard);
  auto stream = AudioStream::from_track(heard->track);
  auto follower = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  auto nobody = AudioStream::from_participant(bob, "nobody", TrackSource::microphone);
  auto pending = nobody.async_read(asio::use_future);
  EXPECT_EQ(pending.wait_for(150ms), std::future_status::timeout);  // there is no track yet
  AudioSource other(hall.runtime, {});
  auto half = bob.local_participant().async_publish_track("half", other, {}, asio::use_future);
  bob.disconnect();
  EXPECT_EQ(bob.state(), ConnectionState::disconnected);
  for (auto* each : {&stream, &follower, &nobody}) {
    const auto took = time_to_end(*each);
    ASSERT_TRUE(took);
    EXPECT_LT(*took, kPromptly);
  }
  ASSERT_EQ(pending.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(thrown([&] { pending.get(); }), asio::error::eof);
  ASSERT_EQ(half.wait_for(5s), std::future_status::ready);
  const auto outcome = thrown([&] { half.get(); });
  EXPECT_TRUE(!outcome || outcome == errc::closed) << outcome.message();
  EXPECT_EQ(thrown([&] { bob.local_participant().publish_track("late", other); }), errc::closed);
  EXPECT_EQ(thrown([&] { bob.local_participant().publish_data({}); }), errc::closed);
  bob.disconnect();
  EXPECT_TRUE(wait_for<ParticipantDisconnected>(alice));
}

TEST(Room, AMutedTrackIsSilentAndComesBack) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  auto stream = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  Singer singer(hall.runtime, 350);
  auto options = steady();
  options.muted = true;
  const auto voice = alice.local_participant().publish_track("voice", singer.source, options);
  ASSERT_TRUE(wait_for<TrackSubscribed>(bob));
  EXPECT_TRUE(bob.remote_participant("alice")->tracks.front().muted);
  EXPECT_EQ(pitch(stream, 700ms), 0);
  alice.local_participant().set_muted(voice, false);
  EXPECT_PRED2(near, pitch(stream), 350);
  EXPECT_EQ(thrown([&] {
              alice.local_participant().set_muted({"TR_none", ""}, true);
            }),
            errc::not_found);
}

TEST(Room, DataArrivesReliableAndLossy) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  auto carol = hall.join("carol");
  const auto send = [&](const std::string& text, const DataOptions& options) {
    const auto bytes = std::as_bytes(std::span(text));
    // The first data packet brings the transport up.
    return eventually([&] {
      const auto code = thrown([&] { alice.local_participant().publish_data(bytes, options); });
      EXPECT_TRUE(!code || code == errc::would_block) << code.message();
      return !code;
    });
  };
  const auto text = [](const DataReceived& event) {
    return std::string(reinterpret_cast<const char*>(event.payload.data()), event.payload.size());
  };
  // A listener's channels come up a moment after it has joined: what is sent before is for nobody.
  for (auto* room : {&bob, &carol})
    for (const bool reliable : {true, false})
      ASSERT_TRUE(eventually([&] {
        EXPECT_TRUE(send("warm", {.reliable = reliable}));
        const auto got = wait_for<DataReceived>(*room, 100ms);
        return got && got->reliable == reliable;
      }));
  const auto next = [&](Room& room) {
    for (;;) {
      auto got = wait_for<DataReceived>(room);
      if (!got || text(*got) != "warm") return got;
    }
  };
  for (const bool reliable : {true, false}) {
    ASSERT_TRUE(send("to all", {.reliable = reliable, .topic = "news"}));
    for (auto* room : {&bob, &carol}) {
      const auto got = next(*room);
      ASSERT_TRUE(got);
      EXPECT_EQ(text(*got), "to all");
      EXPECT_EQ(got->identity, "alice");
      EXPECT_EQ(got->topic, "news");
      EXPECT_EQ(got->reliable, reliable);
    }
  }
  ASSERT_TRUE(send("to bob", {.destinations = {"bob"}}));
  ASSERT_TRUE(send("to all again", {}));
  const auto at_bob = next(bob);
  const auto at_carol = next(carol);
  ASSERT_TRUE(at_bob && at_carol);
  EXPECT_EQ(text(*at_bob), "to bob");
  EXPECT_EQ(text(*at_carol), "to all again");
  const std::vector<std::byte> huge(1 << 20);
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_data(huge); }), errc::payload_too_large);
}

TEST(Room, SubscribingIsTheListenersChoice) {
  Hall hall;
  auto alice = hall.join("alice");
  Singer singer(hall.runtime, 600);
  alice.local_participant().publish_track("voice", singer.source, steady());
  Room bob(hall.runtime);
  ConnectOptions choosy;
  choosy.auto_subscribe = false;
  bob.connect(hall.server.url(), token_for("bob"), choosy);
  ASSERT_TRUE(eventually([&] {
    const auto there = bob.remote_participant("alice");
    return there && !there->tracks.empty();
  }));
  const auto track = bob.remote_participant("alice")->tracks.front();
  EXPECT_FALSE(track.subscribed);
  auto stream = AudioStream::from_track(track);
  EXPECT_EQ(pitch(stream, 300ms), 0);
  bob.set_subscribed(track, true);
  ASSERT_TRUE(wait_for<TrackSubscribed>(bob));
  EXPECT_PRED2(near, pitch(stream), 600);
  bob.set_subscribed(track, false);
  const auto took = time_to_end(stream);
  ASSERT_TRUE(took);
  EXPECT_LT(*took, kPromptly);
  auto unknown = track;
  unknown.sid = "TR_none";
  EXPECT_EQ(thrown([&] { bob.set_subscribed(unknown, true); }), errc::not_found);
}

TEST(Room, OneSourceHasOnePublication) {
  Hall hall;
  auto alice = hall.join("alice");
  AudioSource source(hall.runtime, {});
  const auto first = alice.local_participant().publish_track("one", source);
  std::string why;
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_track("two", source); }, &why),
            errc::invalid_argument);
  EXPECT_NE(why.find("published already"), why.npos) << why;
  PublishOptions wrong;
  wrong.bitrate = 1;
  AudioSource other(hall.runtime, {});
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_track("bits", other, wrong); }, &why),
            errc::invalid_argument);
  EXPECT_NE(why.find("bitrate"), why.npos) << why;
  alice.local_participant().unpublish_track(first);
  EXPECT_EQ(thrown([&] { alice.local_participant().unpublish_track(first); }), errc::not_found);
  EXPECT_FALSE(alice.local_participant().publish_track("three", source).sid.empty());
  other.close();
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_track("shut", other); }), errc::closed);
}

TEST(Room, StreamsDroppedAtOnceDoNotUseUpTheTracksListeners) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  Singer singer(hall.runtime, 400);
  alice.local_participant().publish_track("voice", singer.source, steady());
  const auto heard = wait_for<TrackSubscribed>(bob);
  ASSERT_TRUE(heard);
  for (int i = 0; i < 200; ++i) {
    (void)AudioStream::from_track(heard->track);
    (void)AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  }
  auto stream = AudioStream::from_track(heard->track);
  EXPECT_PRED2(near, pitch(stream), 400);
}

}  // namespace
}  // namespace sidetone::shell::test
