// A room server for audio and data inside the process: LiveKit's protocol over one TCP port (HTTP
// and WebSocket, TLS when a certificate is given) and one UDP port. Sidetone's own clients and the
// official SDKs join it; a browser finds a page at "/".
//
// Shape: a cheap handle; the last one stops it. Threads: any; it runs on the Runtime's media
// thread, one strand a server. Errors: the constructor throws invalid_argument (no key, an address
// that is none, half a certificate, dev_tokens beyond loopback), unreachable (the port is in use:
// the text names it and says how to choose another), tls_verification (an unreadable certificate or
// key). Bounds: src/core/server/limits.hpp. Source: architecture.md §8.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <sidetone/export.hpp>
#include <sidetone/runtime.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sidetone {
namespace shell {
class ServerDriver;
}

inline namespace v0 {

struct RoomServerOptions {
  std::string host = "127.0.0.1";  // where to listen; "0.0.0.0" and "::" are all interfaces
  std::uint16_t port = 7880;       // 0: any free one
  std::uint16_t udp_port = 0;      // 0: any free one
  std::vector<std::string>
      advertise;  // addresses for clients; empty: those of every interface, or `host` if it is one
  std::string api_key;  // with api_secret
  std::string api_secret;
  std::string tls_certificate;  // PEM files, both or none
  std::string tls_key;
  // The web page may ask for a token, without any proof: for trying things out on one machine,
  // hence only with a loopback `host`.
  bool dev_tokens = false;
  // For tests of clients and of our own figures: each forwarded packet waits this long.
  std::chrono::milliseconds forwarding_delay{0};
};

struct RoomServerStats {
  std::uint64_t rooms = 0;
  std::uint64_t participants = 0;
  std::uint64_t packets_forwarded = 0;
  std::uint64_t datagrams_of_strangers = 0;
};

class SIDETONE_API RoomServer {
 public:
  RoomServer(Runtime& runtime, const RoomServerOptions& options);

  // "ws://127.0.0.1:7880"
  std::string url() const;
  std::uint16_t port() const;
  std::uint16_t udp_port() const;

  RoomServerStats stats() const;

  // False when there is no such room or participant. would_deadlock on the media thread.
  bool remove_participant(std::string_view room, std::string_view identity);
  bool delete_room(std::string_view room);

  // Everybody is told that the server shuts down; then its ports are free. Idempotent.
  void stop();

 private:
  std::shared_ptr<shell::ServerDriver> driver_;
};

}  // namespace v0
}  // namespace sidetone
