#include "core/room/room_state.hpp"

#include <gtest/gtest.h>

namespace sidetone::room {
namespace {

livekit::ParticipantInfo person(std::string sid, std::string identity, std::uint32_t version = 1) {
  livekit::ParticipantInfo info;
  info.set_sid(std::move(sid));
  info.set_identity(std::move(identity));
  info.set_version(version);
  info.set_state(livekit::ParticipantInfo::ACTIVE);
  return info;
}

livekit::TrackInfo microphone(std::string sid) {
  livekit::TrackInfo info;
  info.set_sid(std::move(sid));
  info.set_source(livekit::MICROPHONE);
  return info;
}

struct Room {
  RoomState state;
  EventOutbox out;

  explicit Room(std::vector<livekit::ParticipantInfo> others = {}) { join(std::move(others)); }

  void join(std::vector<livekit::ParticipantInfo> others, std::string own_sid = "PA_me") {
    livekit::JoinResponse response;
    response.mutable_room()->set_sid("RM_1");
    response.mutable_room()->set_name("room");
    *response.mutable_participant() = person(std::move(own_sid), "me", 0);
    for (auto& info : others) *response.add_other_participants() = std::move(info);
    state.on_join(response, out);
  }

  void update(std::vector<livekit::ParticipantInfo> infos) {
    livekit::ParticipantUpdate update;
    for (auto& info : infos) *update.add_participants() = std::move(info);
    state.on_update(update, out);
  }

  // The events so far, in letters: the order is what most promises are about.
  std::string story() {
    std::string text;
    for (auto& event : out) text += (text.empty() ? "" : " ") + name(event);
    out.clear();
    return text;
  }

