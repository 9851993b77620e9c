// A WebSocket to a server by name: Connector, then the upgrade, under one deadline.
//
// Exactly one of these ends it, unless close() was called first: refused (the server's HTTP answer)
// or closed. Errors of `closed` before it opened: unreachable, tls_verification, timed_out,
// invalid_argument, protocol_error, each with a sentence; after: websocket.hpp. Callbacks may call
// anything here. Thread: the strand.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "shell/connector.hpp"
#include "shell/websocket.hpp"

namespace sidetone::shell {

struct WebSocketRequest {
  ConnectTarget server;
  std::string target;  // "/rtc?protocol=16", percent-encoded
  std::vector<HttpHeader> headers;
};

struct WebSocketClientOptions {
  ConnectorOptions connector;
  WebSocketLimits limits;
  base::Duration timeout = std::chrono::seconds(10);  // until open
};

class WebSocketClient : public std::enable_shared_from_this<WebSocketClient> {
 public:
  static std::shared_ptr<WebSocketClient> connect(const Strand& strand,
                                                  WebSocketRequest request,
                                                  WebSocketClientOptions options,
                                                  WebSocketEvents events);

  WebSocketClient(const Strand& strand,
                  WebSocketRequest request,
                  WebSocketClientOptions options,
                  WebSocketEvents events);

  // One binary message; dropped silently when not open.
  void send(std::string bytes);
  // After what was sent before, then the close handshake. No event comes any more.
  void close();
  // At once. No event comes any more.
  void abort();

 private:
  void start();
  void upgrade(std::unique_ptr<ByteStream> stream);
  void on_late();
  void finish(WebSocketClosed why);

  WebSocketRequest request_;
  WebSocketClientOptions options_;
  WebSocketEvents events_;
  Strand strand_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      deadline_;
  std::shared_ptr<Connector> connector_;
  std::shared_ptr<WebSocket> socket_;
};

}  // namespace sidetone::shell
