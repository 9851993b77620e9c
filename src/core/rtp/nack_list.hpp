// Sequence numbers that are missing, and when to ask for each again. One thread; fixed memory.
// Source: audio.md §3.14, RFC 4585 §6.2.1.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/base/time.hpp"

namespace sidetone::rtp {

class NackList {
 public:
  // 2 s of 20 ms packets, which is as far back as livekit-server remembers; of a longer gap only
  // the newest are worth asking for.
  static constexpr std::size_t kMaxHoles = 100;
  // At once, after a round trip and 10 ms, and after another 100 ms: livekit-server ignores
  // repetitions closer to its last answer than that.
  static constexpr std::uint8_t kMaxRequests = 3;
  static constexpr base::Duration kAnswerSlack = std::chrono::milliseconds(10);
  static constexpr base::Duration kPeerSpacing = std::chrono::milliseconds(100);
  // Until a round trip was measured.
  static constexpr base::Duration kDefaultRtt = std::chrono::milliseconds(50);

  // Everything from `first` to `last` (both included) is missing as of `now`.
  void add(std::int64_t first, std::int64_t last, base::Instant now);
  // It arrived; true when it had been asked for.
  bool remove(std::int64_t sequence);

  void clear() { size_ = 0; }

  void set_rtt(base::Duration rtt) { rtt_ = rtt; }

  base::Duration rtt() const { return rtt_; }

  base::Deadline next_deadline() const;
  // What to ask for now, ascending; borrowed until the next call. Holes past their last request
  // are forgotten.
  std::span<const std::uint16_t> due(base::Instant now);

 private:
  struct Hole {
    std::int64_t sequence = 0;
    base::Instant due;
    std::uint8_t requests = 0;
  };

  std::array<Hole, kMaxHoles> holes_;  // ascending
  std::array<std::uint16_t, kMaxHoles> due_;
  std::size_t size_ = 0;
  base::Duration rtt_ = kDefaultRtt;
};

}  // namespace sidetone::rtp
