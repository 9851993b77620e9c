// How many samples the k-th packet has, for rates that do not divide: packet k covers the samples
// [floor(k*R*p), floor((k+1)*R*p)). Exact for ever: no error accumulates. Source: audio.md §2.2.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::send {

class PacketSizes {
 public:
  PacketSizes(std::uint32_t sample_rate, base::Duration packet)
      : rate_(sample_rate), packet_ms_(packet.count() / 1'000'000) {}

  // Of the next packet.
  std::int64_t samples() const { return boundary(k_ + 1) - boundary(k_); }

  // Of any packet.
  std::int64_t largest() const { return (rate_ * packet_ms_ + 999) / 1000; }

  void advance() { ++k_; }

  void set_packet(base::Duration packet) {
    packet_ms_ = packet.count() / 1'000'000;
    k_ = 0;
  }

 private:
  std::int64_t boundary(std::int64_t k) const { return k * rate_ * packet_ms_ / 1000; }

  std::int64_t rate_;
  std::int64_t packet_ms_;
  std::int64_t k_ = 0;
};

}  // namespace sidetone::send
