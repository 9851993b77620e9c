// Takes an RTP payload apart into the copies it carries: itself, and what RED repeats of earlier
// packets. Source: RFC 2198, audio.md §3.1.
#pragma once

#include <array>
#include <span>

#include "core/jitter/buffer.hpp"
#include "core/jitter/packet_slots.hpp"
#include "core/rtp/red.hpp"

namespace sidetone::jitter {

struct Copies {
  std::array<Copy, rtp::kMaxRedBlocks> copies;  // oldest first, the primary last
  std::size_t size = 0;

  std::span<const Copy> all() const { return std::span(copies).first(size); }
};

// Payloads borrowed from the packet. What is malformed is counted and left out: the slot is then
// missing, as if the packet had been lost.
Copies split(const Packet& packet, const audio::Decoder& decoder, Counters& counters);

}  // namespace sidetone::jitter
