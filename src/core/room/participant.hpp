// What is known about a participant and its tracks: plain values, copied into events.
// Source: ParticipantInfo, TrackInfo (livekit_models.proto).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "livekit.pb.h"
#include "sidetone/room_types.hpp"

namespace sidetone::room {

struct Track {
  std::string sid;
  std::string name;
  std::string mime_type;  // "audio/opus", "audio/red"; empty until the publisher has negotiated
  std::string mid;        // of the publisher
  TrackKind kind = TrackKind::audio;
  TrackSource source = TrackSource::unknown;
  bool muted = false;
  bool stereo = false;
  bool encrypted = false;
  // Of our subscription to it; meaningless for local tracks.
  bool subscribed = false;  // media negotiated
  bool wanted = true;       // not unsubscribed by us
  bool allowed = true;      // not revoked by the publisher

  friend bool operator==(const Track&, const Track&) = default;
};

// Of a server that says nothing everything is expected; it may still refuse.
using Permissions = ParticipantPermissions;

struct Participant {
  std::string sid;
  std::string identity;
  std::string name;
  std::string metadata;
  std::map<std::string, std::string> attributes;
  ParticipantKind kind = ParticipantKind::standard;
  Permissions permissions;
  std::int64_t joined_at_ms = 0;  // unix
  std::uint32_t version = 0;
  bool local = false;
  bool active = false;  // its media is connected
  bool speaking = false;
  float audio_level = 0;  // 0…1, linear
  ConnectionQuality quality = ConnectionQuality::unknown;
  std::vector<Track> tracks;

  Track* find(std::string_view track_sid);
  const Track* find(std::string_view track_sid) const;
};

TrackSource to_source(livekit::TrackSource source);
livekit::TrackSource to_wire(TrackSource source);
DisconnectReason to_reason(livekit::DisconnectReason reason);
Track to_track(const livekit::TrackInfo& info);
Permissions to_permissions(const livekit::ParticipantPermission& wire);

}  // namespace sidetone::room
