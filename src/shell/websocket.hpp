// One WebSocket (RFC 6455) over a ByteStream, either side: handshake, messages in and out, close.
//
// Outgoing messages wait in a queue bounded in bytes: what does not fit closes the connection with
// `overflow`. Incoming ones are bounded by message_bytes (closed with 1009). Pings of the other
// side are answered. After `closed`, which comes exactly once unless close() or abort() was called
// here first, nothing comes. Callbacks may call anything here, and may drop the last reference.
//
// Thread: the strand of the stream. No compression (permessage-deflate is not offered, and
// declined).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "shell/byte_stream.hpp"
#include "shell/http_message.hpp"

namespace sidetone::shell {

struct WebSocketLimits {
  std::size_t message_bytes = std::size_t{1} << 20;
  std::size_t queue_bytes = std::size_t{4} << 20;      // a JoinResponse of a full room, twice
  base::Duration handshake = std::chrono::seconds(5);  // the upgrade
  // Between our pings; zero: none.
  base::Duration ping_interval{};
};

struct WebSocketClosed {
  errc code{};          // closed (by the other side or the network), overflow, payload_too_large,
                        // protocol_error
  unsigned status = 0;  // the other side's close code (RFC 6455 §7.4.1), 0 without one
  std::string text;     // a sentence
};

struct WebSocketEvents {
  std::function<void()> open;
  // Client only: an answer other than 101; the body cut at 64 KiB.
  std::function<void(unsigned status, std::string body)> refused;
  std::function<void(base::Bytes message, bool binary)> message;  // borrowed
  std::function<void(WebSocketClosed)> closed;
};

class WebSocket {
 public:
  WebSocket() = default;
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  virtual ~WebSocket() = default;

  // What an upgrade asks for.
  struct Request {
    std::string host;  // the Host header
    std::string target;
    std::vector<HttpHeader> headers;
  };

  // Starts the upgrade.
  static std::shared_ptr<WebSocket> connect(std::unique_ptr<ByteStream> stream,
                                            Request request,
                                            const WebSocketLimits& limits,
                                            WebSocketEvents events);
  // Answers an upgrade request.
  static std::shared_ptr<WebSocket> accept(std::unique_ptr<ByteStream> stream,
                                           const HttpRequest& request,
                                           const WebSocketLimits& limits,
                                           WebSocketEvents events);

  // One binary message. Dropped silently when not open.
  virtual void send(std::string bytes) = 0;
  // After what was sent before. No event comes any more.
  virtual void close(unsigned status = 1000) = 0;
  // At once, without a word. No event comes any more.
  virtual void abort() = 0;
};

}  // namespace sidetone::shell
