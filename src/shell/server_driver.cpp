#include "shell/server_driver.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "shell/fresh_certificate.hpp"
#include "shell/http_values.hpp"
#include "shell/local_addresses.hpp"

namespace sidetone::shell {
namespace {

constexpr unsigned kNormalClosure = 1000;  // RFC 6455 §7.4.1, as livekit-server closes

base::Address listening_address(const std::string& host) {
  const auto address = base::Address::parse(host == "localhost" ? "127.0.0.1" : host);
  if (!address)
    throw make_error(errc::invalid_argument,
                     "host '" + host +
                         "' is not an IP address; use 127.0.0.1, 0.0.0.0, :: or the "
                         "address of one interface");
  return *address;
}

void check(const RoomServerOptions& options) {
  if (options.api_key.empty() || options.api_secret.empty())
    throw make_error(errc::invalid_argument, "api_key and api_secret must both be given");
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw make_error(errc::invalid_argument, "tls_certificate and tls_key must be given together");
  if (options.dev_tokens && !listening_address(options.host).is_loopback())
    throw make_error(
        errc::invalid_argument,
        "dev_tokens gives a token to whoever asks, so it needs a loopback host; host is '" +
            options.host + "'");
  for (const auto& text : options.advertise)
    if (!base::Address::parse(text))
      throw make_error(errc::invalid_argument,
                       "advertise names '" + text + "', which is not an IP address");
}

}  // namespace

std::shared_ptr<ServerDriver> ServerDriver::create(const std::shared_ptr<Loop>& loop,
                                                   RoomServerOptions options) {
  check(options);
  std::shared_ptr<ServerDriver> driver(new ServerDriver(loop, std::move(options)));
  driver->timer_.bind(driver->weak_from_this(), &ServerDriver::on_timer);
  driver->wake_->driver = driver;
  driver->open();
  if (!loop->add(driver)) throw make_error(errc::closed, "the Runtime has ended");
  return driver;
}

ServerDriver::ServerDriver(const std::shared_ptr<Loop>& loop, RoomServerOptions options)
    : loop_(loop),
      strand_(loop->make_strand()),
      options_(std::move(options)),
      dtls_(fresh_certificate()),
      wake_(std::make_shared<Wake>()),
      sctp_(SctpHost::join(loop)),
      site_({options_.dev_tokens, options_.api_key, options_.api_secret}),
      timer_(strand_) {}

void ServerDriver::open() {
  open_udp();
  server::Config config;
  config.keys[options_.api_key] = options_.api_secret;
  config.wall = wall_clock();
  config.candidates = candidates();
  server::Server::Parts parts;
  parts.dtls = &dtls_;
  parts.random = &random_;
  parts.wake = [wake = wake_, strand = strand_] {
    if (wake->pending.exchange(true)) return;
    boost::asio::post(strand, [wake] {
      wake->pending = false;
      const auto driver = wake->driver.lock();
      if (!driver || driver->closed_) return;
      driver->server_->poll(now(), driver->outbox_);
      driver->pump();
    });
  };
  server_ = std::make_unique<server::Server>(std::move(config), std::move(parts));
  HttpServerOptions http;
  const auto address = listening_address(options_.host);
  http.addresses = {address};
  if (address.is_unspecified() && !address.is_v6()) http.addresses.push_back(base::Address::v6({}));
  if (options_.host == "localhost") http.addresses.push_back(*base::Address::parse("::1"));
  http.port = options_.port;
  http.certificate_file = options_.tls_certificate;
  http.key_file = options_.tls_key;
  http_ = HttpServer::open(strand_, http, http_events());
  port_ = http_->port();
  const base::Endpoint shown{
      address.is_unspecified() ? *base::Address::parse("127.0.0.1") : address, port_};
  url_ = (options_.tls_certificate.empty() ? "ws://" : "wss://") + shown.to_string();
  boost::asio::post(strand_, [weak = weak_from_this()] {
    if (const auto driver = weak.lock(); driver && !driver->closed_) driver->start();
  });
}

// On the strand: from here on strangers may call, on ports that others may have used a second ago.
void ServerDriver::start() {
  for (const auto& socket : udp_)
    socket->start(
        [weak = weak_from_this()](UdpSocket&, std::span<const ArrivedDatagram> datagrams) {
          if (auto driver = weak.lock()) driver->on_datagrams(datagrams);
        });
  http_->start();
  pump();
}

// One port for all participants, IPv4 and IPv6: found by fragment, then by address.
void ServerDriver::open_udp() {
  const auto address = listening_address(options_.host);
  std::vector<base::Address> wanted{address};
  if (address.is_unspecified() && !address.is_v6()) wanted.push_back(base::Address::v6({}));
  for (const auto& local : wanted) {
    auto socket = UdpSocket::open(strand_, {local, udp_port_ != 0 ? udp_port_ : options_.udp_port});
    if (!socket) {
      if (!udp_.empty()) continue;  // no IPv6 on this machine
      throw make_error(errc::unreachable,
                       "UDP port " + std::to_string(options_.udp_port) + " on " + options_.host +
                           " cannot be used (" + socket.error().message() +
                           "); choose another with udp_port (--udp-port), or 0 for any");
    }
    udp_port_ = (*socket)->local().port;
    udp_.push_back(std::move(*socket));
  }
}

std::vector<base::Endpoint> ServerDriver::candidates() const {
  std::vector<base::Endpoint> result;
  for (const auto& text : options_.advertise)
    result.push_back({*base::Address::parse(text), udp_port_});
  if (!result.empty()) return result;
  const auto bound = udp_.front()->local().address;
  if (!bound.is_unspecified()) return {{bound, udp_port_}};
  for (const auto& address : local_addresses(Loopback::include))
    if (!address.is_v6() || udp_.size() > 1 || bound.is_v6())
      result.push_back({address, udp_port_});
  return result;
}

HttpServerEvents ServerDriver::http_events() {
  const auto turn = [weak = weak_from_this()](auto call) {
    const auto driver = weak.lock();
    if (!driver || driver->closed_) return;
    call(*driver);
    driver->pump();
  };
  HttpServerEvents events;
  events.request = [weak = weak_from_this()](const HttpRequest& request) -> HttpResponse {
    const auto driver = weak.lock();
    if (!driver || driver->closed_) return {503, "the server is stopping"};
    return driver->answer(request);
  };
  events.upgrade = [weak = weak_from_this()](
                       SocketNumber socket,
                       const HttpRequest& request) -> std::optional<HttpResponse> {
    const auto driver = weak.lock();
    if (!driver || driver->closed_) return HttpResponse{503, "the server is stopping"};
    return driver->judge(socket, request);
  };
  events.opened = [turn](SocketNumber socket) {
    turn([&](ServerDriver& self) {
      if (auto join = self.joining_.extract(socket))
        self.server_->on_join(socket, std::move(join.mapped()), now(), self.outbox_);
    });
  };
  events.message = [turn](SocketNumber socket, base::Bytes message, bool binary) {
    if (!binary) return;  // protojson is for browsers' consoles; no SDK speaks it
    turn(
        [&](ServerDriver& self) { self.server_->on_signal(socket, message, now(), self.outbox_); });
  };
  events.closed = [turn](SocketNumber socket, const WebSocketClosed&) {
    turn([&](ServerDriver& self) {
      self.joining_.erase(socket);
      self.server_->on_signal_closed(socket, now(), self.outbox_);
    });
  };
  return events;
}

HttpResponse ServerDriver::answer(const HttpRequest& request) {
  if (request.target == "/metrics")
    return {200, server_->metrics(), "text/plain; version=0.0.4; charset=utf-8", {}};
  if (auto answered = site_.answer(to_site(request), *server_, {now(), outbox_})) {
    pump();
    return to_http(*std::move(answered));
  }
  auto admission = server_->admit(to_admission(request), now());
  if (auto* response = std::get_if<server::HttpResponse>(&admission))
    return to_http(std::move(*response));
  return {426, "this address speaks WebSocket"};
}

std::optional<HttpResponse> ServerDriver::judge(SocketNumber socket, const HttpRequest& request) {
  auto admission = server_->admit(to_admission(request), now());
  if (auto* response = std::get_if<server::HttpResponse>(&admission))
    return to_http(std::move(*response));
  joining_.emplace(socket, std::get<server::JoinRequest>(std::move(admission)));
  return std::nullopt;
}

void ServerDriver::on_datagrams(std::span<const ArrivedDatagram> datagrams) {
  if (closed_) return;
  const auto at = now();
  for (const auto& arrived : datagrams)
    server_->on_datagram({arrived.local, arrived.remote, arrived.bytes, arrived.arrival}, at,
                         outbox_);
  pump();
}

void ServerDriver::on_timer(base::Instant at) {
  if (closed_) return;
  if (base::is_due(server_->next_deadline(), at)) server_->on_deadline(at, outbox_);
  pump();
}

// A connection that overflows while it is sent to is told closed at once, which adds to the outbox:
// hence the loop, over what is swapped out.
void ServerDriver::pump() {
  if (std::exchange(pumping_, true)) return;
  const auto at = now();
  do {
    std::swap(outbox_, delivering_);
    send(delivering_.datagrams, at);
    for (auto& signal : delivering_.signals) http_->send(signal.to, std::move(signal.bytes));
    for (const auto& close : delivering_.closes) http_->close(close.connection, kNormalClosure);
    delivering_.clear();
  } while (!outbox_.empty());
  pumping_ = false;
  rooms_ = server_->rooms();
  participants_ = server_->participants();
  packets_forwarded_ = server_->counters().packets_forwarded;
  strangers_ = server_->counters().strangers;
  auto deadline = server_->next_deadline();
  if (!delayed_.empty()) deadline = base::earliest(deadline, delayed_.front().due);
  timer_.arm(closed_ ? base::Deadline() : deadline);
}

void ServerDriver::send(const base::Outbox<base::Datagram>& datagrams, base::Instant at) {
  const auto put = [this](const base::Datagram& datagram) {
    for (auto& socket : udp_)
      if (socket->local().address.is_v6() == datagram.remote.address.is_v6() || udp_.size() == 1)
        return socket->add(datagram.local, datagram.remote, datagram.packet.bytes());
  };
  if (options_.forwarding_delay.count() > 0) {
    for (const auto& datagram : datagrams)
      delayed_.push_back({at + options_.forwarding_delay, datagram});
    while (!delayed_.empty() && delayed_.front().due <= at) {
      put(delayed_.front().datagram);
      for (auto& socket : udp_) socket->flush();  // it borrows what it was given until then
      delayed_.pop_front();
    }
  } else {
    for (const auto& datagram : datagrams) put(datagram);
  }
  for (auto& socket : udp_) socket->flush();
}

RoomServerStats ServerDriver::stats() const {
  return {rooms_, participants_, packets_forwarded_, strangers_};
}

bool ServerDriver::ask(std::function<bool(server::Server&, base::Instant, server::Outbox&)> call) {
  if (loop_->ended() || loop_->on_media_thread()) return false;
  auto answer = std::make_shared<std::promise<bool>>();
  auto result = answer->get_future();
  boost::asio::post(strand_, [self = shared_from_this(), call = std::move(call), answer] {
    const bool value = !self->closed_ && call(*self->server_, now(), self->outbox_);
    if (!self->closed_) self->pump();
    answer->set_value(value);
  });
  if (result.wait_for(std::chrono::seconds(2)) != std::future_status::ready) return false;
  return result.get();
}

void ServerDriver::check_may_wait(const char* call) const {
  if (loop_->on_media_thread()) throw make_error(errc::would_deadlock, call);
}

void ServerDriver::stop() {
  if (loop_->on_media_thread())
    return boost::asio::post(strand_, [self = shared_from_this()] { self->close(); });
  ask([this](server::Server&, base::Instant, server::Outbox&) {
    close();
    return true;
  });
}

void ServerDriver::close() {
  if (std::exchange(closed_, true)) return;
  server_->shut_down(now(), outbox_);
  pump();
  http_->stop();
  joining_.clear();
  for (auto& socket : udp_) socket->close();
  delayed_.clear();
  timer_.cancel();
}

void ServerDriver::runtime_ended() noexcept {
  post_or_drop(strand_, [self = shared_from_this()] { self->close(); });
}

}  // namespace sidetone::shell
