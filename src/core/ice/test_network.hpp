// For tests only: agents of both kinds on a network that delays, loses and reorders, on a virtual
// clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/ice/agent.hpp"
#include "core/ice/lite.hpp"

namespace sidetone::ice::testing {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

inline base::Endpoint at(std::string_view address, std::uint16_t port) {
  return {*base::Address::parse(address), port};
}

struct NetworkOptions {
  base::Duration delay = 10ms;  // one way
  base::Duration jitter{};      // up to this much more, so packets overtake each other
  double loss = 0;
  std::uint64_t seed = 1;
};

// One machine on the network, whichever kind of agent it is.
struct Node {
  std::string name;
  std::function<void(const base::Datagram&, base::Instant, Output&)>
      on_datagram;  // local, remote: as the receiver sees them
  std::function<void(base::Instant, Output&)> on_deadline;
  std::function<base::Deadline()> next_deadline;
  std::vector<Event> events;
  std::size_t packets_out = 0;
  std::size_t bytes_out = 0;
};

class Network {
 public:
  explicit Network(NetworkOptions options = {}) : options_(options), random_(options.seed) {}

  base::Instant now() const { return now_; }

  base::Duration elapsed() const { return now_.time_since_epoch(); }

  Node& add(Agent& agent, std::vector<base::Endpoint> addresses) {
    return attach(
        [&](const base::Datagram& d, base::Instant now, Output& out) {
          agent.on_datagram(d.local, d.remote, d.packet.bytes(), now, out);
        },
        [&](base::Instant now, Output& out) { agent.on_deadline(now, out); },
        [&] { return agent.next_deadline(); }, std::move(addresses));
  }

  Node& add(LiteAgent& agent, std::vector<base::Endpoint> addresses) {
    return attach(
        [&](const base::Datagram& d, base::Instant now, Output& out) {
          agent.on_datagram(d.local, d.remote, d.packet.bytes(), now, out);
        },
        [&](base::Instant now, Output& out) { agent.on_deadline(now, out); },
        [&] { return agent.next_deadline(); }, std::move(addresses));
  }

  // What a call at a node put out goes on its way.
  void emit(Node& node, Output& out) {
    for (auto event : out.events) node.events.push_back(event);
    for (auto& datagram : out.datagrams) {
      ++node.packets_out;
      node.bytes_out += datagram.packet.size();
      send(datagram.local, datagram.remote, datagram.packet);
    }
    out.clear();
  }

  // Puts a packet on the wire from any address, also a forged one.
  void send(base::Endpoint from, const base::Endpoint& to, const base::Packet& packet) {
    if (auto mapped = nat_.find(from); mapped != nat_.end()) from = mapped->second;
    ++sent_;
    if (lose(from, to) || random_.uniform() < options_.loss) return;
    auto delay = options_.delay;
    if (options_.jitter > 0ns)
      delay += base::Duration(random_.next() % static_cast<std::uint64_t>(options_.jitter.count()));
    wire_.emplace(now_ + delay, base::Datagram{to, from, packet});
  }

  // Whatever leaves `inside` appears to come from `outside`, and what goes there comes in.
  void map_address(const base::Endpoint& inside, const base::Endpoint& outside) {
    nat_[inside] = outside;
    for (auto it = reverse_.begin(); it != reverse_.end();)
      it = it->second == inside ? reverse_.erase(it) : std::next(it);
    reverse_[outside] = inside;
  }

  void block(const base::Endpoint& from, const base::Endpoint& to) { blocked_.insert({from, to}); }

  void block_both(const base::Endpoint& a, const base::Endpoint& b) {
    block(a, b);
    block(b, a);
  }

  void set_loss(double loss) { options_.loss = loss; }

  void run_for(base::Duration duration) {
    run_until([] { return false; }, duration);
  }

  // True when it came true within the time.
  bool run_until(const std::function<bool()>& done, base::Duration limit) {
    auto end = now_ + limit;
    while (!done()) {
      auto next = next_event();
      if (!next || *next > end) {
        now_ = end;
        return done();
      }
      now_ = std::max(now_, *next);
      step();
    }
    return true;
  }

  std::size_t sent() const { return sent_; }

  // Every datagram a node receives, before it does.
  std::function<void(const base::Datagram&)> tap;

 private:
  Node& attach(std::function<void(const base::Datagram&, base::Instant, Output&)> on_datagram,
               std::function<void(base::Instant, Output&)> on_deadline,
               std::function<base::Deadline()> next_deadline,
               std::vector<base::Endpoint> addresses) {
    auto& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.on_datagram = std::move(on_datagram);
    node.on_deadline = std::move(on_deadline);
    node.next_deadline = std::move(next_deadline);
    for (const auto& address : addresses) by_address_[address] = &node;
    return node;
  }

  bool lose(const base::Endpoint& from, const base::Endpoint& to) const {
    return blocked_.contains({from, to});
  }

  base::Deadline next_event() const {
    base::Deadline next;
    if (!wire_.empty()) next = wire_.begin()->first;
    for (const auto& node : nodes_) next = base::earliest(next, node->next_deadline());
    return next;
  }

  void step() {
    Output out;
    if (!wire_.empty() && wire_.begin()->first <= now_) {
      auto datagram = wire_.extract(wire_.begin()).mapped();
      if (auto inside = reverse_.find(datagram.local); inside != reverse_.end())
        datagram.local = inside->second;
      else if (nat_.contains(datagram.local))
        return;  // nothing goes through a NAT uninvited
      auto node = by_address_.find(datagram.local);
      if (node == by_address_.end()) return;
      if (tap) tap(datagram);
      node->second->on_datagram(datagram, now_, out);
      emit(*node->second, out);
      return;
    }
    for (auto& node : nodes_) {
      if (!base::is_due(node->next_deadline(), now_)) continue;
      node->on_deadline(now_, out);
      emit(*node, out);
    }
  }

  NetworkOptions options_;
  base::SeededRandom random_;
  base::Instant now_{};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<base::Endpoint, Node*> by_address_;
  std::multimap<base::Instant, base::Datagram> wire_;
  std::map<base::Endpoint, base::Endpoint> nat_;
  std::map<base::Endpoint, base::Endpoint> reverse_;
  std::set<std::pair<base::Endpoint, base::Endpoint>> blocked_;
  std::size_t sent_ = 0;
};

}  // namespace sidetone::ice::testing
