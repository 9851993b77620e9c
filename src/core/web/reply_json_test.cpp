#include "core/web/reply_json.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sidetone::web {
namespace {

TEST(ReplyJson, ARoomHasAllItsFieldsEvenEmpty) {
  livekit::Room room;
  room.set_sid("RM_1");
  room.set_name("caf\u00e9 \"x\"");
  room.set_creation_time(1'700'000'000);
  const auto json = boost::json::parse(to_json(room));
  EXPECT_EQ(json.at("sid"), "RM_1");
  EXPECT_EQ(json.at("name"), "caf\u00e9 \"x\"");
  EXPECT_EQ(json.at("creation_time"), "1700000000");
  EXPECT_EQ(json.at("empty_timeout"), 0);
  EXPECT_EQ(json.at("num_participants"), 0);
  EXPECT_EQ(json.at("metadata"), "");
  EXPECT_EQ(json.at("enabled_codecs"), boost::json::array());
  EXPECT_TRUE(json.at("version").is_null());
  room.mutable_version()->set_unix_micro(5);
  room.add_enabled_codecs()->set_mime("audio/opus");
  const auto full = boost::json::parse(to_json(room));
  EXPECT_EQ(full.at("version").at("unix_micro"), "5");
  EXPECT_EQ(full.at("enabled_codecs").at(0).at("mime"), "audio/opus");
}

TEST(ReplyJson, AParticipantTellsStateTracksAndRights) {
  livekit::ListParticipantsResponse reply;
  auto& one = *reply.add_participants();
  one.set_identity("ann");
  one.set_state(livekit::ParticipantInfo::ACTIVE);
  (*one.mutable_attributes())["mood"] = "good";
  one.mutable_permission()->set_can_publish(true);
  one.mutable_permission()->add_can_publish_sources(livekit::MICROPHONE);
  auto& track = *one.add_tracks();
  track.set_sid("TR_1");
  track.set_source(livekit::MICROPHONE);
  track.add_audio_features(livekit::TF_STEREO);
  const auto json = boost::json::parse(to_json(reply)).at("participants").at(0);
  EXPECT_EQ(json.at("identity"), "ann");
  EXPECT_EQ(json.at("state"), "ACTIVE");
  EXPECT_EQ(json.at("kind"), "STANDARD");
  EXPECT_EQ(json.at("attributes").at("mood"), "good");
  EXPECT_EQ(json.at("permission").at("can_publish"), true);
  EXPECT_EQ(json.at("permission").at("can_publish_sources").at(0), "MICROPHONE");
  EXPECT_EQ(json.at("tracks").at(0).at("sid"), "TR_1");
  EXPECT_EQ(json.at("tracks").at(0).at("type"), "AUDIO");
  EXPECT_EQ(json.at("tracks").at(0).at("source"), "MICROPHONE");
  EXPECT_EQ(json.at("tracks").at(0).at("muted"), false);
  EXPECT_EQ(json.at("tracks").at(0).at("audio_features").at(0), "TF_STEREO");
  EXPECT_TRUE(boost::json::parse(to_json(livekit::ParticipantInfo())).at("permission").is_null());
}

TEST(ReplyJson, ListsAndEmptyRepliesAreObjects) {
  EXPECT_EQ(to_json(livekit::ListRoomsResponse()), R"({"rooms":[]})");
  EXPECT_EQ(to_json(livekit::ListParticipantsResponse()), R"({"participants":[]})");
  EXPECT_EQ(to_json(livekit::DeleteRoomResponse()), "{}");
  EXPECT_EQ(to_json(livekit::RemoveParticipantResponse()), "{}");
  EXPECT_EQ(to_json(livekit::UpdateSubscriptionsResponse()), "{}");
  EXPECT_EQ(to_json(livekit::SendDataResponse()), "{}");
  livekit::MuteRoomTrackResponse muted;
  muted.mutable_track()->set_muted(true);
  EXPECT_EQ(boost::json::parse(to_json(muted)).at("track").at("muted"), true);
  livekit::ListRoomsResponse rooms;
  rooms.add_rooms()->set_name("a");
  EXPECT_EQ(boost::json::parse(to_json(rooms)).at("rooms").at(0).at("name"), "a");
}

}  // namespace
}  // namespace sidetone::web
