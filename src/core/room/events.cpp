#include "core/room/events.hpp"

namespace sidetone::room {

ParticipantRef ref(const Participant& participant) {
  return {participant.sid, participant.identity, participant.local};
}

errc to_errc(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::client_initiated: return errc::closed;
    case DisconnectReason::duplicate_identity: return errc::duplicate_identity;
    case DisconnectReason::server_shutdown: return errc::server_shutdown;
    case DisconnectReason::participant_removed: return errc::removed;
    case DisconnectReason::room_deleted:
    case DisconnectReason::room_closed: return errc::room_deleted;
    case DisconnectReason::join_failure:
    case DisconnectReason::connection_timeout:
    case DisconnectReason::media_failure: return errc::media_failure;
    case DisconnectReason::state_mismatch: return errc::protocol_error;
    case DisconnectReason::migration:
    case DisconnectReason::signal_close: return errc::reconnect_failed;
    case DisconnectReason::user_unavailable:
    case DisconnectReason::user_rejected:
    case DisconnectReason::sip_trunk_failure:
    case DisconnectReason::agent_error:
    case DisconnectReason::unknown: return errc::removed;
  }
  return errc::removed;
}

}  // namespace sidetone::room
