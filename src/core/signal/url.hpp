// The signalling URL: from what a user types to the request line of the WebSocket handshake, and
// back to parameters on the server's side. Source: protocol/wire_protocol.md §2.1–2.2, RFC 3986.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "livekit.pb.h"
#include "sidetone/error.hpp"

namespace sidetone::signal {

// What the shell needs to open the WebSocket.
struct SocketRequest {
  bool tls = false;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  std::string target;         // "/rtc?protocol=16&…": path and query, percent-encoded
  std::string authorization;  // the Authorization header's value; secret
};

// The client's protocol: 16 gives leave.action and request responses; 18 would promise
// pre-negotiated data channels (§2.6).
inline constexpr int kClientProtocol = 16;

struct JoinParameters {
  bool auto_subscribe = true;
  std::string version;  // of the SDK
  // One connection for both directions (§4.5), its first offer in the request.
  bool single = false;
  std::optional<livekit::SessionDescription> publisher_offer;
  // Of a resumed session (§7.1).
  bool reconnect = false;
  std::string participant_sid;
  livekit::ReconnectReason reconnect_reason = livekit::RR_UNKNOWN;
};

// ws, wss, http or https; the path is kept and "/rtc" added, or "/rtc/v1" for a single connection.
// invalid_argument for anything else.
Result<SocketRequest> make_socket_request(std::string_view url,
                                          std::string_view token,
                                          const JoinParameters& parameters);

std::string percent_encode(std::string_view text);
// Bad escapes stay as they are; '+' is a space, as in a form.
std::string percent_decode(std::string_view text);

// The server's half: "/rtc?protocol=16" → path and decoded parameters (the first of each name; at
// most 64 of them).
struct RequestTarget {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;

  std::string_view parameter(std::string_view name) const;
};

RequestTarget parse_target(std::string_view target);

}  // namespace sidetone::signal
