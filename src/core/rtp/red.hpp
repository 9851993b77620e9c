// Redundant audio (RFC 2198): one packet that carries earlier payloads beside its own.
//
//  redundant:  |1|  block PT   |  timestamp offset (14)  | block length (10) |
//  primary:    |0|  block PT   |                        then the blocks' data in the same order
//
// Errors: nullopt when the headers do not end; a single bad length costs only its block. Any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"

namespace sidetone::rtp {

// 32 blocks of 20 ms are 640 ms, twice what 14 bits of offset can reach at 48 kHz.
inline constexpr std::size_t kMaxRedBlocks = 32;
inline constexpr std::uint32_t kMaxRedOffset = (1U << 14) - 1;  // 341 ms at 48 kHz
inline constexpr std::size_t kMaxRedBlockBytes = (1U << 10) - 1;

struct RedBlock {
  std::uint8_t payload_type = 0;
  std::uint16_t offset = 0;  // RTP time before the packet's; 0 for the primary
  base::Bytes payload{};     // may be empty, which is legal
};

struct RedBlocks {
  std::array<RedBlock, kMaxRedBlocks> blocks;  // oldest first as sent, the primary last
  std::size_t size = 0;
  std::size_t bad = 0;  // redundant blocks left out because their length passed the end

  std::span<const RedBlock> all() const { return std::span(blocks).first(size); }

  std::span<const RedBlock> redundant() const { return std::span(blocks).first(size - 1); }

  const RedBlock& primary() const { return blocks[size - 1]; }
};

// Borrowed from the payload. A redundant block whose length passes the end counts as not being
// there: the usual fault is a header left behind by a sender that dropped the block for size.
std::optional<RedBlocks> read_red(base::Bytes payload);

// Writes the redundant blocks (oldest first) and the primary into `into`. Redundancy that cannot be
// expressed (offset, length) is left out, and what does not fit is dropped, oldest first. nullopt:
// the primary alone does not fit.
std::optional<std::size_t> write_red(std::span<const RedBlock> redundant,
                                     const RedBlock& primary,
                                     base::MutableBytes into);

}  // namespace sidetone::rtp
