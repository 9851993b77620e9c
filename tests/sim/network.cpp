#include "tests/sim/network.hpp"

#include <algorithm>

namespace sidetone::sim {

void Network::send(base::Datagram datagram, base::Instant now) {
  ++sent_;
  if (change) change(datagram);
  if (random_.uniform() < weather.loss) {
    ++lost_;
    return;
  }
  const auto jitter = base::Duration(static_cast<base::Duration::rep>(
      random_.uniform() * static_cast<double>(weather.jitter.count())));
  auto at = now + weather.delay + jitter;
  if (random_.uniform() < weather.reorder) {
    at += std::chrono::milliseconds(25);
  } else {
    at = std::max(at, last_arrival_);
    last_arrival_ = at;
  }
  deliver(datagram, at);
  if (random_.uniform() < weather.duplicate) deliver(datagram, at + std::chrono::milliseconds(1));
}

void Network::deliver(const base::Datagram& datagram, base::Instant at) {
  flying_.emplace(at, base::Datagram{datagram.remote, datagram.local, datagram.packet});
}

base::Deadline Network::next() const {
  if (flying_.empty()) return std::nullopt;
  return flying_.begin()->first;
}

std::optional<Arrival> Network::take(base::Instant now) {
  if (flying_.empty() || flying_.begin()->first > now) return std::nullopt;
  auto node = flying_.extract(flying_.begin());
  for (auto byte : node.mapped().packet.bytes())
    fingerprint_ = (fingerprint_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3U;
  if (tap) tap(node.mapped());
  return Arrival{node.key(), std::move(node.mapped())};
}

}  // namespace sidetone::sim
