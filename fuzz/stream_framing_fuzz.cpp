// A hostile stream: what comes out is a packet, and the same however the stream is cut.
#include <cstdlib>
#include <string>

#include "core/ice/stream_framing.hpp"

namespace {

using namespace sidetone;

std::string all(ice::Framing framing, base::Bytes stream, std::size_t piece) {
  ice::Deframer deframer(framing);
  std::string packets;
  while (!stream.empty() && !deframer.broken()) {
    auto space = deframer.space();
    if (space.empty()) std::abort();
    auto part = stream.first(std::min({piece, space.size(), stream.size()}));
    std::copy(part.begin(), part.end(), space.begin());
    deframer.commit(part.size());
    stream = stream.subspan(part.size());
    while (auto packet = deframer.next()) {
      if (packet->size() > base::kMaxPacketBytes) std::abort();
      packets += std::to_string(packet->size()) + ':';
      packets += base::as_text(*packet);
    }
  }
  return packets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto bytes = std::as_bytes(std::span(data, size));
  for (auto framing : {ice::Framing::turn, ice::Framing::rfc4571})
    if (all(framing, bytes, 1) != all(framing, bytes, 5000)) std::abort();
  return 0;
}
