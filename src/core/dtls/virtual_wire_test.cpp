#include "core/dtls/virtual_wire_test.hpp"

#include <sys/time.h>

namespace sidetone::dtls {

base::Duration virtual_time{};

namespace {

constexpr std::chrono::seconds kEpoch{1'700'000'000};

}  // namespace

const crypto::Certificate& certificate(Role role) {
  static const auto client = crypto::Certificate::generate(kEpoch);
  static const auto server = crypto::Certificate::generate(kEpoch);
  return role == Role::client ? client : server;
}

const Context& context(Role role) {
  static const Context client(certificate(Role::client));
  static const Context server(certificate(Role::server));
  return role == Role::client ? client : server;
}

std::string Side::failure() const {
  for (const auto& event : out.events)
    if (const auto* failed = std::get_if<Failed>(&event)) return failed->reason;
  return {};
}

const SrtpKeys* Side::keys() const {
  for (const auto& event : out.events)
    if (const auto* connected = std::get_if<Connected>(&event)) return &connected->keys;
  return nullptr;
}

std::size_t Side::count_closed() const {
  std::size_t count = 0;
  for (const auto& event : out.events) count += std::holds_alternative<Closed>(event) ? 1 : 0;
  return count;
}

void Wire::know_each_other() {
  client.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(), virtual_now(),
                                          client.out);
  server.transport.set_remote_fingerprint(certificate(Role::client).fingerprint(), virtual_now(),
                                          server.out);
}

void Wire::start() {
  server.transport.start(Role::server, virtual_now(), server.out);
  client.transport.start(Role::client, virtual_now(), client.out);
}

bool Wire::deliver() {
  bool any = false;
  for (auto from : {Role::client, Role::server}) {
    auto& sender = side(from);
    auto& receiver = side(from == Role::client ? Role::server : Role::client);
    for (auto& packet : sender.out.packets.take()) {
      any = true;
      log.emplace_back(from, packet);
      if (passes(from, packet))
        receiver.transport.on_packet(packet.bytes(), virtual_now(), receiver.out);
    }
  }
  return any;
}

void Wire::run(base::Duration limit) {
  auto end = virtual_now() + limit;
  for (;;) {
    while (deliver()) {
    }
    auto next = base::earliest(client.transport.next_deadline(), server.transport.next_deadline());
    if (!next || *next > end) break;
    virtual_time = std::max(virtual_time, next->time_since_epoch());
    client.transport.on_deadline(virtual_now(), client.out);
    server.transport.on_deadline(virtual_now(), server.out);
  }
  virtual_time = std::max(virtual_time, end.time_since_epoch());
}

}  // namespace sidetone::dtls

// OpenSSL times its flights by this.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone::dtls;
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + virtual_time).count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}
