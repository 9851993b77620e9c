// RoomService's requests from JSON, as protobuf's JSON mapping has it: a field may be called
// track_sid or trackSid, whole numbers and enums may be written as numbers or strings, bytes are
// base64 of either alphabet, null is the default, unknown fields are passed over. Nothing throws.
// Source: protocol/wire_protocol.md §9.5, protobuf's JSON mapping.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "room_service.pb.h"

namespace sidetone::web {

// The sentence that says what is wrong with the text, or nothing.
using Complaint = std::optional<std::string>;

Complaint read_json(std::string_view text, livekit::CreateRoomRequest& into);
Complaint read_json(std::string_view text, livekit::ListRoomsRequest& into);
Complaint read_json(std::string_view text, livekit::DeleteRoomRequest& into);
Complaint read_json(std::string_view text, livekit::ListParticipantsRequest& into);
Complaint read_json(std::string_view text, livekit::RoomParticipantIdentity& into);
Complaint read_json(std::string_view text, livekit::MuteRoomTrackRequest& into);
Complaint read_json(std::string_view text, livekit::UpdateParticipantRequest& into);
Complaint read_json(std::string_view text, livekit::UpdateSubscriptionsRequest& into);
Complaint read_json(std::string_view text, livekit::SendDataRequest& into);
Complaint read_json(std::string_view text, livekit::UpdateRoomMetadataRequest& into);

}  // namespace sidetone::web
