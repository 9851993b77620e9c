// What happens in a room, in order. The room's state already shows a change when its event is
// delivered. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <sidetone/error.hpp>
#include <sidetone/participant.hpp>
#include <sidetone/track.hpp>
#include <string>
#include <variant>
#include <vector>

namespace sidetone {
inline namespace v0 {

// Joined. Whoever is there already is in remote_participants(), not announced one by one.
struct Connected {};

struct ParticipantConnected {
  Participant participant;
};

// Its tracks were unsubscribed and unpublished by earlier events.
struct ParticipantDisconnected {
  Participant participant;
  DisconnectReason reason{};
};

// Also our own, when the server has announced it.
struct TrackPublished {
  Track track;
};

struct TrackUnpublished {
  Track track;
};

// Media is negotiated: an AudioStream of it has sound.
struct TrackSubscribed {
  Track track;
};

struct TrackUnsubscribed {
  Track track;
};

struct TrackSubscriptionFailed {
  std::string track_sid;
  errc code{};
};

// The publisher took our access to its track back, or gave it.
struct TrackSubscriptionPermissionChanged {
  Track track;
  bool allowed = false;
};

struct TrackMuted {
  Track track;
};

struct TrackUnmuted {
  Track track;
};

// The first subscriber of a track of ours hears it.
struct LocalTrackSubscribed {
  std::string track_sid;
};

struct ActiveSpeakersChanged {
  struct Speaker {
    std::string participant_sid;
    std::string identity;
    float level = 0;  // 0 to 1, linear
  };

  std::vector<Speaker> speakers;  // all who speak now, loudest first
};

struct ConnectionQualityChanged {
  std::string identity;
  ConnectionQuality quality{};
};

struct RoomMetadataChanged {
  std::string metadata;
};

// The room's sid, counts or recording changed, or the server moved us to another room.
struct RoomUpdated {
  std::string name;
  std::string sid;
  std::uint32_t num_participants = 0;
  std::uint32_t num_publishers = 0;
  bool recording = false;
};

struct ParticipantMetadataChanged {
  std::string identity;
  std::string metadata;
};

struct ParticipantNameChanged {
  std::string identity;
  std::string name;
};

struct ParticipantAttributesChanged {
  std::string identity;
  std::map<std::string, std::string> changed;  // a removed key has an empty value
};

struct ParticipantPermissionsChanged {
  std::string identity;
  ParticipantPermissions permissions;
};

struct DataReceived {
  std::string identity;  // empty: sent by the server's API
  std::vector<std::byte> payload;
  std::string topic;
  bool reliable = true;
};

struct Reconnecting {};

struct Reconnected {};

// The last event of a room.
struct Disconnected {
  DisconnectReason reason{};
  errc code{};       // closed when we left ourselves
  std::string text;  // a sentence
};

using RoomEvent = std::variant<Connected,
                               ParticipantConnected,
                               ParticipantDisconnected,
                               TrackPublished,
                               TrackUnpublished,
                               TrackSubscribed,
                               TrackUnsubscribed,
                               TrackSubscriptionFailed,
                               TrackSubscriptionPermissionChanged,
                               TrackMuted,
                               TrackUnmuted,
                               LocalTrackSubscribed,
                               ActiveSpeakersChanged,
                               ConnectionQualityChanged,
                               RoomMetadataChanged,
                               RoomUpdated,
                               ParticipantMetadataChanged,
                               ParticipantNameChanged,
                               ParticipantAttributesChanged,
                               ParticipantPermissionsChanged,
                               DataReceived,
                               Reconnecting,
                               Reconnected,
                               Disconnected>;

}  // namespace v0
}  // namespace sidetone
