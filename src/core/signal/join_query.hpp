// The `join_request` parameter of /rtc/v1: what /rtc says in its query line, and our first offer,
// as one JoinRequest, gzipped, in padded base64url (the server takes no other form). Not
// percent-encoded. Source: JoinRequest, WrappedJoinRequest; protocol/wire_protocol.md §2.3.
#pragma once

#include <string>

#include "core/signal/url.hpp"

namespace sidetone::signal {

std::string join_query(const JoinParameters& parameters);

}  // namespace sidetone::signal
