#include "shell/websocket_client.hpp"

#include <utility>

namespace sidetone::shell {

std::shared_ptr<WebSocketClient> WebSocketClient::connect(const Strand& strand,
                                                          WebSocketRequest request,
                                                          WebSocketClientOptions options,
                                                          WebSocketEvents events) {
  auto client = std::make_shared<WebSocketClient>(strand, std::move(request), std::move(options),
                                                  std::move(events));
  // Never calls back inside connect(): the caller does not hold the client yet.
  boost::asio::post(strand, [client] { client->start(); });
  return client;
}

WebSocketClient::WebSocketClient(const Strand& strand,
                                 WebSocketRequest request,
                                 WebSocketClientOptions options,
                                 WebSocketEvents events)
    : request_(std::move(request)),
      options_(std::move(options)),
      events_(std::move(events)),
      strand_(strand),
      deadline_(strand) {}

void WebSocketClient::start() {
  if (!events_.closed) return;  // closed before it began
  deadline_.expires_after(options_.timeout);
  deadline_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) self->on_late();
  });
  connector_ =
      std::make_shared<Connector>(strand_, request_.server, options_.connector,
                                  [self = shared_from_this()](std::unique_ptr<ByteStream> stream,
                                                              const StreamFailure& failure) {
                                    if (!stream)
                                      return self->finish({failure.code, 0, failure.text});
                                    self->upgrade(std::move(stream));
                                  });
  connector_->start();
}

void WebSocketClient::upgrade(std::unique_ptr<ByteStream> stream) {
  connector_.reset();
  if (!events_.closed) return stream->close();
  const auto& server = request_.server;
  bool v6 = server.host.find(':') != server.host.npos;
  auto host = v6 ? "[" + server.host + "]" : server.host;
  if (server.port != (server.tls ? 443 : 80)) host += ":" + std::to_string(server.port);
  auto self = shared_from_this();
  WebSocketEvents events;
  events.open = [self] {
    self->deadline_.cancel();
    if (auto open = self->events_.open) open();
  };
  events.refused = [self](unsigned status, std::string body) {
    auto refused = self->events_.refused;
    self->abort();
    if (refused) refused(status, std::move(body));
  };
  events.message = [self](base::Bytes message, bool binary) {
    if (auto call = self->events_.message) call(message, binary);
  };
  events.closed = [self](WebSocketClosed why) { self->finish(std::move(why)); };
  // The deadline above counts; the socket's own must not come first.
  options_.limits.handshake = options_.timeout * 2;
  socket_ =
      WebSocket::connect(std::move(stream), {host, request_.target, std::move(request_.headers)},
                         options_.limits, std::move(events));
}

void WebSocketClient::on_late() {
  auto doing = connector_ ? connector_->progress() : "waiting for " + request_.server.host;
  auto seconds = std::chrono::duration<double>(options_.timeout).count();
  auto text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  finish({errc::timed_out, 0, "gave up after " + text + " s of " + doing});
}

void WebSocketClient::send(std::string bytes) {
  if (socket_) socket_->send(std::move(bytes));
}

void WebSocketClient::close() {
  if (socket_) {
    events_ = {};
    deadline_.cancel();
    std::exchange(socket_, nullptr)->close();
  } else {
    abort();
  }
}

void WebSocketClient::abort() {
  events_ = {};
  deadline_.cancel();
  if (auto connector = std::exchange(connector_, nullptr)) connector->cancel();
  if (auto socket = std::exchange(socket_, nullptr)) socket->abort();
}

void WebSocketClient::finish(WebSocketClosed why) {
  auto closed = std::exchange(events_.closed, nullptr);
  abort();
  if (closed) closed(std::move(why));
}

}  // namespace sidetone::shell
