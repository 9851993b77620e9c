// Two transports, a wire that may lose, and the clock OpenSSL reads: for this folder's tests.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/dtls/transport.hpp"

namespace sidetone::dtls {

using namespace std::chrono_literals;

// What gettimeofday() says in this test program: 2023-11-14 plus this.
extern base::Duration virtual_time;

inline Instant virtual_now() {
  return Instant{} + virtual_time;
}

// One certificate for each side, made once: all tests may share them.
const crypto::Certificate& certificate(Role role);
const Context& context(Role role);

struct Side {
  explicit Side(Role as) : role(as), transport(context(as)) {}

  std::string failure() const;
  const SrtpKeys* keys() const;
  std::size_t count_closed() const;

  Role role;
  Transport transport;
  Outbox out;  // packets are moved on by the wire; data and events stay
};

class Wire {
 public:
  using Filter = std::function<bool(Role from, const base::Packet&)>;  // false: lost

  Wire() : client(Role::client), server(Role::server) {}

  void know_each_other();
  void start();
  // Delivers and lets time pass until nobody wants anything, or `limit` is over.
  void run(base::Duration limit = 60s);
  bool deliver();

  Side& side(Role role) { return role == Role::client ? client : server; }

  Filter passes = [](Role, const base::Packet&) { return true; };
  Side client;
  Side server;
  std::vector<std::pair<Role, base::Packet>> log;  // everything sent
};

}  // namespace sidetone::dtls
