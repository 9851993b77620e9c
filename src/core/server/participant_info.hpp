// What a token says of a participant, in the words of LiveKit's messages. No state; any thread.
#pragma once

#include <string>

#include "core/server/admission.hpp"
#include "livekit.pb.h"

namespace sidetone::server {

// JOINING, version 0, without tracks.
livekit::ParticipantInfo make_info(const JoinRequest& join, std::string sid, std::int64_t unix_ms);

// What a permission says, as grants of a token; `hidden` and what is not a permission stay.
void apply(const livekit::ParticipantPermission& permission, VideoGrants& grants);

}  // namespace sidetone::server
