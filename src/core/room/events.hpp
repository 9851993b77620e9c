// What happens in a room, in order. The room's state already shows it when its event is emitted;
// events carry copies, so they may be read later and on another thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/base/outbox.hpp"
#include "core/room/participant.hpp"
#include "sidetone/error.hpp"

namespace sidetone::room {

struct ParticipantRef {
  std::string sid;
  std::string identity;
  bool local = false;
};

ParticipantRef ref(const Participant& participant);

// Joined: the participants already present are in the state, not announced one by one.
struct Connected {};

struct ParticipantConnected {
  Participant participant;
};

// Its tracks were unsubscribed and unpublished by earlier events.
struct ParticipantDisconnected {
  Participant participant;
  DisconnectReason reason{};
};

struct TrackPublished {
  ParticipantRef who;  // local too: the server announced our track to the room
  Track track;
};

struct TrackUnpublished {
  ParticipantRef who;
  Track track;
};

// Media is negotiated and its publisher known; packets may follow at once.
struct TrackSubscribed {
  ParticipantRef who;
  Track track;
};

struct TrackUnsubscribed {
  ParticipantRef who;
  Track track;
};

struct TrackSubscriptionFailed {
  std::string track_sid;
  errc code{};  // unsupported or not_found
};

// The publisher revoked or granted our access.
struct SubscriptionPermissionChanged {
  ParticipantRef who;
  Track track;
  bool allowed = false;
};

struct TrackMuted {
  ParticipantRef who;
  Track track;
};

struct TrackUnmuted {
  ParticipantRef who;
  Track track;
};

// The first subscriber of a local track hears it.
struct LocalTrackSubscribed {
  std::string track_sid;
};

// After a full reconnect the server gave our track a new sid.
struct LocalTrackRepublished {
  std::string previous_sid;
  Track track;
};

struct Speaker {
  ParticipantRef who;
  float level = 0;  // 0…1, linear
};

// All who speak now, loudest first.
struct ActiveSpeakersChanged {
  std::vector<Speaker> speakers;
};

struct ConnectionQualityChanged {
  ParticipantRef who;
  ConnectionQuality quality{};
  float score = 0;  // MOS 1.0–4.5
};

struct RoomMetadataChanged {
  std::string previous;
  std::string metadata;
};

// The room's sid, name, recording flag or counts changed.
struct RoomInfoChanged {
  std::string name;
  std::string sid;
  std::uint32_t num_participants = 0;
  std::uint32_t num_publishers = 0;
  bool recording = false;
};

struct ParticipantMetadataChanged {
  ParticipantRef who;
  std::string previous;
  std::string metadata;
};

struct ParticipantNameChanged {
  ParticipantRef who;
  std::string previous;
  std::string name;
};

struct ParticipantAttributesChanged {
  ParticipantRef who;
  std::map<std::string, std::string> changed;  // a removed key has an empty value
};

struct ParticipantPermissionsChanged {
  ParticipantRef who;
  Permissions permissions;
};

struct DataReceived {
  ParticipantRef who;  // empty when sent through the server's API
  std::vector<std::byte> payload;
  std::string topic;
  bool reliable = true;
};

struct Reconnecting {};

struct Reconnected {};

// The last event of a room.
struct Disconnected {
  DisconnectReason reason{};
  errc code{};  // closed when we left ourselves
  std::string text;
};

using Event = std::variant<Connected,
                           ParticipantConnected,
                           ParticipantDisconnected,
                           TrackPublished,
                           TrackUnpublished,
                           TrackSubscribed,
                           TrackUnsubscribed,
                           TrackSubscriptionFailed,
                           SubscriptionPermissionChanged,
                           TrackMuted,
                           TrackUnmuted,
                           LocalTrackSubscribed,
                           LocalTrackRepublished,
                           ActiveSpeakersChanged,
                           ConnectionQualityChanged,
                           RoomMetadataChanged,
                           RoomInfoChanged,
                           ParticipantMetadataChanged,
                           ParticipantNameChanged,
                           ParticipantAttributesChanged,
                           ParticipantPermissionsChanged,
                           DataReceived,
                           Reconnecting,
                           Reconnected,
                           Disconnected>;

using EventOutbox = base::Outbox<Event>;

// What a Disconnected event and every pending operation end with.
errc to_errc(DisconnectReason reason);

}  // namespace sidetone::room
