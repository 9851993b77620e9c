#include "shell/connector.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "core/base/bytes.hpp"
#include "core/crypto/base64.hpp"

namespace sidetone::shell {

namespace asio = boost::asio;

namespace {

// A proxy's answer is a status line and a few headers.
constexpr std::size_t kMaxProxyReply = 8192;

constexpr std::chrono::seconds kAttemptLimit{3};

std::string host_port(const std::string& host, std::uint16_t port) {
  bool v6 = host.find(':') != host.npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

Connector::Connector(const Strand& strand,
                     ConnectTarget target,
                     ConnectorOptions options,
                     Done done)
    : strand_(strand),
      target_(std::move(target)),
      options_(std::move(options)),
      done_(std::move(done)),
      resolver_(strand),
      attempt_timer_(strand),
      socket_(strand) {}

void Connector::start() {
  if (options_.proxy.empty()) return resolve(target_.host, target_.port);
  auto parsed = parse_url(options_.proxy);
  if (const auto* wrong = std::get_if<std::string>(&parsed))
    return fail(errc::invalid_argument, "proxy " + *wrong);
  proxy_ = std::get<Url>(std::move(parsed));
  if (proxy_.scheme != "http")
    return fail(errc::invalid_argument, "a proxy URL starts with http://");
  resolve(proxy_.host, proxy_.port);
}

void Connector::cancel() {
  done_ = nullptr;
  stage_ = Stage::done;
  resolver_.cancel();
  attempt_timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  if (stream_) stream_->close();
}

std::string Connector::progress() const {
  switch (stage_) {
    case Stage::resolving: return "looking up " + hop_;
    case Stage::connecting: return "connecting to " + hop_;
    case Stage::asking_proxy: return "waiting for the proxy " + hop_;
    case Stage::shaking_hands: return "shaking hands with " + target_.host;
    case Stage::done: break;
  }
  return "waiting for " + target_.host;
}

void Connector::resolve(const std::string& host, std::uint16_t port) {
  hop_ = host_port(host, port);
  error_code not_an_address;
  if (auto address = asio::ip::make_address(host, not_an_address); !not_an_address) {
    endpoints_.emplace_back(address, port);
    return connect_next();
  }
  if (host == "localhost") {
    endpoints_.emplace_back(asio::ip::address_v4::loopback(), port);
    endpoints_.emplace_back(asio::ip::address_v6::loopback(), port);
    return connect_next();
  }
  resolver_.async_resolve(host, std::to_string(port), Tcp::resolver::numeric_service,
                          [self = shared_from_this(), host](error_code ec, auto results) {
                            if (!self->done_) return;
                            if (ec)
                              return self->fail(
                                  errc::unreachable,
                                  "the host name " + host + " cannot be resolved: " + ec.message());
                            for (const auto& each : results)
                              self->endpoints_.push_back(each.endpoint());
                            self->connect_next();
                          });
}

void Connector::connect_next() {
  stage_ = Stage::connecting;
  if (next_endpoint_ == endpoints_.size())
    return fail(errc::unreachable, "no server answers at " + hop_ + ": " + last_error_);
  auto endpoint = endpoints_[next_endpoint_++];
  error_code ec;
  socket_.close(ec);
  socket_.open(endpoint.protocol(), ec);
  if (ec) {
    last_error_ = ec.message();
    return asio::post(strand_, [self = shared_from_this()] {
      if (self->done_) self->connect_next();
    });
  }
  // An address that swallows packets must not use up the time of the next one.
  if (next_endpoint_ < endpoints_.size()) {
    attempt_timer_.expires_after(kAttemptLimit);
    attempt_timer_.async_wait(
        [self = shared_from_this(), attempt = next_endpoint_](error_code late) {
          if (late || !self->done_ || self->stage_ != Stage::connecting) return;
          error_code ignored;
          if (attempt == self->next_endpoint_) self->socket_.cancel(ignored);
        });
  }
  socket_.async_connect(endpoint, [self = shared_from_this()](error_code failed) {
    if (!self->done_) return;
    self->attempt_timer_.cancel();
    if (!failed) return self->on_connected();
    self->last_error_ = failed.message();
    self->connect_next();
  });
}

void Connector::on_connected() {
  error_code ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  if (options_.proxy.empty()) return shake_hands();
  ask_proxy();
}

void Connector::ask_proxy() {
  stage_ = Stage::asking_proxy;
  auto target = host_port(target_.host, target_.port);
  buffer_ = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy_.user_info.empty())
    buffer_ += "Proxy-Authorization: Basic " +
               crypto::base64_encode(base::as_bytes(proxy_.user_info)) + "\r\n";
  buffer_ += "\r\n";
  asio::async_write(
      socket_, asio::buffer(buffer_), [self = shared_from_this()](error_code ec, std::size_t) {
        if (!self->done_) return;
        if (ec) return self->fail(errc::unreachable, "the proxy " + self->hop_ + " hung up");
        self->buffer_.clear();
        asio::async_read_until(self->socket_, asio::dynamic_buffer(self->buffer_, kMaxProxyReply),
                               "\r\n\r\n", [self](error_code failed, std::size_t size) {
                                 if (!self->done_) return;
                                 if (failed)
                                   return self->fail(
                                       errc::unreachable,
                                       "the proxy " + self->hop_ + " gave no proper answer");
                                 self->on_proxy_reply(size);
                               });
      });
}

void Connector::on_proxy_reply(std::size_t size) {
  auto line = buffer_.substr(0, buffer_.find("\r\n"));
  bool accepted = line.starts_with("HTTP/1.") && line.size() >= 12 && line[9] == '2';
  // We speak first on the way behind it, whatever comes there: more than a head is not CONNECT.
  if (!accepted || size != buffer_.size())
    return fail(errc::unreachable,
                "the proxy " + hop_ + " refused: " + masked(line.substr(0, 200)));
  shake_hands();
}

void Connector::shake_hands() {
  stage_ = Stage::shaking_hands;
  try {
    stream_ = target_.tls ? make_tls_stream(std::move(socket_), target_.host, options_.ca_file)
                          : make_plain_stream(std::move(socket_));
  } catch (const boost::system::system_error& error) {
    return fail(errc::invalid_argument, error.what());
  }
  stream_->handshake([self = shared_from_this()](std::optional<StreamFailure> failure) {
    if (!self->done_) return;
    if (failure) return self->fail(failure->code, std::move(failure->text));
    self->stage_ = Stage::done;
    std::exchange(self->done_, nullptr)(std::move(self->stream_), {});
  });
}

void Connector::fail(errc code, std::string text) {
  auto done = std::exchange(done_, nullptr);
  cancel();
  asio::post(strand_, [done = std::move(done), failure = StreamFailure{code, std::move(text)}] {
    done(nullptr, failure);
  });
}

}  // namespace sidetone::shell
