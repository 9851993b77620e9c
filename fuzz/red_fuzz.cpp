// RED payloads. What was read, written again, must read the same.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/rtp/red.hpp"

using namespace sidetone;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto payload = std::as_bytes(std::span(data, size));
  auto red = rtp::read_red(payload);
  if (!red) return 0;
  std::size_t total = 0;
  for (const auto& block : red->all()) total += block.payload.size();
  if (red->size == 0 || red->size + red->bad > rtp::kMaxRedBlocks || total > size) std::abort();

  std::vector<std::byte> memory(size);
  auto written = rtp::write_red(red->redundant(), red->primary(), memory);
  if (!written) std::abort();
  auto again = rtp::read_red(base::Bytes(memory).first(*written));
  if (!again || again->size != red->size || again->bad != 0) std::abort();
  for (std::size_t i = 0; i < red->size; ++i)
    if (!std::ranges::equal(again->blocks[i].payload, red->blocks[i].payload) ||
        again->blocks[i].offset != red->blocks[i].offset)
      std::abort();
  return 0;
}
