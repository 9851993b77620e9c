// The network between the participants and the server: each datagram is delayed, lost, doubled or
// overtaken as a seed says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "core/base/packet.hpp"
#include "core/base/seeded_random.hpp"
#include "core/base/time.hpp"

namespace sidetone::sim {

struct Weather {
  base::Duration delay = std::chrono::milliseconds(5);
  base::Duration jitter{};  // uniform, in order unless `reorder`
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;  // this fraction waits 25 ms longer and lets others pass
};

struct Arrival {
  base::Instant at;
  base::Datagram datagram;  // as the receiver sees it
};

class Network {
 public:
  explicit Network(std::uint64_t seed) : random_(seed) {}

  Weather weather;
  // Sees every datagram that arrives, as its receiver does.
  std::function<void(const base::Datagram&)> tap;
  // May spoil a datagram on its way, as its sender sees it.
  std::function<void(base::Datagram&)> change;

  // As its sender sees it: from `local` to `remote`.
  void send(base::Datagram datagram, base::Instant now);
  base::Deadline next() const;
  std::optional<Arrival> take(base::Instant now);

  std::uint64_t sent() const { return sent_; }

  std::uint64_t lost() const { return lost_; }

  // Of everything that ever arrived: equal runs have equal ones.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  void deliver(const base::Datagram& datagram, base::Instant at);

  base::SeededRandom random_;
  std::multimap<base::Instant, base::Datagram> flying_;
  base::Instant last_arrival_{};
  std::uint64_t sent_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325U;
};

}  // namespace sidetone::sim
