#include "core/web/reply_json.hpp"

#include <boost/json.hpp>

namespace sidetone::web {
namespace {

namespace json = boost::json;

json::value version_of(const livekit::TimedVersion& version, bool given) {
  if (!given) return nullptr;
  return json::object{{"unix_micro", std::to_string(version.unix_micro())},
                      {"ticks", version.ticks()}};
}

json::object object_of(const livekit::Room& room) {
  json::array codecs;
  for (const auto& codec : room.enabled_codecs())
    codecs.push_back(json::object{{"mime", codec.mime()}, {"fmtp_line", codec.fmtp_line()}});
  return {{"sid", room.sid()},
          {"name", room.name()},
          {"empty_timeout", room.empty_timeout()},
          {"departure_timeout", room.departure_timeout()},
          {"max_participants", room.max_participants()},
          {"creation_time", std::to_string(room.creation_time())},
          {"creation_time_ms", std::to_string(room.creation_time_ms())},
          {"turn_password", room.turn_password()},
          {"enabled_codecs", std::move(codecs)},
          {"metadata", room.metadata()},
          {"num_participants", room.num_participants()},
          {"num_publishers", room.num_publishers()},
          {"active_recording", room.active_recording()},
          {"version", version_of(room.version(), room.has_version())}};
}

json::object object_of(const livekit::TrackInfo& track) {
  json::array features;
  for (const auto feature : track.audio_features())
    features.emplace_back(
        livekit::AudioTrackFeature_Name(static_cast<livekit::AudioTrackFeature>(feature)));
  return {{"sid", track.sid()},
          {"type", livekit::TrackType_Name(track.type())},
          {"name", track.name()},
          {"muted", track.muted()},
          {"width", track.width()},
          {"height", track.height()},
          {"simulcast", track.simulcast()},
          {"disable_dtx", track.disable_dtx()},
          {"source", livekit::TrackSource_Name(track.source())},
          {"mime_type", track.mime_type()},
          {"mid", track.mid()},
          {"stereo", track.stereo()},
          {"disable_red", track.disable_red()},
          {"encryption", livekit::Encryption::Type_Name(track.encryption())},
          {"stream", track.stream()},
          {"audio_features", std::move(features)},
          {"version", version_of(track.version(), track.has_version())}};
}

json::value value_of(const livekit::ParticipantPermission& permission, bool given) {
  if (!given) return nullptr;
  json::array sources;
  for (const auto source : permission.can_publish_sources())
    sources.emplace_back(livekit::TrackSource_Name(static_cast<livekit::TrackSource>(source)));
  return json::object{{"can_subscribe", permission.can_subscribe()},
                      {"can_publish", permission.can_publish()},
                      {"can_publish_data", permission.can_publish_data()},
                      {"can_publish_sources", std::move(sources)},
                      {"hidden", permission.hidden()},
                      {"recorder", permission.recorder()},
                      {"can_update_metadata", permission.can_update_metadata()},
                      {"agent", permission.agent()},
                      {"can_subscribe_metrics", permission.can_subscribe_metrics()}};
}

json::object object_of(const livekit::ParticipantInfo& participant) {
  json::array tracks;
  for (const auto& track : participant.tracks()) tracks.push_back(object_of(track));
  json::object attributes;
  for (const auto& [key, value] : participant.attributes()) attributes[key] = value;
  return {{"sid", participant.sid()},
          {"identity", participant.identity()},
          {"state", livekit::ParticipantInfo::State_Name(participant.state())},
          {"tracks", std::move(tracks)},
          {"metadata", participant.metadata()},
          {"joined_at", std::to_string(participant.joined_at())},
          {"joined_at_ms", std::to_string(participant.joined_at_ms())},
          {"name", participant.name()},
          {"version", participant.version()},
          {"permission", value_of(participant.permission(), participant.has_permission())},
          {"region", participant.region()},
          {"is_publisher", participant.is_publisher()},
          {"kind", livekit::ParticipantInfo::Kind_Name(participant.kind())},
          {"attributes", std::move(attributes)},
          {"disconnect_reason", livekit::DisconnectReason_Name(participant.disconnect_reason())},
          {"client_protocol", participant.client_protocol()}};
}

constexpr std::string_view kNoFields = "{}";

}  // namespace

std::string to_json(const livekit::Room& room) {
  return json::serialize(object_of(room));
}

std::string to_json(const livekit::ParticipantInfo& participant) {
  return json::serialize(object_of(participant));
}

std::string to_json(const livekit::ListRoomsResponse& reply) {
  json::array rooms;
  for (const auto& room : reply.rooms()) rooms.push_back(object_of(room));
  return json::serialize(json::object{{"rooms", std::move(rooms)}});
}

std::string to_json(const livekit::ListParticipantsResponse& reply) {
  json::array participants;
  for (const auto& participant : reply.participants())
    participants.push_back(object_of(participant));
  return json::serialize(json::object{{"participants", std::move(participants)}});
}

std::string to_json(const livekit::MuteRoomTrackResponse& reply) {
  return json::serialize(json::object{{"track", object_of(reply.track())}});
}

std::string to_json(const livekit::DeleteRoomResponse& /*reply*/) {
  return std::string(kNoFields);
}

std::string to_json(const livekit::RemoveParticipantResponse& /*reply*/) {
  return std::string(kNoFields);
}

std::string to_json(const livekit::UpdateSubscriptionsResponse& /*reply*/) {
  return std::string(kNoFields);
}

std::string to_json(const livekit::SendDataResponse& /*reply*/) {
  return std::string(kNoFields);
}

}  // namespace sidetone::web
