// Which STUN and TURN servers a session uses, and the advice when no path was found.
// Source: JoinResponse.ice_servers; protocol/wire_protocol.md §9.4.
#pragma once

#include <string>
#include <vector>

#include "core/ice/gatherer.hpp"
#include "livekit.pb.h"

namespace sidetone::session {

inline constexpr const char* kRelayNeedsServer =
    "ice_policy relay needs a TURN server, and neither ConnectOptions::ice_servers nor the server "
    "names one";

using ServerList = google::protobuf::RepeatedPtrField<livekit::ICEServer>;

// Those that can be read, at most ice::kMaxServers. A server on this machine advertises public ones
// by default: of its list only those on this machine count.
std::vector<ice::Server> ice_servers(const ServerList& list, bool loopback);

bool is_loopback_url(const std::string& url);
bool names_relay(const std::vector<ice::Server>& servers);

// "; …": what a user can do when the pairs that were tried do not work.
std::string advice(const ice::GatherConfig& config);

}  // namespace sidetone::session
