#include "core/room/participant.hpp"

#include <algorithm>

namespace sidetone::room {
namespace {

TrackKind to_kind(livekit::TrackType type) {
  switch (type) {
    case livekit::VIDEO: return TrackKind::video;
    case livekit::DATA: return TrackKind::data;
    default: return TrackKind::audio;
  }
}

bool has_feature(const livekit::TrackInfo& info, livekit::AudioTrackFeature feature) {
  const auto& features = info.audio_features();
  return std::find(features.begin(), features.end(), feature) != features.end();
}

}  // namespace

Track* Participant::find(std::string_view track_sid) {
  auto found = std::find_if(tracks.begin(), tracks.end(),
                            [&](const Track& track) { return track.sid == track_sid; });
  return found == tracks.end() ? nullptr : &*found;
}

const Track* Participant::find(std::string_view track_sid) const {
  return const_cast<Participant*>(this)->find(track_sid);  // NOLINT(*-const-cast)
}

TrackSource to_source(livekit::TrackSource source) {
  switch (source) {
    case livekit::CAMERA: return TrackSource::camera;
    case livekit::MICROPHONE: return TrackSource::microphone;
    case livekit::SCREEN_SHARE: return TrackSource::screen_share;
    case livekit::SCREEN_SHARE_AUDIO: return TrackSource::screen_share_audio;
    default: return TrackSource::unknown;
  }
}

livekit::TrackSource to_wire(TrackSource source) {
  switch (source) {
    case TrackSource::unknown: return livekit::UNKNOWN;
    case TrackSource::camera: return livekit::CAMERA;
    case TrackSource::microphone: return livekit::MICROPHONE;
    case TrackSource::screen_share: return livekit::SCREEN_SHARE;
    case TrackSource::screen_share_audio: return livekit::SCREEN_SHARE_AUDIO;
  }
  return livekit::UNKNOWN;
}

// The numbers of DisconnectReason are ours too, in the same order.
DisconnectReason to_reason(livekit::DisconnectReason reason) {
  static_assert(static_cast<int>(DisconnectReason::duplicate_identity) ==
                livekit::DUPLICATE_IDENTITY);
  static_assert(static_cast<int>(DisconnectReason::signal_close) == livekit::SIGNAL_CLOSE);
  static_assert(static_cast<int>(DisconnectReason::agent_error) == livekit::AGENT_ERROR);
  if (reason < livekit::UNKNOWN_REASON || reason > livekit::AGENT_ERROR)
    return DisconnectReason::unknown;
  return static_cast<DisconnectReason>(reason);
}

Track to_track(const livekit::TrackInfo& info) {
  Track track;
  track.sid = info.sid();
  track.name = info.name();
  track.mime_type = info.mime_type();
  track.mid = info.mid();
  track.kind = to_kind(info.type());
  track.source = to_source(info.source());
  track.muted = info.muted();
  track.stereo = info.stereo() || has_feature(info, livekit::TF_STEREO);
  track.encrypted = info.encryption() != livekit::Encryption::NONE;
  return track;
}

Permissions to_permissions(const livekit::ParticipantPermission& wire) {
  Permissions permissions;
  permissions.can_subscribe = wire.can_subscribe();
  permissions.can_publish = wire.can_publish();
  permissions.can_publish_data = wire.can_publish_data();
  permissions.can_update_metadata = wire.can_update_metadata();
  permissions.hidden = wire.hidden();
  for (auto source : wire.can_publish_sources())
    permissions.can_publish_sources.push_back(to_source(static_cast<livekit::TrackSource>(source)));
  return permissions;
}

}  // namespace sidetone::room