  static std::string name(const Event& event) {
    if (auto* e = std::get_if<ParticipantConnected>(&event)) return "+" + e->participant.identity;
    if (auto* e = std::get_if<ParticipantDisconnected>(&event))
      return "-" + e->participant.identity;
    if (auto* e = std::get_if<TrackPublished>(&event)) return "pub:" + e->track.sid;
    if (auto* e = std::get_if<TrackUnpublished>(&event)) return "unpub:" + e->track.sid;
    if (auto* e = std::get_if<TrackSubscribed>(&event)) return "sub:" + e->track.sid;
    if (auto* e = std::get_if<TrackUnsubscribed>(&event)) return "unsub:" + e->track.sid;
    if (auto* e = std::get_if<TrackMuted>(&event)) return "mute:" + e->track.sid;
    if (auto* e = std::get_if<TrackUnmuted>(&event)) return "unmute:" + e->track.sid;
    if (auto* e = std::get_if<ParticipantNameChanged>(&event)) return "name:" + e->name;
    if (auto* e = std::get_if<ParticipantMetadataChanged>(&event)) return "meta:" + e->metadata;
    if (auto* e = std::get_if<RoomMetadataChanged>(&event)) return "roommeta:" + e->metadata;
    if (std::get_if<RoomInfoChanged>(&event)) return "roominfo";
    if (std::get_if<ParticipantAttributesChanged>(&event)) return "attributes";
    if (std::get_if<ParticipantPermissionsChanged>(&event)) return "permissions";
    if (auto* e = std::get_if<SubscriptionPermissionChanged>(&event))
      return (e->allowed ? "allow:" : "deny:") + e->track.sid;
    if (auto* e = std::get_if<ActiveSpeakersChanged>(&event)) {
      std::string text = "speak";
      for (const auto& speaker : e->speakers) text += ":" + speaker.who.identity;
      return text;
    }
    if (std::get_if<ConnectionQualityChanged>(&event)) return "quality";
    return "?";
  }
};

livekit::ParticipantInfo with_track(livekit::ParticipantInfo info, std::string sid) {
  *info.add_tracks() = microphone(std::move(sid));
  return info;
}

TEST(RoomState, ThoseAlreadyThereAreInTheStateAndNotAnnounced) {
  Room room({with_track(person("PA_a", "alice"), "TR_a")});
  EXPECT_EQ(room.story(), "");
  ASSERT_NE(room.state.find_identity("alice"), nullptr);
  EXPECT_EQ(room.state.find_track("TR_a").track->source, TrackSource::microphone);
  EXPECT_EQ(room.state.info().name, "room");
  EXPECT_EQ(room.state.local().identity, "me");
  EXPECT_TRUE(room.state.local().local);
}

TEST(RoomState, ANewcomerIsAnnouncedBeforeItsTracks) {
  Room room;
  room.update({with_track(person("PA_a", "alice"), "TR_a")});
  EXPECT_EQ(room.story(), "+alice pub:TR_a");
}

TEST(RoomState, LeavingEndsTracksFirst) {
  Room room({with_track(person("PA_a", "alice"), "TR_a")});
  room.state.set_subscribed("TR_a", true, room.out);
  EXPECT_EQ(room.story(), "sub:TR_a");
  auto gone = person("PA_a", "alice", 2);
  gone.set_state(livekit::ParticipantInfo::DISCONNECTED);
  gone.set_disconnect_reason(livekit::PARTICIPANT_REMOVED);
  room.update({gone});
  ASSERT_EQ(room.out.size(), 3U);
  EXPECT_EQ(std::get<ParticipantDisconnected>(room.out[2]).reason,
            DisconnectReason::participant_removed);
  EXPECT_EQ(room.story(), "unsub:TR_a unpub:TR_a -alice");
  EXPECT_EQ(room.state.find("PA_a"), nullptr);
}

TEST(RoomState, TheDisconnectOfAStrangerIsIgnored) {
  Room room;
  auto gone = person("PA_x", "nobody");
  gone.set_state(livekit::ParticipantInfo::DISCONNECTED);
  room.update({gone});
  EXPECT_EQ(room.story(), "");
  EXPECT_EQ(room.state.ignored(), 1U);
}

TEST(RoomState, OlderVersionsAreDroppedAndEqualOnesApplied) {
  Room room({person("PA_a", "alice", 5)});
  auto older = person("PA_a", "alice", 4);
  older.set_name("old");
  auto equal = person("PA_a", "alice", 5);
  equal.set_name("new");
  room.update({older});
  EXPECT_EQ(room.story(), "");
  room.update({equal});
  EXPECT_EQ(room.story(), "name:new");
}

TEST(RoomState, AKnownIdentityUnderANewSidMeansTheOldOneIsGone) {
  Room room({with_track(person("PA_a", "alice", 9), "TR_a")});
  room.update({with_track(person("PA_b", "alice", 1), "TR_b")});
  EXPECT_EQ(room.story(), "unpub:TR_a -alice +alice pub:TR_b");
  EXPECT_EQ(room.state.find("PA_a"), nullptr);
  EXPECT_EQ(room.state.find_identity("alice")->sid, "PA_b");
}

TEST(RoomState, ABatchIsAppliedInItsOrder) {
  Room room;
  room.update({person("PA_a", "alice"), person("PA_b", "bob")});
  EXPECT_EQ(room.story(), "+alice +bob");
}

TEST(RoomState, TracksComeGoAndAreMuted) {
  Room room({with_track(person("PA_a", "alice"), "TR_1")});
  auto info = person("PA_a", "alice", 2);
  *info.add_tracks() = microphone("TR_2");
  room.update({info});
  EXPECT_EQ(room.story(), "unpub:TR_1 pub:TR_2");
  info.mutable_tracks(0)->set_muted(true);
  info.set_version(3);
  room.update({info});
  EXPECT_EQ(room.story(), "mute:TR_2");
  EXPECT_TRUE(room.state.find_track("TR_2").track->muted);
  room.update({info});
  EXPECT_EQ(room.story(), "");
  info.mutable_tracks(0)->set_muted(false);
  room.update({info});
  EXPECT_EQ(room.story(), "unmute:TR_2");
}

TEST(RoomState, AnUpdateKeepsOurSubscription) {
  Room room({with_track(person("PA_a", "alice"), "TR_1")});
  room.state.set_subscribed("TR_1", true, room.out);
  room.state.set_wanted("TR_1", false);
  room.out.clear();
  room.update({with_track(person("PA_a", "alice", 2), "TR_1")});
  EXPECT_TRUE(room.state.find_track("TR_1").track->subscribed);
  EXPECT_FALSE(room.state.find_track("TR_1").track->wanted);
}

TEST(RoomState, ATrackIsSubscribedOnceAndOnlyWhenKnown) {
  Room room({with_track(person("PA_a", "alice"), "TR_1")});
  EXPECT_TRUE(room.state.set_subscribed("TR_1", true, room.out));
  EXPECT_FALSE(room.state.set_subscribed("TR_1", true, room.out));
  EXPECT_FALSE(room.state.set_subscribed("TR_unknown", true, room.out));
  EXPECT_EQ(room.story(), "sub:TR_1");
  EXPECT_TRUE(room.state.set_subscribed("TR_1", false, room.out));
  EXPECT_EQ(room.story(), "unsub:TR_1");
}

TEST(RoomState, ProfileChangesSayWhatChanged) {
  Room room({person("PA_a", "alice")});
  auto info = person("PA_a", "alice", 2);
  info.set_metadata("m");
  (*info.mutable_attributes())["k"] = "v";
  (*info.mutable_attributes())["l"] = "w";
  info.mutable_permission()->set_can_subscribe(true);
  room.update({info});
  EXPECT_EQ(room.story(), "meta:m attributes permissions");
  info.mutable_attributes()->erase("l");
  (*info.mutable_attributes())["k"] = "x";
  room.update({info});
  ASSERT_EQ(room.out.size(), 1U);
  auto changed = std::get<ParticipantAttributesChanged>(room.out[0]).changed;
  EXPECT_EQ(changed, (std::map<std::string, std::string>{{"k", "x"}, {"l", ""}}));
  EXPECT_EQ(room.state.find("PA_a")->attributes.size(), 1U);
}

TEST(RoomState, SpeakersAreMergedAndLoudestFirst) {
  Room room({person("PA_a", "alice"), person("PA_b", "bob")});
  auto speaks = [&](std::string sid, float level, bool active) {
    livekit::SpeakersChanged change;
    auto* speaker = change.add_speakers();
    speaker->set_sid(sid);
    speaker->set_level(level);
    speaker->set_active(active);
    room.state.on_speakers(change, room.out);
  };
  speaks("PA_a", 0.25F, true);
  EXPECT_EQ(room.story(), "speak:alice");
  speaks("PA_b", 0.5F, true);
  EXPECT_EQ(room.story(), "speak:bob:alice");
  speaks("PA_b", 0.5F, true);
  EXPECT_EQ(room.story(), "");
  speaks("PA_a", 0, false);
  EXPECT_EQ(room.story(), "speak:bob");
  speaks("PA_unknown", 1, true);
  EXPECT_EQ(room.story(), "");
  EXPECT_EQ(room.state.find("PA_b")->audio_level, 0.5F);
}

TEST(RoomState, ASpeakerWhoLeavesIsNoSpeaker) {
  Room room({person("PA_a", "alice")});
  livekit::SpeakersChanged change;
  change.add_speakers()->set_sid("PA_a");
  change.mutable_speakers(0)->set_active(true);
  room.state.on_speakers(change, room.out);
  auto gone = person("PA_a", "alice", 2);
  gone.set_state(livekit::ParticipantInfo::DISCONNECTED);
  room.update({gone});
  EXPECT_EQ(room.story(), "speak:alice -alice speak");
}

TEST(RoomState, QualityIsToldWhenItChanges) {
  Room room({person("PA_a", "alice")});
  livekit::ConnectionQualityUpdate update;
  update.add_updates()->set_participant_sid("PA_a");
  update.mutable_updates(0)->set_quality(livekit::POOR);  // 0: absent on the wire
  room.state.on_quality(update, room.out);
  room.state.on_quality(update, room.out);
  EXPECT_EQ(room.story(), "quality");
  EXPECT_EQ(room.state.find("PA_a")->quality, ConnectionQuality::poor);
}

TEST(RoomState, RoomUpdatesTellMetadataAndTheRest) {
  Room room;
  livekit::Room wire;
  wire.set_sid("RM_1");
  wire.set_name("room");
  wire.set_metadata("topic");
  room.state.on_room(wire, room.out);
  EXPECT_EQ(room.story(), "roommeta:topic");
  wire.set_num_participants(2);
  room.state.on_room(wire, room.out);
  EXPECT_EQ(room.story(), "roominfo");
  room.state.on_room(wire, room.out);
  EXPECT_EQ(room.story(), "");
}

TEST(RoomState, ARevokedTrackIsToldOnce) {
  Room room({with_track(person("PA_a", "alice"), "TR_1")});
  livekit::SubscriptionPermissionUpdate update;
  update.set_track_sid("TR_1");
  update.set_allowed(true);
  room.state.on_permission(update, room.out);
  EXPECT_EQ(room.story(), "");
  update.set_allowed(false);
  room.state.on_permission(update, room.out);
  EXPECT_EQ(room.story(), "deny:TR_1");
}

TEST(RoomState, LocalTracksAreTheSessionsNotTheServers) {
  Room room;
  Track track;
  track.sid = "TR_mine";
  room.state.add_local_track(track, room.out);
  room.state.add_local_track(track, room.out);
  EXPECT_EQ(room.story(), "pub:TR_mine");
  room.update({person("PA_me", "me", 2)});
  EXPECT_EQ(room.story(), "");
  auto stale = with_track(person("PA_me", "me", 3), "TR_mine");
  stale.mutable_tracks(0)->set_muted(true);
  stale.mutable_tracks(0)->set_mime_type("audio/opus");
  room.update({stale});
  EXPECT_EQ(room.story(), "");
  EXPECT_EQ(room.state.local().tracks.at(0).mime_type, "audio/opus");
  room.state.set_local_muted("TR_mine", true, room.out);
  room.state.set_local_muted("TR_mine", true, room.out);
  room.state.remove_local_track("TR_mine", room.out);
  EXPECT_EQ(room.story(), "mute:TR_mine unpub:TR_mine");
}

TEST(RoomState, AFullReconnectGivesLocalTracksNewSids) {
  Room room;
  Track track;
  track.sid = "TR_old";
  room.state.add_local_track(track, room.out);
  room.out.clear();
  room.join({}, "PA_me2");
  EXPECT_EQ(room.state.local().tracks.size(), 1U);
  track.sid = "TR_new";
  room.state.replace_local_track("TR_old", track, room.out);
  ASSERT_EQ(room.out.size(), 1U);
  EXPECT_EQ(std::get<LocalTrackRepublished>(room.out[0]).previous_sid, "TR_old");
  ASSERT_EQ(room.state.local().tracks.size(), 1U);
  EXPECT_EQ(room.state.local().tracks[0].sid, "TR_new");
}

TEST(RoomState, OurOwnIdentityUnderAnotherSidIsNotARemote) {
  Room room;
  room.update({person("PA_other", "me")});
  EXPECT_EQ(room.story(), "");
  EXPECT_TRUE(room.state.remotes().empty());
}

TEST(RoomState, AfterAResumeTheMissingHaveLeft) {
  Room room({person("PA_a", "alice"), person("PA_b", "bob")});
  room.state.on_resumed();
  room.update({person("PA_me", "me", 1), person("PA_b", "bob", 1), person("PA_c", "carol", 1)});
  EXPECT_EQ(room.story(), "+carol -alice");
  room.update({person("PA_b", "bob", 2)});
  EXPECT_EQ(room.story(), "");
}

TEST(RoomState, ANewSessionTellsTheDifference) {
  Room room({with_track(person("PA_a", "alice"), "TR_1"), person("PA_b", "bob")});
  room.join({with_track(person("PA_a", "alice"), "TR_2"), person("PA_c", "carol")}, "PA_me2");
  EXPECT_EQ(room.story(), "unpub:TR_1 pub:TR_2 +carol -bob");
  EXPECT_EQ(room.state.local().sid, "PA_me2");
}

TEST(RoomState, TracksOfOneParticipantAreBounded) {
  Room room;
  auto info = person("PA_a", "alice");
  for (std::size_t i = 0; i < kMaxTracks + 5; ++i)
    *info.add_tracks() = microphone("TR_" + std::to_string(i));
  room.update({info});
  EXPECT_EQ(room.state.find("PA_a")->tracks.size(), kMaxTracks);
  EXPECT_EQ(room.state.ignored(), 5U);
}

TEST(ToErrc, EveryReasonEndsTheRoomWithItsError) {
  EXPECT_EQ(to_errc(DisconnectReason::client_initiated), errc::closed);
  EXPECT_EQ(to_errc(to_reason(livekit::DUPLICATE_IDENTITY)), errc::duplicate_identity);
  EXPECT_EQ(to_errc(to_reason(livekit::SERVER_SHUTDOWN)), errc::server_shutdown);
  EXPECT_EQ(to_errc(to_reason(livekit::PARTICIPANT_REMOVED)), errc::removed);
  EXPECT_EQ(to_errc(to_reason(livekit::ROOM_DELETED)), errc::room_deleted);
  EXPECT_EQ(to_errc(to_reason(livekit::JOIN_FAILURE)), errc::media_failure);
  EXPECT_EQ(to_reason(static_cast<livekit::DisconnectReason>(99)), DisconnectReason::unknown);
}

}  // namespace
}  // namespace sidetone::room
