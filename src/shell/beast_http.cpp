// One of the two files that include Beast.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <map>
#include <set>

#include "shell/beast_stream.hpp"
#include "shell/http_server.hpp"
#include "shell/tcp_listener.hpp"

namespace sidetone::shell {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

class Connection;

class BeastHttpServer final : public HttpServer,
                              public std::enable_shared_from_this<BeastHttpServer> {
 public:
  BeastHttpServer(const Strand& strand, HttpServerOptions options, HttpServerEvents events)
      : options_(std::move(options)),
        events_(std::move(events)),
        strand_(strand),
        listener_(std::make_shared<TcpListener>(strand, options_.addresses, options_.port)) {
    if (!options_.certificate_file.empty())
      tls_ = std::make_unique<TlsServerContext>(options_.certificate_file, options_.key_file);
  }

  std::uint16_t port() const override { return listener_->port(); }

  void start() override {
    listener_->start([weak = weak_from_this()](TcpSocket socket, const base::Endpoint& remote) {
      if (auto self = weak.lock()) self->on_socket(std::move(socket), remote);
    });
  }

  void send(SocketNumber to, std::string bytes) override {
    if (auto socket = find(to)) socket->send(std::move(bytes));
  }

  void close(SocketNumber which, unsigned status) override {
    if (auto socket = find(which)) {
      sockets_.erase(which);
      socket->close(status);
    }
  }

  void stop() override;

  Counters counters() const override { return counters_; }

 private:
  friend class Connection;

  void on_socket(TcpSocket socket, const base::Endpoint& remote);
  void leave(const std::shared_ptr<Connection>& connection);
  void welcome(SocketNumber number, std::unique_ptr<ByteStream> stream, const HttpRequest& request);

  std::shared_ptr<WebSocket> find(SocketNumber number) const {
    auto found = sockets_.find(number);
    return found == sockets_.end() ? nullptr : found->second;
  }

  HttpServerOptions options_;
  HttpServerEvents events_;
  Strand strand_;
  std::shared_ptr<TcpListener> listener_;
  std::unique_ptr<TlsServerContext> tls_;
  std::set<std::shared_ptr<Connection>> pending_;
  std::map<SocketNumber, std::shared_ptr<WebSocket>> sockets_;
  SocketNumber next_number_ = 1;
  Counters counters_;
  bool stopped_ = false;
};

// One TCP connection until it ends or becomes a WebSocket.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<BeastHttpServer> server,
             std::unique_ptr<ByteStream> stream,
             std::string remote)
      : server_(std::move(server)),
        stream_(std::move(stream)),
        deadline_(stream_.get_executor()),
        remote_(std::move(remote)) {}

  void start() {
    expect_request();
    stream_.stream().handshake(
        [self = shared_from_this()](const std::optional<StreamFailure>& failure) {
          if (self->ended_) return;
          if (failure) {
            ++self->server_->counters_.tls_failed;
            return self->end();
          }
          self->read_head();
        });
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    deadline_.cancel();
    stream_.stream().close();
    leave();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  void leave() {
    if (auto server = std::exchange(server_, nullptr)) server->leave(shared_from_this());
  }

  void expect_request() {
    deadline_.expires_after(server_->options_.request_timeout);
    deadline_.async_wait([self = shared_from_this()](error_code ec) {
      if (ec || self->ended_) return;
      if (!self->idle()) ++self->server_->counters_.too_slow;
      self->end();
    });
  }

  // Between two requests of one connection.
  bool idle() const { return served_ > 0 && buffer_.size() == 0; }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_->options_.header_bytes));
    parser_->body_limit(server_->options_.body_bytes);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code ec, std::size_t) {
                              if (self->ended_) return;
                              if (ec) return self->on_bad_request(ec);
                              if (beast::websocket::is_upgrade(self->parser_->get()))
                                return self->on_upgrade();
                              self->expect_request();
                              self->read_body();
                            });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, std::size_t) {
                       if (self->ended_) return;
                       if (ec) return self->on_bad_request(ec);
                       ++self->server_->counters_.requests;
                       ++self->served_;
                       bool keep = self->parser_->get().keep_alive();
                       bool head = self->parser_->get().method() == http::verb::head;
                       auto request = self->take_request();
                       self->answer(self->server_->events_.request(request), keep, head);
                     });
  }

  HttpRequest take_request() {
    auto& message = parser_->get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message)
      request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    request.body = std::move(message.body());
    request.remote = remote_;
    request.tls = server_->tls_ != nullptr;
    return request;
  }

  void on_upgrade() {
    ++server_->counters_.requests;
    auto request = take_request();
    request.upgrade = true;
    // Nothing may follow the request before it is answered (RFC 6455 §4.1).
    if (buffer_.size() > 0) {
      ++server_->counters_.malformed;
      return answer({.status = 400, .body = "400 Bad Request"}, false, false);
    }
    auto server = server_;  // the call may stop it
    auto number = server->next_number_++;
    if (auto refusal = server->events_.upgrade(number, request))
      return answer(std::move(*refusal), false, false);
    if (std::exchange(ended_, true)) return;  // stopped by the callback
    deadline_.cancel();
    ++server->counters_.upgrades;
    server->welcome(number, stream_.release(), request);
    leave();
  }

  void on_bad_request(error_code ec) {
    // Whoever hangs up between requests did nothing wrong.
    if (ec == http::error::end_of_stream ||
        ec.category() != error_code(http::error::bad_method).category())
      return end();
    ++server_->counters_.malformed;
    if (ec == http::error::header_limit)
      return answer({.status = 431, .body = "431 Request Header Fields Too Large"}, false, false);
    if (ec == http::error::body_limit)
      return answer({.status = 413, .body = "413 Payload Too Large"}, false, false);
    answer({.status = 400, .body = "400 Bad Request"}, false, false);
  }

  void answer(HttpResponse response, bool keep, bool head) {
    if (ended_) return;
    auto message = std::make_shared<http::response<http::string_body>>();
    message->result(response.status);
    message->set(http::field::server, "sidetone");
    message->set(http::field::content_type, response.content_type);
    for (const auto& header : response.headers) message->set(header.name, header.value);
    message->keep_alive(keep);
    message->body() = std::move(response.body);
    message->prepare_payload();
    if (head) message->body().clear();
    expect_request();
    http::async_write(stream_, *message,
                      [self = shared_from_this(), message, keep](error_code ec, std::size_t) {
                        if (self->ended_) return;
                        if (ec || !keep) return self->hang_up();
                        self->expect_request();
                        self->read_head();
                      });
  }

  // Waits for the other side to close: closing first would destroy an answer that is still on its
  // way to a client that is still sending.
  void hang_up() {
    stream_.stream().tear_down([self = shared_from_this()](error_code) { self->end(); });
  }

  std::shared_ptr<BeastHttpServer> server_;
  BeastStream stream_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             Executor>
      deadline_;
  std::string remote_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::uint64_t served_ = 0;
  bool ended_ = false;
};

