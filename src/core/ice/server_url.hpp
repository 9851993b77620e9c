// STUN and TURN servers as people and servers name them (RFC 7064, RFC 7065):
//
//   stun:host[:port]    turn:host[:port][?transport=udp|tcp]    turns:host[:port][?transport=tcp]
//
// Ports are 3478, and 5349 for turns. Hostile text gives an empty optional, and so does what this
// client does not speak: STUN over TLS, TURN over DTLS. Any thread; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sidetone::ice {

// Longest host name (RFC 1035) and what is around it.
inline constexpr std::size_t kMaxServerUrl = 300;

enum class Carrier { udp, tcp, tls };

struct ServerUrl {
  bool relay = false;  // TURN, else STUN
  Carrier carrier = Carrier::udp;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  std::string to_string() const;

  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};

// One way to reach a server, with the credentials for TURN.
struct Server {
  ServerUrl url;
  std::string username = {};
  std::string credential = {};
};

std::optional<ServerUrl> parse_server_url(std::string_view text);

// A loopback address, or "localhost" (RFC 6761 §6.3).
bool is_loopback_host(std::string_view host);

}  // namespace sidetone::ice
