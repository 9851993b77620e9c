#include "core/rtp/history.hpp"

#include <algorithm>
#include <cstring>

#include "core/rtp/packet.hpp"

namespace sidetone::rtp {

History::History() : bytes_(std::make_unique_for_overwrite<std::array<std::byte, kBytes>>()) {}

void History::store(base::Bytes packet) {
  if (packet.size() < kHeaderBytes || packet.size() > kBytes) return;
  // A packet never spans the end of the memory: the rest of this lap stays unused.
  if (auto rest = kBytes - end_ % kBytes; packet.size() > rest) end_ += rest;
  auto sequence = base::ByteReader(packet.subspan(2)).u16();
  std::memcpy(bytes_->data() + end_ % kBytes, packet.data(), packet.size());
  entries_[sequence % kPackets] = {.at = end_,
                                   .size = static_cast<std::uint32_t>(packet.size()),
                                   .sequence = sequence,
                                   .retransmissions = 0,
                                   .last = {}};
  end_ += packet.size();
}

History::Answer History::request(std::uint16_t sequence,
                                 std::optional<base::Duration> rtt,
                                 base::Instant now) {
  auto& entry = entries_[sequence % kPackets];
  bool overwritten = end_ > entry.at + kBytes;
  if (entry.size == 0 || entry.sequence != sequence || overwritten) return {};
  if (entry.retransmissions == kMaxRetransmissions) return {{}, Refusal::too_often};
  auto spacing = std::clamp(rtt.value_or(kDefaultSpacing), kMinSpacing, kDefaultSpacing);
  if (entry.retransmissions > 0 && now - entry.last < spacing) return {{}, Refusal::too_soon};
  ++entry.retransmissions;
  entry.last = now;
  return {{bytes_->data() + entry.at % kBytes, entry.size}, {}};
}

}  // namespace sidetone::rtp
