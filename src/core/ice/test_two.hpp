// For tests only: two full agents and what signalling carries between them.
#pragma once

#include "core/ice/test_network.hpp"

namespace sidetone::ice::testing {

inline const base::Endpoint kLeft = at("192.0.2.1", 1000);
inline const base::Endpoint kRight = at("198.51.100.1", 2000);

struct TwoOptions {
  NetworkOptions network = {};
  Role left = Role::controlling;
  Role right = Role::controlled;
  std::vector<base::Endpoint> left_addresses = {kLeft};
  std::vector<base::Endpoint> right_addresses = {kRight};
};

struct Two {
  explicit Two(TwoOptions options = {})
      : left_random(11 + options.network.seed),
        right_random(1000 + options.network.seed),
        network(options.network),
        left({options.left}, left_random),
        right({options.right}, right_random),
        left_node(&network.add(left, options.left_addresses)),
        right_node(&network.add(right, options.right_addresses)) {
    for (const auto& address : options.left_addresses) left.add_local(address, network.now(), out);
    for (const auto& address : options.right_addresses)
      right.add_local(address, network.now(), out);
  }

  void describe(Agent& to, const Agent& from) {
    to.set_remote(from.local_credentials(), false, network.now(), out);
    network.emit(node_of(to), out);
  }

  void trickle(Agent& to, const Agent& from) {
    for (const auto& candidate : from.local_candidates()) {
      to.add_remote(candidate, network.now(), out);
      network.emit(node_of(to), out);
    }
  }

  void exchange() {
    describe(left, right);
    describe(right, left);
    trickle(left, right);
    trickle(right, left);
  }

  void restart_both() {
    left.restart(network.now(), out);
    network.emit(*left_node, out);
    right.restart(network.now(), out);
    network.emit(*right_node, out);
    exchange();
  }

  Node& node_of(const Agent& agent) { return &agent == &left ? *left_node : *right_node; }

  bool settled() const { return left.nominated() && right.nominated(); }

  bool settle(base::Duration limit) {
    return network.run_until([&] { return settled(); }, limit);
  }

  // Both use the same path from their side.
  bool agree() const {
    return left.selected() && right.selected() &&
           left.selected()->local == right.selected()->remote &&
           left.selected()->remote == right.selected()->local;
  }

  base::SeededRandom left_random;
  base::SeededRandom right_random;
  Network network;
  Agent left;
  Agent right;
  Node* left_node;
  Node* right_node;
  Output out;
};

// A check the hand below sends.
struct HandCheck {
  base::Endpoint from = kRight;
  bool nominate = false;
  std::optional<std::uint64_t> controlling = 1;
  std::optional<std::uint64_t> controlled;
  std::uint32_t priority = 100;
  std::string pwd;  // ours when empty
  std::string sender = "remote";
};

// How it answers one.
struct HandAnswer {
  std::uint16_t error = 0;
  bool mapped = true;
  std::string pwd = "remote-password-0123456789";
  base::Endpoint from = {};  // where the check went, when empty
};

// The other side played by hand: writes signed messages to one agent and reads what it sends.
struct Hand {
  explicit Hand(Role role = Role::controlled, std::uint64_t seed = 5)
      : random(seed), agent({role}, random) {
    agent.add_local(kLeft, now, out);
    out.clear();
  }

  void describe() { agent.set_remote(remote, false, now, out); }

  void add(const base::Endpoint& endpoint, std::uint32_t priority = 100) {
    Candidate candidate;
    candidate.foundation = "1";
    candidate.endpoint = endpoint;
    candidate.priority = priority;
    agent.add_remote(candidate, now, out);
  }

  void check(const HandCheck& check) {
    base::Packet packet;
    stun::TransactionId id{};
    random.fill(id);
    stun::Builder builder(packet.storage(), stun::Class::request, id);
    const auto& local = agent.local_credentials();
    builder.username(local.ufrag, check.sender).priority(check.priority);
    if (check.controlling) builder.controlling(*check.controlling);
    if (check.controlled) builder.controlled(*check.controlled);
    if (check.nominate) builder.use_candidate();
    packet.resize(
        builder.integrity(check.pwd.empty() ? local.pwd : check.pwd).fingerprint().finish().size());
    receive(packet, check.from);
  }

  void receive(const base::Packet& packet, const base::Endpoint& from = kRight) {
    agent.on_datagram(kLeft, from, packet.bytes(), now, out);
  }

  // Answers every check sent so far and forgets it.
  void answer_all(const HandAnswer& how = {}) {
    for (const auto& datagram : requests()) answer(datagram, how);
  }

  void answer(const base::Datagram& datagram, const HandAnswer& how) {
    auto request = stun::parse(datagram.packet.bytes());
    base::Packet packet;
    auto kind = how.error != 0 ? stun::Class::error : stun::Class::success;
    stun::Builder builder(packet.storage(), kind, request->transaction);
    if (how.error != 0)
      builder.error(how.error);
    else if (how.mapped)
      builder.mapped(datagram.local);
    if (!how.pwd.empty()) builder.integrity(how.pwd);
    packet.resize(builder.finish().size());
    receive(packet, how.from.port == 0 ? datagram.remote : how.from);
  }

  // Takes the checks it sent.
  std::vector<base::Datagram> requests() { return take(stun::Class::request); }

  std::vector<base::Datagram> take(stun::Class kind) {
    std::vector<base::Datagram> taken;
    for (auto& datagram : out.datagrams.take()) {
      auto message = stun::parse(datagram.packet.bytes());
      if (message && message->message_class == kind) taken.push_back(datagram);
    }
    return taken;
  }

  void advance(base::Duration duration) {
    for (auto end = now + duration;;) {
      auto next = agent.next_deadline();
      if (!next || *next > end) {
        now = end;
        return;
      }
      now = std::max(now, *next);
      agent.on_deadline(now, out);
    }
  }

  base::SeededRandom random;
  base::Instant now{};
  Output out;
  Agent agent;
  Credentials remote{"remote", "remote-password-0123456789"};
};

}  // namespace sidetone::ice::testing
