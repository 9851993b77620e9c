#include "tests/sim/call.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/sctp/library.hpp"
#include "core/signal/token.hpp"

namespace sidetone::sim {
namespace {

constexpr auto kSignalDelay = std::chrono::milliseconds(1);
constexpr auto kSctpTick = std::chrono::milliseconds(10);
// More turns than any moment needs: a machine asks again and again for one that has passed.
constexpr int kStuckSteps = 100'000;
constexpr auto kKey = "key";
constexpr auto kSecret = "a secret for simulations only, 32 bytes";

std::chrono::seconds unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(wall_clock().unix_time(now()));
}

}  // namespace

Call::Call(std::uint64_t seed)
    : network((reset_world(seed), seed + 1)),
      random_(seed + 2),
      dtls_(crypto::Certificate::generate(unix_now())),
      server_endpoint_{*base::Address::parse("10.0.0.1"), 7882},
      next_sctp_tick_(now() + kSctpTick) {
  start_server();
}

void Call::start_server() {
  server::Config config;
  config.keys[kKey] = kSecret;
  config.wall = wall_clock();
  config.candidates = {server_endpoint_};
  server::Server::Parts parts;
  parts.dtls = &dtls_;
  parts.random = &random_;
  parts.wake = [this] { server_woken_ = true; };
  server = std::make_unique<server::Server>(std::move(config), std::move(parts));
}

Call::~Call() = default;

Caller& Call::add(const std::string& identity) {
  callers_.push_back(std::make_unique<Caller>(*this, identity, static_cast<int>(callers_.size())));
  return *callers_.back();
}

std::string Call::token(const std::string& identity,
                        const std::string& room,
                        VideoGrants grants) const {
  signal::Claims claims;
  claims.issuer = kKey;
  claims.identity = identity;
  claims.expires = unix_now().count() + 21600;
  grants.room_join = true;
  grants.room = room;
  claims.grants = grants;
  return signal::mint(claims, kSecret);
}

void Call::at(base::Instant when, std::function<void()> what) {
  later_.emplace(when, std::move(what));
}

void Call::every(base::Duration period, std::function<void()> what) {
  at(now() + period, [this, period, what] {
    what();
    every(period, what);
  });
}

// ---- the server
// ------------------------------------------------------------------------------------------------------

void Call::server_turn(const std::function<void(server::Server&, server::Outbox&)>& call) {
  call(*server, server_out);
  carry_server_output();
}

void Call::carry_server_output() {
  for (const auto& datagram : server_out.datagrams) network.send(datagram, now());
  for (auto& signal : server_out.signals)
    at(now() + kSignalDelay, [this, to = signal.to, bytes = std::move(signal.bytes)] {
      auto* line = wire(to);
      if (!line || !line->open) return;
      const auto socket = line->socket;
      line->caller->turn([&](auto& session, auto& out) {
        session.on_socket_message(socket, base::as_bytes(bytes), now(), out);
      });
    });
  for (const auto& close : server_out.closes)
    at(now() + kSignalDelay, [this, connection = close.connection] {
      auto* line = wire(connection);
      if (!line || !std::exchange(line->open, false)) return;
      const auto socket = line->socket;
      line->caller->turn([&](auto& session, auto& out) {
        session.on_socket_closed(socket, {errc::closed, "closed by the server"}, now(), out);
      });
    });
  server_out.clear();
}

// ---- signalling
// ------------------------------------------------------------------------------------------------------

void Call::open_socket(Caller& caller,
                       session::SocketId socket,
                       const signal::SocketRequest& request) {
  at(now() + kSignalDelay, [this, &caller, socket, request] {
    if (is_unplugged(caller)) return;
    auto admission = server->admit({"GET", request.target, request.authorization, true}, now());
    if (auto* refusal = std::get_if<server::HttpResponse>(&admission)) {
      caller.turn([&](auto& session, auto& out) {
        session.on_socket_refused(socket, {refusal->status, refusal->body}, now(), out);
      });
      return;
    }
    const auto connection = next_connection_++;
    wires_.push_back({&caller, socket, connection, true});
    caller.turn([&](auto& session, auto& out) { session.on_socket_open(socket, now(), out); });
    server_turn([&](auto& machine, auto& out) {
      machine.on_join(connection, std::get<server::JoinRequest>(std::move(admission)), now(), out);
    });
  });
}

void Call::to_server(Caller& caller, session::SocketId socket, std::string bytes) {
  at(now() + kSignalDelay, [this, &caller, socket, bytes = std::move(bytes)] {
    const auto* line = wire(caller, socket);
    if (!line || !line->open) return;
    server_turn([&](auto& machine, auto& out) {
      machine.on_signal(line->connection, base::as_bytes(bytes), now(), out);
    });
  });
}

void Call::close_socket(Caller& caller, session::SocketId socket) {
  at(now() + kSignalDelay, [this, &caller, socket] {
    auto* line = wire(caller, socket);
    if (!line || !std::exchange(line->open, false)) return;
    server_turn(
        [&](auto& machine, auto& out) { machine.on_signal_closed(line->connection, now(), out); });
  });
}

