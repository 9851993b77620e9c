#include "core/sctp/dcep.hpp"

#include <algorithm>

#include "core/sctp/association.hpp"

namespace sidetone::sctp {
namespace {

constexpr std::uint8_t kOpen = 0x03;
constexpr std::uint8_t kAck = 0x02;
// Pion, and so livekit-server, sends the type and three reserved bytes.
constexpr std::size_t kAckPadding = 3;
constexpr std::uint8_t kReliable = 0x00;
constexpr std::uint8_t kRetransmits = 0x01;
constexpr std::uint8_t kLifetime = 0x02;
constexpr std::uint8_t kUnordered = 0x80;
constexpr std::size_t kOpenHeaderBytes = 12;

std::optional<Dcep> parse_open(base::ByteReader& reader) {
  DcepOpen open;
  auto type = reader.u8();
  reader.skip(2);  // priority
  auto reliability = reader.u32();
  auto label_bytes = reader.u16();
  auto protocol_bytes = reader.u16();
  auto label = reader.take(label_bytes);
  reader.skip(protocol_bytes);
  if (!reader.ok() || reader.remaining() != 0 || label.size() > kMaxLabelBytes) return {};
  open.label = base::as_text(label);
  open.ordered = (type & kUnordered) == 0;
  switch (type & ~kUnordered) {
    case kReliable: break;
    case kRetransmits:
      open.max_retransmits = static_cast<std::uint16_t>(std::min(reliability, 0xffffU));
      break;
    case kLifetime: open.max_retransmits = std::uint16_t{0}; break;
    default: return {};
  }
  return open;
}

}  // namespace

std::optional<Dcep> parse_dcep(base::Bytes message) {
  base::ByteReader reader(message);
  auto type = reader.u8();
  if (!reader.ok()) return {};
  if (type == kOpen) return parse_open(reader);
  if (type == kAck && reader.remaining() <= kAckPadding) return DcepAck{};
  return {};
}

std::vector<std::byte> write_dcep(const DcepOpen& open) {
  std::vector<std::byte> message(kOpenHeaderBytes + open.label.size());
  base::ByteWriter writer(message);
  writer.u8(kOpen);
  writer.u8((open.max_retransmits ? kRetransmits : kReliable) | (open.ordered ? 0 : kUnordered));
  writer.u16(0);  // priority: LiveKit's clients all say 0
  writer.u32(open.max_retransmits.value_or(0));
  writer.u16(open.label.size());
  writer.u16(0);
  writer.bytes(base::as_bytes(open.label));
  return message;
}

std::vector<std::byte> write_dcep(const DcepAck&) {
  return {std::byte{kAck}};
}

}  // namespace sidetone::sctp
