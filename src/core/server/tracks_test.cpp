// Tracks: announced, heard, muted, ended; and what stands in the way.
#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using livekit::RequestResponse;
using livekit::SignalResponse;
using test::Call;
using test::Guest;
using test::is_silence;
using test::kSsrc;
using test::refusal;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

TEST(Tracks, AddTrackIsAnsweredWithItsSid) {
  World world;
  auto& client = world.enter({});
  client.add_track("mic", true);
  const auto* message = client.last(SignalResponse::kTrackPublished);
  ASSERT_NE(message, nullptr);
  const auto& published = message->track_published();
  EXPECT_EQ(published.cid(), "mic");
  EXPECT_EQ(published.track().sid().substr(0, 5), "TR_AM");
  EXPECT_EQ(published.track().sid().size(), 17U);
  EXPECT_EQ(published.track().name(), "name of mic");
  EXPECT_EQ(published.track().source(), livekit::MICROPHONE);
  EXPECT_EQ(published.track().type(), livekit::AUDIO);
  EXPECT_TRUE(published.track().muted());
  EXPECT_EQ(client.told_of("alice")->tracks_size(), 0) << "no media section yet";
}

TEST(Tracks, RefusalsNameTheirReasonAndEchoTheRequest) {
  World world;
  auto& client = world.enter({});
  livekit::SignalRequest video;
  video.mutable_add_track()->set_cid("cam");
  video.mutable_add_track()->set_type(livekit::VIDEO);
  client.send(video);
  EXPECT_EQ(refusal(client), RequestResponse::UNSUPPORTED_TYPE);
  EXPECT_EQ(client.last(SignalResponse::kRequestResponse)->request_response().add_track().cid(),
            "cam");
  client.add_track("mic");
  client.add_track("mic");
  EXPECT_EQ(refusal(client), RequestResponse::QUEUED);
  client.add_track("");
  EXPECT_EQ(refusal(client), RequestResponse::LIMIT_EXCEEDED);
  client.add_track(std::string(257, 'c'));
  EXPECT_EQ(refusal(client), RequestResponse::LIMIT_EXCEEDED);
  EXPECT_EQ(client.count(SignalResponse::kTrackPublished), 1);
  EXPECT_EQ(world.server->counters().tracks_refused, 4U);
}

TEST(Tracks, OnlyWhatTheTokenAllowsIsPublished) {
  World world;
  Guest listener{.identity = "listener"};
  listener.grants.can_publish = false;
  auto& quiet = world.enter(listener);
  quiet.add_track("mic");
  EXPECT_EQ(refusal(quiet), RequestResponse::NOT_ALLOWED);
  EXPECT_FALSE(quiet.received.front().join().fast_publish());
  Guest sharer{.identity = "sharer"};
  sharer.grants.can_publish_sources = {"screen_share_audio"};
  auto& screen = world.enter(sharer);
  screen.add_track("mic");
  EXPECT_EQ(refusal(screen), RequestResponse::NOT_ALLOWED);
  EXPECT_EQ(screen.count(SignalResponse::kTrackPublished), 0);
}

TEST(Tracks, OneParticipantHasAsManyAsTheLimitSays) {
  Limits limits;
  limits.tracks_per_participant = 3;
  World world(limits);
  auto& client = world.enter({});
  for (int i = 0; i < 5; ++i) client.add_track("mic" + std::to_string(i));
  EXPECT_EQ(client.count(SignalResponse::kTrackPublished), 3);
  EXPECT_EQ(refusal(client), RequestResponse::LIMIT_EXCEEDED);
}

TEST(Tracks, EverybodyIsToldBeforeTheOfferThatCarriesIt) {
  Call call;
  const auto before = call.bob.received.size();
  call.publish();
  std::size_t told = 0;
  std::size_t offered = 0;
  for (auto i = before; i < call.bob.received.size(); ++i) {
    const auto& message = call.bob.received[i];
    if (message.update().participants_size() > 0 && told == 0) told = i;
    if (message.has_offer() && offered == 0) offered = i;
  }
  ASSERT_NE(told, 0U);
  ASSERT_NE(offered, 0U);
  EXPECT_LT(told, offered);
  const auto& track = call.bob.told_of("alice")->tracks(0);
  EXPECT_EQ(track.sid(), call.sid);
  EXPECT_EQ(track.mime_type(), "audio/opus");
  EXPECT_FALSE(track.mid().empty());
  EXPECT_TRUE(call.bob.told_of("alice")->is_publisher());
  EXPECT_EQ(call.alice.told_of("alice")->tracks_size(), 1) << "the publisher is told too";
  const auto& offer = call.bob.received[offered].offer();
  EXPECT_NE(offer.sdp().find("a=msid:" + call.alice.sid() + "|" + call.sid + " " + call.sid),
            std::string::npos);
  EXPECT_EQ(offer.mid_to_track_id().begin()->second, call.sid);
  EXPECT_EQ(offer.id(), 2U);
}