void Call::break_signalling(Caller& caller) {
  for (auto& line : wires_) {
    if (line.caller != &caller || !std::exchange(line.open, false)) continue;
    const auto socket = line.socket;
    server_turn(
        [&](auto& machine, auto& out) { machine.on_signal_closed(line.connection, now(), out); });
    caller.turn([&](auto& session, auto& out) {
      session.on_socket_closed(socket, {errc::unreachable, "the cable was cut"}, now(), out);
    });
  }
}

void Call::restart_server() {
  server.reset();
  start_server();
  for (auto& line : wires_) {
    if (!std::exchange(line.open, false)) continue;
    line.caller->turn([&](auto& session, auto& out) {
      session.on_socket_closed(line.socket, {errc::unreachable, "the server is gone"}, now(), out);
    });
  }
}

void Call::say(Caller& caller, const livekit::SignalResponse& response) {
  for (const auto& line : wires_)
    if (line.caller == &caller && line.open)
      server_out.signals.push({line.connection, response.SerializeAsString()});
  carry_server_output();
}

Call::Wire* Call::wire(const Caller& caller, session::SocketId socket) {
  for (auto& line : wires_)
    if (line.caller == &caller && line.socket == socket) return &line;
  return nullptr;
}

Call::Wire* Call::wire(server::ConnectionId connection) {
  for (auto& line : wires_)
    if (line.connection == connection) return &line;
  return nullptr;
}

// ---- time
// ------------------------------------------------------------------------------------------------------------

void Call::unplug(const Caller& caller) {
  unplugged_.push_back(&caller);
  for (auto& line : wires_)
    if (line.caller == &caller) line.open = false;
}

void Call::plug_in(const Caller& caller) {
  std::erase(unplugged_, &caller);
}

bool Call::is_unplugged(const Caller& caller) const {
  return std::find(unplugged_.begin(), unplugged_.end(), &caller) != unplugged_.end();
}

void Call::deliver(const Arrival& arrival) {
  const auto& datagram = arrival.datagram;
  for (const auto* caller : unplugged_)
    for (const auto& end : {caller->publisher_, caller->subscriber_})
      if (datagram.local == end || datagram.remote == end) return;
  if (datagram.local == server_endpoint_) {
    server_turn([&](auto& machine, auto& out) {
      machine.on_datagram({datagram.local, datagram.remote, datagram.packet.bytes(), arrival.at},
                          now(), out);
    });
    return;
  }
  for (auto& caller : callers_)
    if (datagram.local == caller->publisher_ || datagram.local == caller->subscriber_)
      caller->turn(
          [&](auto& session, auto& out) { session.on_datagram(datagram, arrival.at, now(), out); });
}

base::Deadline Call::next_deadline() const {
  base::Deadline next = base::earliest(network.next(), server->next_deadline());
  if (!later_.empty()) next = base::earliest(next, later_.begin()->first);
  if (sctp::associations() > 0) next = base::earliest(next, next_sctp_tick_);
  for (const auto& caller : callers_) next = base::earliest(next, caller->next_deadline());
  return next;
}

// Whose deadline has passed.
std::string Call::whose_turn() const {
  std::string text;
  if (base::is_due(network.next(), now())) text += " network";
  if (base::is_due(server->next_deadline(), now())) text += " server";
  if (!later_.empty() && later_.begin()->first <= now()) text += " later";
  for (const auto& caller : callers_)
    if (base::is_due(caller->next_deadline(), now()))
      text += " " + caller->identity +
              (base::is_due(caller->session.next_deadline(), now()) ? " (session)" : "");
  return text;
}

void Call::step(base::Instant until) {
  const auto next = next_deadline();
  stuck_ = next && *next <= now() ? stuck_ + 1 : 0;
  if (stuck_ > kStuckSteps) throw std::runtime_error("time stands still: " + whose_turn());
  advance_to(next && *next < until ? *next : until);
  while (auto arrival = network.take(now())) deliver(*arrival);
  while (!later_.empty() && later_.begin()->first <= now()) {
    auto what = later_.extract(later_.begin());
    what.mapped()();
  }
  if (next_sctp_tick_ <= now()) {
    sctp::drive_timers(kSctpTick);
    next_sctp_tick_ += kSctpTick;
  }
  if (std::exchange(server_woken_, false))
    server_turn([](auto& machine, auto& out) { machine.poll(now(), out); });
  if (base::is_due(server->next_deadline(), now()))
    server_turn([](auto& machine, auto& out) { machine.on_deadline(now(), out); });
  for (auto& caller : callers_) caller->on_deadline();
}

void Call::run_for(base::Duration time) {
  const auto until = now() + time;
  while (now() < until) step(until);
}

bool Call::run_until(const std::function<bool()>& condition, base::Duration limit) {
  const auto until = now() + limit;
  while (!condition()) {
    if (now() >= until) return false;
    step(until);
  }
  return true;
}

}  // namespace sidetone::sim
