// One of the two files that include Beast.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>

#include "shell/beast_stream.hpp"
#include "shell/websocket.hpp"

namespace sidetone::shell {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

namespace {

constexpr std::size_t kMaxRefusalBody = std::size_t{64} << 10;

// From close() to the end of the TCP connection, whatever the peer does.
constexpr std::chrono::seconds kCloseLimit{2};

std::string product() {
  return "sidetone";
}

class BeastWebSocket final : public WebSocket, public std::enable_shared_from_this<BeastWebSocket> {
 public:
  BeastWebSocket(std::unique_ptr<ByteStream> stream,
                 const WebSocketLimits& limits,
                 WebSocketEvents events)
      : limits_(limits),
        events_(std::move(events)),
        socket_(std::move(stream)),
        ping_timer_(socket_.get_executor()) {
    socket_.read_message_max(limits.message_bytes);
    limit_handshake(limits.handshake);
    socket_.binary(true);
  }

  void start_client(Request wanted) {
    socket_.set_option(websocket::stream_base::decorator(
        [headers = std::move(wanted.headers)](websocket::request_type& request) {
          request.set(http::field::user_agent, product());
          for (const auto& each : headers) request.set(each.name, each.value);
        }));
    socket_.async_handshake(answer_, wanted.host, wanted.target,
                            [self = shared_from_this()](error_code ec) { self->on_upgraded(ec); });
  }

  void start_server(const HttpRequest& request) {
    http::request<http::empty_body> upgrade;
    upgrade.version(11);
    upgrade.method(http::verb::get);
    upgrade.target(request.target);
    for (const auto& each : request.headers) upgrade.insert(each.name, each.value);
    socket_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& response) { response.set(http::field::server, product()); }));
    socket_.async_accept(upgrade,
                         [self = shared_from_this()](error_code ec) { self->on_upgraded(ec); });
  }

  void send(std::string bytes) override {
    if (state_ != State::open && state_ != State::starting) return;
    if (queued_bytes_ + bytes.size() > limits_.queue_bytes)
      return finish({errc::overflow, 0, "the other side reads too slowly"});
    queued_bytes_ += bytes.size();
    queue_.push_back(std::move(bytes));
    write_next();
  }

  void close(unsigned status) override {
    events_ = {};
    if (state_ == State::starting) return abort();
    if (state_ != State::open) return;
    state_ = State::closing;
    close_status_ = static_cast<std::uint16_t>(status);
    stop_pings();
    // What is queued goes first; a peer that does not read it is not waited for.
    ping_timer_.expires_after(kCloseLimit);
    ping_timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->abort();
    });
    write_next();
  }

  void abort() override {
    events_ = {};
    if (state_ == State::closed) return;
    state_ = State::closed;
    stop_pings();
    socket_.next_layer().stream().close();
  }

 private:
  enum class State { starting, open, closing, closed };

  void on_upgraded(error_code ec) {
    if (state_ == State::closed) return;
    if (ec == websocket::error::upgrade_declined && events_.refused) {
      auto refused = std::exchange(events_.refused, nullptr);
      auto body = answer_.body().substr(0, kMaxRefusalBody);
      abort();
      return refused(answer_.result_int(), std::move(body));
    }
    if (ec)
      return finish({ec == beast::error::timeout ? errc::timed_out : errc::protocol_error, 0,
                     "the WebSocket handshake failed: " + ec.message()});
    state_ = State::open;
    answer_ = {};
    limit_handshake(kCloseLimit);
    schedule_ping();
    read();
    write_next();
    if (auto open = std::exchange(events_.open, nullptr)) open();
  }

  // Beast has one limit for the upgrade and for the end.
  void limit_handshake(base::Duration limit) {
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
    timeout.idle_timeout = websocket::stream_base::none();
    socket_.set_option(timeout);
  }

  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->on_read_failed(ec);
      if (auto message = self->events_.message) {
        auto data = self->buffer_.cdata();
        message(base::Bytes(static_cast<const std::byte*>(data.data()), data.size()),
                self->socket_.got_binary());
      }
      self->buffer_.consume(self->buffer_.size());
      // A big message must not keep its memory for the rest of the session.
      if (self->buffer_.capacity() > kMaxRefusalBody) self->buffer_.shrink_to_fit();
      if (self->state_ == State::open || self->state_ == State::closing) self->read();
    });
  }

  void on_read_failed(error_code ec) {
    if (state_ == State::closed) return;
    if (ec == websocket::error::closed) {
      auto reason = socket_.reason();
      std::string text = "the other side closed the connection";
      if (reason.code != websocket::close_code::none)
        text += " (" + std::to_string(reason.code) +
                (reason.reason.empty() ? "" : ", " + std::string(reason.reason.c_str())) + ")";
      return finish({errc::closed, reason.code, masked(text)});
    }
    if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow)
      return finish({errc::payload_too_large, 0, "a message was larger than allowed"});
    // Beast's own category: the other side broke RFC 6455. Else the network.
    bool broken = ec.category() == error_code(websocket::error::bad_opcode).category();
    finish({broken ? errc::protocol_error : errc::closed, 0,
            "the connection was lost: " + ec.message()});
  }

  void write_next() {
    if (writing_ || state_ == State::starting || state_ == State::closed) return;
    if (queue_.empty()) {
      if (state_ == State::closing) send_close();
      return;
    }
    writing_ = true;
    socket_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](error_code ec, std::size_t) {
                          self->writing_ = false;
                          if (self->state_ == State::closed) return;
                          // The reader will tell why.
                          if (ec) return;
                          self->queued_bytes_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          self->write_next();
                        });
  }

  void send_close() {
    writing_ = true;
    socket_.async_close(websocket::close_reason(close_status_),
                        [self = shared_from_this()](error_code) { self->abort(); });
  }

  void schedule_ping() {
    if (limits_.ping_interval <= base::Duration{}) return;
    ping_timer_.expires_after(limits_.ping_interval);
    ping_timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (ec || self->state_ != State::open) return;
      if (std::exchange(self->pinging_, true)) return self->schedule_ping();
      self->socket_.async_ping({}, [self](error_code) { self->pinging_ = false; });
      self->schedule_ping();
    });
  }

  void stop_pings() { ping_timer_.cancel(); }

  void finish(WebSocketClosed why) {
    auto closed = std::exchange(events_.closed, nullptr);
    // After message_too_big and the like Beast has sent the close frame already.
    abort();
    if (closed) closed(std::move(why));
  }

  WebSocketLimits limits_;
  WebSocketEvents events_;
  websocket::stream<BeastStream, false> socket_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             Executor>
      ping_timer_;
  State state_ = State::starting;
  websocket::response_type answer_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool pinging_ = false;
  std::uint16_t close_status_ = 1000;
};

}  // namespace

std::shared_ptr<WebSocket> WebSocket::connect(std::unique_ptr<ByteStream> stream,
                                              Request request,
                                              const WebSocketLimits& limits,
                                              WebSocketEvents events) {
  auto socket = std::make_shared<BeastWebSocket>(std::move(stream), limits, std::move(events));
  socket->start_client(std::move(request));
  return socket;
}

std::shared_ptr<WebSocket> WebSocket::accept(std::unique_ptr<ByteStream> stream,
                                             const HttpRequest& request,
                                             const WebSocketLimits& limits,
                                             WebSocketEvents events) {
  auto socket = std::make_shared<BeastWebSocket>(std::move(stream), limits, std::move(events));
  socket->start_server(request);
  return socket;
}

}  // namespace sidetone::shell
