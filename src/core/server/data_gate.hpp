// What one participant may send, and what waits for it until its data channels are open
// (wire_protocol §4.6). Both bounded by Limits. One strand.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/server/limits.hpp"

namespace sidetone::server {

class DataGate {
 public:
  // `limits` outlives it.
  DataGate(const Limits& limits, base::Instant now);

  // Takes from the sender's allowance; false: it is used up for now.
  bool may_send(std::size_t bytes, base::Instant now);

  // Keeps a packet for Limits::data_held_for; false: no room for it.
  bool hold(const std::string& bytes, base::Instant now);
  // All that are not too old; none is left.
  std::vector<std::string> take_held(base::Instant now);

 private:
  struct Held {
    base::Instant until;
    std::string bytes;
  };

  void forget_old(base::Instant now);

  const Limits& limits_;
  double tokens_;
  base::Instant filled_;
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
};

}  // namespace sidetone::server
