#include "core/rtp/red.hpp"

#include <numeric>

namespace sidetone::rtp {
namespace {

constexpr std::size_t kRedundantHeaderBytes = 4;

bool can_be_redundant(const RedBlock& block) {
  return block.offset <= kMaxRedOffset && block.payload.size() <= kMaxRedBlockBytes;
}

std::size_t cost(const RedBlock& block) {
  return can_be_redundant(block) ? kRedundantHeaderBytes + block.payload.size() : 0;
}

}  // namespace

std::optional<RedBlocks> read_red(base::Bytes payload) {
  base::ByteReader reader(payload);
  RedBlocks red;
  std::array<std::uint16_t, kMaxRedBlocks> lengths{};
  for (;;) {
    if (red.size == kMaxRedBlocks) return std::nullopt;
    auto& block = red.blocks[red.size];
    auto first = reader.u8();
    block.payload_type = first & 0x7f;
    block.offset = 0;
    bool redundant = (first & 0x80) != 0;
    if (redundant) {
      auto rest = reader.u24();
      block.offset = static_cast<std::uint16_t>(rest >> 10);
      lengths[red.size] = static_cast<std::uint16_t>(rest & kMaxRedBlockBytes);
    }
    if (!reader.ok()) return std::nullopt;
    ++red.size;
    if (!redundant) break;
  }

  std::size_t kept = 0;
  for (std::size_t i = 0; i + 1 < red.size; ++i) {
    if (lengths[i] > reader.remaining()) {
      ++red.bad;
      continue;
    }
    auto block = red.blocks[i];
    block.payload = reader.take(lengths[i]);
    red.blocks[kept++] = block;
  }
  red.blocks[kept] = red.blocks[red.size - 1];
  red.blocks[kept++].payload = reader.rest();
  red.size = kept;
  return red;
}

std::optional<std::size_t> write_red(std::span<const RedBlock> redundant,
                                     const RedBlock& primary,
                                     base::MutableBytes into) {
  std::size_t total =
      std::accumulate(redundant.begin(), redundant.end(), 1 + primary.payload.size(),
                      [](std::size_t sum, const RedBlock& block) { return sum + cost(block); });
  while (!redundant.empty() && (total > into.size() || redundant.size() >= kMaxRedBlocks)) {
    total -= cost(redundant.front());
    redundant = redundant.subspan(1);
  }
  if (total > into.size()) return std::nullopt;

  base::ByteWriter writer(into);
  for (const auto& block : redundant) {
    if (!can_be_redundant(block)) continue;
    writer.u8(0x80U | (block.payload_type & 0x7fU));
    writer.u24(static_cast<std::uint64_t>(block.offset) << 10 | block.payload.size());
  }
  writer.u8(primary.payload_type & 0x7fU);
  for (const auto& block : redundant)
    if (can_be_redundant(block)) writer.bytes(block.payload);
  writer.bytes(primary.payload);
  return writer.size();
}

}  // namespace sidetone::rtp