TEST(Tracks, WhoComesLaterIsOfferedWhatIsThere) {
  Call call;
  call.publish();
  auto& carol = call.world.enter({.identity = "carol"});
  call.world.run_for(100ms);
  const auto& others = carol.received.front().join().other_participants();
  ASSERT_EQ(others.size(), 2);
  EXPECT_EQ(others[0].tracks_size(), 1);
  EXPECT_EQ(carol.last(SignalResponse::kOffer)->offer().mid_to_track_id_size(), 1);
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  EXPECT_EQ(carol.rtp.size(), 5U);
  EXPECT_EQ(call.alice.count(SignalResponse::kTrackSubscribed), 1) << "the first listener only";
}

TEST(Tracks, PacketsArriveAsTheyWereSaid) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 10);
  call.world.run_for(50ms);
  ASSERT_EQ(call.bob.rtp.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto& packet = call.bob.rtp[i];
    EXPECT_EQ(packet.payload.bytes()[1], std::byte(i));
    EXPECT_EQ(packet.payload_type, 111);
    EXPECT_FALSE(packet.marker);
    EXPECT_FALSE(packet.level) << "extensions end at the server";
    EXPECT_EQ(static_cast<std::uint16_t>(packet.sequence), 1000 + i);
    EXPECT_EQ(static_cast<std::uint32_t>(packet.rtp_time), 50'000 + 960 * i);
  }
  EXPECT_TRUE(call.alice.rtp.empty()) << "nobody hears itself";
  EXPECT_EQ(call.world.server->counters().packets_forwarded, 10U);
}

TEST(Tracks, RedIsUnpackedForWhoDoesNotTakeIt) {
  Call call;
  call.bob.takes_red = false;
  auto& carol = call.world.enter({.identity = "carol"});
  call.publish(false, true);
  EXPECT_EQ(call.bob.told_of("alice")->tracks(0).mime_type(), "audio/red");
  rtp::OutgoingAudio audio;
  const std::array red{std::byte{111}, std::byte{0xfc}, std::byte{0x55}};
  audio.payload = red;
  peer::Output out;
  ASSERT_FALSE(call.alice.publisher->send_audio(kSsrc, audio, call.world.now(), out));
  call.alice.collect(out);
  call.world.run_for(50ms);
  ASSERT_EQ(carol.rtp.size(), 1U);
  EXPECT_EQ(carol.rtp[0].payload_type, 63);
  EXPECT_EQ(carol.rtp[0].payload.size(), 3U);
  ASSERT_EQ(call.bob.rtp.size(), 1U);
  EXPECT_EQ(call.bob.rtp[0].payload_type, 111);
  EXPECT_EQ(call.bob.rtp[0].payload.size(), 2U);
  EXPECT_EQ(call.bob.rtp[0].payload.bytes()[1], std::byte{0x55});
}

TEST(Tracks, MuteIsToldOnceAndSettlesInOneSecondOfSilence) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  call.bob.rtp.clear();
  const auto updates = call.bob.count(SignalResponse::kUpdate);
  call.alice.mute(call.sid, true);
  call.alice.mute(call.sid, true);
  EXPECT_EQ(call.bob.count(SignalResponse::kUpdate), updates + 1) << "a mute that changes nothing";
  EXPECT_TRUE(call.bob.told_of("alice")->tracks(0).muted());
  EXPECT_TRUE(call.alice.told_of("alice")->tracks(0).muted());
  call.alice.speak(kSsrc, 5);
  call.world.run_for(2s);
  ASSERT_EQ(call.bob.rtp.size(), 51U);
  for (const auto& packet : call.bob.rtp) EXPECT_TRUE(is_silence(packet));
  EXPECT_EQ(call.world.server->counters().packets_while_muted, 5U);
  const auto last = call.bob.rtp.back().sequence;
  call.bob.rtp.clear();
  call.alice.mute(call.sid, false);
  call.alice.speak(kSsrc, 1);
  call.world.run_for(50ms);
  ASSERT_EQ(call.bob.rtp.size(), 1U);
  EXPECT_EQ(call.bob.rtp[0].sequence, last + 1);
  EXPECT_FALSE(call.bob.told_of("alice")->tracks(0).muted());
}

TEST(Tracks, SilenceOfAnEncryptedTrackEndsAsTheJoinSaid) {
  Call call;
  call.alice.encrypts = true;
  call.publish();
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  call.bob.rtp.clear();
  call.alice.mute(call.sid, true);
  call.world.run_for(2s);
  ASSERT_EQ(call.bob.rtp.size(), 51U);
  const auto trailer = call.bob.last(SignalResponse::kJoin)->join().sif_trailer();
  ASSERT_EQ(trailer.size(), 44U);
  EXPECT_EQ(trailer, call.alice.last(SignalResponse::kJoin)->join().sif_trailer()) << "the room's";
  for (const auto& packet : call.bob.rtp)
    EXPECT_TRUE(base::as_text(packet.payload.bytes()).ends_with(trailer));
  EXPECT_EQ(call.bob.rtp[0].payload.size(), 80U + 44U);
}

