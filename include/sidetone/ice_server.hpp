// STUN and TURN servers: how media gets through NATs and firewalls.
#pragma once

#include <string>
#include <vector>

namespace sidetone {
inline namespace v0 {

// RTCIceServer of WebRTC: "stun:host[:port]", "turn:host[:port][?transport=udp|tcp]" (RFC 8656 over
// UDP or TCP), "turns:host[:port]" (over TLS, verified like wss). TURN needs both others.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

enum class IcePolicy {
  all,    // the best path there is: direct over UDP, direct over TCP, through a relay
  relay,  // through TURN servers only
};

}  // namespace v0
}  // namespace sidetone
