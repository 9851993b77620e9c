#include "core/jitter/copies.hpp"

namespace sidetone::jitter {
namespace {

void add(Copies& copies, Copy copy, const audio::Decoder& decoder, Counters& counters) {
  copy.info = decoder.inspect(copy.payload);
  if (copy.info.duration == 0) {
    ++counters.decode_errors;
    return;
  }
  copies.copies[copies.size++] = copy;
}

}  // namespace

Copies split(const Packet& packet, const audio::Decoder& decoder, Counters& counters) {
  Copies copies;
  Copy primary{.rtp_time = packet.rtp_time,
               .sequence = packet.sequence,
               .arrival = packet.arrival,
               .red = false,
               .info = {},
               .payload = packet.payload};
  if (!packet.red) {
    add(copies, primary, decoder, counters);
    return copies;
  }
  auto blocks = rtp::read_red(packet.payload);
  if (!blocks) {
    ++counters.malformed_red;
    return copies;
  }
  counters.malformed_red += blocks->bad != 0 ? 1 : 0;
  for (const auto& block : blocks->redundant()) {
    // Empty blocks are legal; sleep is not worth repeating (audio.md §2.7).
    if (block.payload_type != packet.red_type || block.payload.size() <= 2) continue;
    ++counters.fec_packets_received;
    Copy copy = primary;
    copy.rtp_time -= block.offset;
    copy.sequence.reset();
    copy.red = true;
    copy.payload = block.payload;
    add(copies, copy, decoder, counters);
  }
  if (blocks->primary().payload_type == packet.red_type) {
    primary.payload = blocks->primary().payload;
    add(copies, primary, decoder, counters);
  }
  return copies;
}

}  // namespace sidetone::jitter