TEST(Tracks, MutingWhatIsNotThereIsNotFound) {
  Call call;
  call.alice.mute("TR_nothing", true);
  EXPECT_EQ(refusal(call.alice), RequestResponse::NOT_FOUND);
  call.publish();
  call.bob.mute(call.sid, true);
  EXPECT_EQ(refusal(call.bob), RequestResponse::NOT_FOUND) << "another's track";
  EXPECT_FALSE(call.bob.told_of("alice")->tracks(0).muted());
}

TEST(Tracks, OneThatStartsMutedIsHeardAfterUnmuting) {
  Call call;
  call.publish(true);
  EXPECT_TRUE(call.bob.told_of("alice")->tracks(0).muted());
  EXPECT_EQ(call.alice.count(SignalResponse::kTrackSubscribed), 1);
  call.alice.speak(kSsrc, 3);
  call.world.run_for(2s);
  EXPECT_TRUE(call.bob.rtp.empty()) << "nothing was sent, so there is nothing to settle";
  call.alice.mute(call.sid, false);
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
}

TEST(Tracks, OneMutedBeforeItsSectionIsToldOnlyWithIt) {
  Call call;
  call.alice.add_track("mic");
  const auto updates = call.bob.count(SignalResponse::kUpdate);
  call.alice.mute(call.alice.track_sid(), true);
  EXPECT_EQ(call.bob.count(SignalResponse::kUpdate), updates);
}

TEST(Tracks, UnpublishSettlesTellsAndFreesTheSection) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  call.bob.rtp.clear();
  call.alice.unpublish("mic");
  call.world.run_for(500ms);
  EXPECT_EQ(call.bob.rtp.size(), 11U);
  for (const auto& packet : call.bob.rtp) EXPECT_TRUE(is_silence(packet));
  EXPECT_EQ(call.bob.told_of("alice")->tracks_size(), 0);
  EXPECT_FALSE(call.bob.told_of("alice")->is_publisher());
  EXPECT_EQ(call.bob.last(SignalResponse::kOffer)->offer().mid_to_track_id_size(), 0);
  call.alice.publish("mic", kSsrc + 1);
  call.world.run_for(200ms);
  const auto& offer = call.bob.last(SignalResponse::kOffer)->offer();
  EXPECT_EQ(offer.mid_to_track_id().begin()->first, "1") << "the section is used again";
  call.bob.rtp.clear();
  call.alice.speak(kSsrc + 1, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U) << "under a new SSRC";
}

TEST(Tracks, ThoseOfOneWhoLeavesEndInSilence) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  call.bob.rtp.clear();
  livekit::SignalRequest leave;
  leave.mutable_leave();
  call.alice.send(leave);
  call.world.run_for(500ms);
  EXPECT_EQ(call.bob.rtp.size(), 11U);
  EXPECT_EQ(call.bob.last(SignalResponse::kOffer)->offer().mid_to_track_id_size(), 0);
}

TEST(Tracks, AListenerWhoLeavesIsForgotten) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 2);
  livekit::SignalRequest leave;
  leave.mutable_leave();
  call.bob.send(leave);
  const auto forwarded = call.world.server->counters().packets_forwarded;
  call.alice.speak(kSsrc, 5);
  EXPECT_EQ(call.world.server->counters().packets_forwarded, forwarded);
}

TEST(Tracks, ASpeakerIsToldToAll) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 30, 0);
  for (const auto* client : {&call.alice, &call.bob}) {
    const auto* message = client->last(SignalResponse::kSpeakersChanged);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->speakers_changed().speakers(0).sid(), call.alice.sid());
    EXPECT_TRUE(message->speakers_changed().speakers(0).active());
  }
  call.world.run_for(1s);
  EXPECT_FALSE(
      call.bob.last(SignalResponse::kSpeakersChanged)->speakers_changed().speakers(0).active());
}

TEST(Tracks, ChangedFeaturesAreTold) {
  Call call;
  call.publish();
  livekit::SignalRequest request;
  auto& change = *request.mutable_update_audio_track();
  change.set_track_sid(call.sid);
  change.add_features(livekit::TF_STEREO);
  change.add_features(livekit::TF_STEREO);
  call.alice.send(request);
  ASSERT_EQ(call.bob.told_of("alice")->tracks(0).audio_features_size(), 1);
  EXPECT_EQ(call.bob.told_of("alice")->tracks(0).audio_features(0), livekit::TF_STEREO);
  change.set_track_sid("TR_none");
  call.alice.send(request);
  EXPECT_EQ(refusal(call.alice), RequestResponse::NOT_FOUND);
}

}  // namespace
}  // namespace sidetone::server
