// LiveKit's RoomService over HTTP: what an operator's program (livekit-api, lk) asks of the rooms.
//
//   POST /twirp/livekit.RoomService/<Method>     Content-Type: application/json or
//   application/protobuf
//
// Methods: CreateRoom, ListRooms, DeleteRoom, UpdateRoomMetadata, ListParticipants, GetParticipant,
// RemoveParticipant, UpdateParticipant, MutePublishedTrack, UpdateSubscriptions, SendData. The
// bearer token must carry the right: roomList to list rooms, roomCreate to create or delete one,
// roomAdmin with the name of that room for all else. Errors are {"code", "msg"} with the HTTP
// status that Twirp gives the code. The token is judged before the body is read. No state; one
// strand, the server's. Source: protocol/wire_protocol.md §9.5, Twirp's wire protocol version 7.
#pragma once

#include <optional>

#include "core/server/server.hpp"
#include "core/web/message.hpp"

namespace sidetone::web {

// Nothing: the path is not below /twirp/.
std::optional<Response> room_service(const Request& request,
                                     server::Server& server,
                                     server::Turn turn);

}  // namespace sidetone::web
