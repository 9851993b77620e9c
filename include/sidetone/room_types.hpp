// The words a room speaks in: kinds, sources, qualities and reasons, as LiveKit's
// livekit_models.proto defines them. Plain values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sidetone {
inline namespace v0 {

enum class TrackKind : std::uint8_t { audio, video, data };

enum class TrackSource : std::uint8_t {
  unknown,
  camera,
  microphone,
  screen_share,
  screen_share_audio
};

enum class ParticipantKind : std::uint8_t {
  standard,
  ingress,
  egress,
  sip,
  agent,
  connector,
  bridge
};

enum class ConnectionQuality : std::uint8_t { unknown, lost, poor, good, excellent };

enum class ConnectionState : std::uint8_t { disconnected, connecting, connected, reconnecting };

// How many media connections a room has: one for both directions, or one for each, as servers
// before LiveKit 1.9 need it. `automatic` asks for one and takes two where the server has no such
// mode.
enum class PeerConnections : std::uint8_t { automatic, dual, single };

// Why a participant, or this room, is gone (LiveKit's DisconnectReason).
enum class DisconnectReason : std::uint8_t {
  unknown,
  client_initiated,
  duplicate_identity,
  server_shutdown,
  participant_removed,
  room_deleted,
  state_mismatch,
  join_failure,
  migration,
  signal_close,
  room_closed,
  user_unavailable,
  user_rejected,
  sip_trunk_failure,
  connection_timeout,
  media_failure,
  agent_error
};

// What a participant's token, or the server since, allows (LiveKit's ParticipantPermission).
struct ParticipantPermissions {
  bool can_subscribe = true;
  bool can_publish = true;
  bool can_publish_data = true;
  bool can_update_metadata = false;
  bool hidden = false;
  std::vector<TrackSource> can_publish_sources;  // empty: all

  friend bool operator==(const ParticipantPermissions&, const ParticipantPermissions&) = default;
};

// Which of our tracks one participant may subscribe to (LiveKit's TrackPermission).
struct TrackPermission {
  std::string identity;
  bool all_tracks = true;
  std::vector<std::string> track_sids;  // when not all of them
};

// For tests of an application: what goes wrong on purpose. All but the first two are asked of the
// server (LiveKit's SimulateScenario), which may not know them.
enum class SimulatedFault : std::uint8_t {
  signal_reconnect,  // the signalling socket is lost: the session is resumed
  full_reconnect,    // everything is lost: a new session begins
  speaker_update,    // we are said to speak for three seconds
  node_failure,
  migration,
  server_leave,
  switch_candidate_protocol,    // the server restarts ICE
  disconnect_signal_on_resume,  // the next resume breaks off after its first messages
  disconnect_signal_on_resume_no_messages
};

}  // namespace v0
}  // namespace sidetone
