// RoomService's replies as JSON, written as livekit-server writes them: the names of the .proto
// files, every field even at its default, 64-bit numbers as strings, enums by name. Source:
// protocol/wire_protocol.md §9.5, protobuf's JSON mapping.
#pragma once

#include <string>

#include "room_service.pb.h"

namespace sidetone::web {

std::string to_json(const livekit::Room& room);
std::string to_json(const livekit::ParticipantInfo& participant);
std::string to_json(const livekit::ListRoomsResponse& reply);
std::string to_json(const livekit::ListParticipantsResponse& reply);
std::string to_json(const livekit::MuteRoomTrackResponse& reply);

// Replies without fields: "{}".
std::string to_json(const livekit::DeleteRoomResponse& reply);
std::string to_json(const livekit::RemoveParticipantResponse& reply);
std::string to_json(const livekit::UpdateSubscriptionsResponse& reply);
std::string to_json(const livekit::SendDataResponse& reply);

}  // namespace sidetone::web
