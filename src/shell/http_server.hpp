// HTTP and WebSockets on one TCP port, plain or TLS (HTTPS and WSS): requests become calls,
// upgrades become numbered connections.
//
// Built for strangers: at most `pending_sockets` connections that are not (yet) a WebSocket, more
// wait in the kernel's queue; each request must have come within `request_timeout` and fit the
// limits (else 400, 413, 431 or a closed door); idle ones are closed after the same time.
//
// Errors: open() throws make_error: unreachable, naming the port and what to do; tls_verification,
// naming the file. Everything later is counted. Thread: the strand; callbacks may call anything
// here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shell/websocket.hpp"

namespace sidetone::shell {

struct HttpServerOptions {
  std::vector<base::Address> addresses;  // all on one port; the wildcard address means all of its
                                         // family
  std::uint16_t port = 0;                // 0: the system chooses
  std::string certificate_file;          // PEM; empty: plain
  std::string key_file;
  std::size_t pending_sockets = 64;
  std::size_t header_bytes = std::size_t{64} << 10;  // clients put their first offer there
  std::size_t body_bytes = std::size_t{1} << 20;     // metadata of 512 KiB, escaped in JSON
  base::Duration request_timeout = std::chrono::seconds(5);
  // Pings as the real server sends them (wire_protocol §2.4).
  WebSocketLimits websocket = {.ping_interval = std::chrono::seconds(10)};
};

using SocketNumber = std::uint64_t;  // of a WebSocket; never used twice

struct HttpServerEvents {
  std::function<HttpResponse(const HttpRequest&)> request;
  // Nothing: welcome, and `opened` follows unless `closed` does.
  std::function<std::optional<HttpResponse>(SocketNumber, const HttpRequest&)> upgrade;
  std::function<void(SocketNumber)> opened;
  std::function<void(SocketNumber, base::Bytes, bool binary)> message;  // borrowed
  // Last, exactly once for each welcomed upgrade, unless close() was called first.
  std::function<void(SocketNumber, const WebSocketClosed&)> closed;
};

class HttpServer {
 public:
  struct Counters {
    std::uint64_t accepted = 0;   // TCP connections
    std::uint64_t requests = 0;   // complete ones
    std::uint64_t malformed = 0;  // not HTTP, or over a limit
    std::uint64_t too_slow = 0;   // no complete request in time
    std::uint64_t tls_failed = 0;
    std::uint64_t upgrades = 0;    // welcomed
    std::uint64_t overflowed = 0;  // WebSockets closed because their reader was too slow
  };

  static std::shared_ptr<HttpServer> open(const Strand& strand,
                                          HttpServerOptions options,
                                          HttpServerEvents events);
  HttpServer() = default;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual void start() = 0;

  // One binary message. Unknown numbers are ignored.
  virtual void send(SocketNumber to, std::string bytes) = 0;
  // After what was sent before. No event of it comes any more.
  virtual void close(SocketNumber which, unsigned status) = 0;
  // Closes everything; no event comes any more. Whoever started it must stop it.
  virtual void stop() = 0;

  virtual Counters counters() const = 0;
};

}  // namespace sidetone::shell