void BeastHttpServer::on_socket(TcpSocket socket, const base::Endpoint& remote) {
  ++counters_.accepted;
  auto stream = tls_ ? tls_->make_stream(std::move(socket)) : make_plain_stream(std::move(socket));
  auto connection =
      std::make_shared<Connection>(shared_from_this(), std::move(stream), remote.to_string());
  pending_.insert(connection);
  if (pending_.size() >= options_.pending_sockets) listener_->pause();
  connection->start();
}

void BeastHttpServer::leave(const std::shared_ptr<Connection>& connection) {
  pending_.erase(connection);
  if (!stopped_ && pending_.size() < options_.pending_sockets) listener_->resume();
}

void BeastHttpServer::welcome(SocketNumber number,
                              std::unique_ptr<ByteStream> stream,
                              const HttpRequest& request) {
  WebSocketEvents events;
  auto self = shared_from_this();
  events.open = [self, number] { self->events_.opened(number); };
  events.message = [self, number](base::Bytes message, bool binary) {
    self->events_.message(number, message, binary);
  };
  events.closed = [self, number](const WebSocketClosed& why) {
    self->sockets_.erase(number);
    if (why.code == errc::overflow) ++self->counters_.overflowed;
    self->events_.closed(number, why);
  };
  sockets_[number] =
      WebSocket::accept(std::move(stream), request, options_.websocket, std::move(events));
}

void BeastHttpServer::stop() {
  stopped_ = true;
  listener_->close();
  for (const auto& connection : std::set<std::shared_ptr<Connection>>(pending_)) connection->end();
  for (const auto& [number, socket] : std::exchange(sockets_, {})) socket->close(1001);
}

}  // namespace

std::shared_ptr<HttpServer> HttpServer::open(const Strand& strand,
                                             HttpServerOptions options,
                                             HttpServerEvents events) {
  return std::make_shared<BeastHttpServer>(strand, std::move(options), std::move(events));
}

}  // namespace sidetone::shell
