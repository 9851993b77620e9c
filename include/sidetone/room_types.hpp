// The words a room speaks in: kinds, sources, qualities and reasons, as LiveKit's
// livekit_models.proto defines them. Plain values, any thread.
#pragma once

#include <cstdint>

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

}  // namespace v0
}  // namespace sidetone
