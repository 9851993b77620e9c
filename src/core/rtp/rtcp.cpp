#include "core/rtp/rtcp.hpp"

#include <algorithm>

#include "core/rtp/packet.hpp"

namespace sidetone::rtp {
namespace {

constexpr std::uint8_t kVersion = 2;

enum PacketType : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  goodbye = 203,
  transport_feedback = 205,
  extended_report = 207,
};

constexpr std::uint8_t kGenericNack = 1;    // transport feedback format
constexpr std::uint8_t kReferenceTime = 4;  // XR block types
constexpr std::uint8_t kReferenceDelays = 5;
constexpr std::uint8_t kCnameItem = 1;
constexpr std::size_t kReportBlockBytes = 24;
constexpr std::size_t kDelayBytes = 12;

struct Packet {
  std::uint8_t count;  // or format
  std::uint8_t type;
  base::Bytes body;
};

// The next packet of a datagram, nullopt when the rest is none.
std::optional<Packet> next_packet(base::ByteReader& reader) {
  auto first = reader.u8();
  Packet packet{.count = static_cast<std::uint8_t>(first & 0x1f), .type = reader.u8(), .body = {}};
  auto words = reader.u16();
  packet.body = reader.take(4 * static_cast<std::size_t>(words));
  if (!reader.ok() || first >> 6 != kVersion) return std::nullopt;
  if ((first & 0x20) == 0) return packet;
  // Padding belongs to the last packet only (RFC 3550 §6.4.1).
  if (packet.body.empty() || reader.remaining() > 0) return std::nullopt;
  auto padding = std::to_integer<std::size_t>(packet.body.back());
  if (padding == 0 || padding > packet.body.size()) return std::nullopt;
  packet.body = packet.body.first(packet.body.size() - padding);
  return packet;
}

bool is_well_framed(base::Bytes datagram) {
  base::ByteReader reader(datagram);
  do {
    if (!next_packet(reader)) return false;
  } while (reader.remaining() > 0);
  return true;
}

std::int32_t sign_extend_24(std::uint32_t value) {
  return static_cast<std::int32_t>(value ^ 0x800000U) - 0x800000;
}

bool read_blocks(std::uint32_t reporter,
                 std::size_t count,
                 base::ByteReader& reader,
                 base::Outbox<RtcpItem>& out) {
  if (reader.remaining() < count * kReportBlockBytes) return false;
  for (std::size_t i = 0; i < count; ++i) {
    ReportBlock block;
    block.reporter = reporter;
    block.ssrc = reader.u32();
    block.fraction_lost = reader.u8();
    block.cumulative_lost = sign_extend_24(reader.u24());
    block.highest_sequence = reader.u32();
    block.jitter = reader.u32();
    block.last_sr = reader.u32();
    block.delay_since_last_sr = reader.u32();
    out.push(block);
  }
  return true;
}

bool read_report(const Packet& packet, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(packet.body);
  SenderReport report;
  report.ssrc = reader.u32();
  if (packet.type == sender_report) {
    report.ntp = reader.u64();
    report.timestamp = reader.u32();
    report.packets = reader.u32();
    report.octets = reader.u32();
  }
  if (!reader.ok() || reader.remaining() < packet.count * kReportBlockBytes) return false;
  if (packet.type == sender_report) out.push(report);
  return read_blocks(report.ssrc, packet.count, reader, out);
}

bool read_chunk(base::ByteReader& reader, base::Outbox<RtcpItem>& out) {
  auto before = reader.remaining();
  auto ssrc = reader.u32();
  while (reader.ok()) {
    auto type = reader.u8();
    if (type == 0) break;
    auto size = reader.u8();
    auto text = reader.take(size);
    if (reader.ok() && type == kCnameItem) out.push(Cname{ssrc, base::as_text(text)});
  }
  reader.skip((4 - (before - reader.remaining()) % 4) % 4);
  return reader.ok();
}

bool read_description(const Packet& packet, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(packet.body);
  for (unsigned i = 0; i < packet.count; ++i)
    if (!read_chunk(reader, out)) return false;
  return true;
}

bool read_bye(const Packet& packet, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(packet.body);
  if (reader.remaining() < std::size_t{4} * packet.count) return false;
  for (unsigned i = 0; i < packet.count; ++i) out.push(Bye{reader.u32()});
  return true;
}

bool read_nack(const Packet& packet, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(packet.body);
  Nack nack;
  nack.reporter = reader.u32();
  nack.ssrc = reader.u32();
  if (!reader.ok()) return false;
  while (reader.remaining() >= 4) {
    nack.first = reader.u16();
    nack.mask = reader.u16();
    out.push(nack);
  }
  return true;
}

void read_delays(std::uint32_t reporter, base::Bytes body, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(body);
  while (reader.remaining() >= kDelayBytes) {
    ReferenceDelay delay;
    delay.reporter = reporter;
    delay.ssrc = reader.u32();
    delay.last_rr = reader.u32();
    delay.delay_since_last_rr = reader.u32();
    out.push(delay);
  }
}

bool read_extended(const Packet& packet, base::Outbox<RtcpItem>& out) {
  base::ByteReader reader(packet.body);
  auto ssrc = reader.u32();
  while (reader.ok() && reader.remaining() > 0) {
    auto type = reader.u8();
    reader.skip(1);
    auto words = reader.u16();
    auto body = reader.take(4 * static_cast<std::size_t>(words));
    if (!reader.ok()) break;
    if (type == kReferenceTime && body.size() == 8)
      out.push(ReferenceTime{ssrc, base::ByteReader(body).u64()});
    if (type == kReferenceDelays) read_delays(ssrc, body, out);
  }
  return reader.ok();
}

void write_blocks(base::ByteWriter& writer, std::span<const ReportBlock> blocks) {
  for (const auto& block : blocks) {
    writer.u32(block.ssrc);
    writer.u8(block.fraction_lost);
    writer.u24(static_cast<std::uint32_t>(block.cumulative_lost) & 0xffffffU);
    writer.u32(block.highest_sequence);
    writer.u32(block.jitter);
    writer.u32(block.last_sr);
    writer.u32(block.delay_since_last_sr);
  }
}

}  // namespace

RtcpParse parse_rtcp(base::Bytes datagram, base::Outbox<RtcpItem>& out) {
  RtcpParse result;
  if (!is_well_framed(datagram)) return result;
  result.valid = true;
  base::ByteReader reader(datagram);
  while (reader.remaining() > 0) {
    auto packet = next_packet(reader);
    if (!packet) break;
    bool readable = true;
    switch (packet->type) {
      case sender_report:
      case receiver_report: readable = read_report(*packet, out); break;
      case source_description: readable = read_description(*packet, out); break;
      case goodbye: readable = read_bye(*packet, out); break;
      case extended_report: readable = read_extended(*packet, out); break;
      case transport_feedback:
        if (packet->count == kGenericNack) {
          readable = read_nack(*packet, out);
          break;
        }
        [[fallthrough]];
      default: ++result.skipped;
    }
    if (!readable) ++result.malformed;
  }
  return result;
}

std::optional<std::uint32_t> rtcp_ssrc(base::Bytes datagram) {
  if (!is_rtcp(datagram) || datagram.size() < 8) return std::nullopt;
  return base::ByteReader(datagram.subspan(4)).u32();
}

template <class Body>
void RtcpWriter::packet(std::uint8_t count, std::uint8_t type, const Body& body) {
  auto start = into_.size();
  base::ByteWriter writer(into_.storage().subspan(start, room()));
  writer.u8(kVersion << 6 | count);
  writer.u8(type);
  writer.u16(0);
  body(writer);
  writer.zeros((4 - writer.size() % 4) % 4);
  if (!writer.ok()) return;
  writer.patch_u16(2, static_cast<std::uint16_t>(writer.size() / 4 - 1));
  into_.resize(start + writer.size());
}

void RtcpWriter::sender_report(const SenderReport& report, std::span<const ReportBlock> blocks) {
  blocks = blocks.first(std::min(blocks.size(), kMaxReportBlocks));
  packet(static_cast<std::uint8_t>(blocks.size()), PacketType::sender_report,
         [&](base::ByteWriter& writer) {
           writer.u32(report.ssrc);
           writer.u64(report.ntp);
           writer.u32(report.timestamp);
           writer.u32(report.packets);
           writer.u32(report.octets);
           write_blocks(writer, blocks);
         });
}

void RtcpWriter::receiver_report(std::uint32_t ssrc, std::span<const ReportBlock> blocks) {
  blocks = blocks.first(std::min(blocks.size(), kMaxReportBlocks));
  packet(static_cast<std::uint8_t>(blocks.size()), PacketType::receiver_report,
         [&](base::ByteWriter& writer) {
           writer.u32(ssrc);
           write_blocks(writer, blocks);
         });
}

void RtcpWriter::cname(std::uint32_t ssrc, std::string_view text) {
  text = text.substr(0, 255);
  packet(1, source_description, [&](base::ByteWriter& writer) {
    writer.u32(ssrc);
    writer.u8(kCnameItem);
    writer.u8(text.size());
    writer.bytes(base::as_bytes(text));
    writer.u8(0);  // ends the chunk; the padding to a word follows
  });
}

void RtcpWriter::bye(std::uint32_t ssrc) {
  packet(1, goodbye, [&](base::ByteWriter& writer) { writer.u32(ssrc); });
}

void RtcpWriter::nack(std::uint32_t reporter,
                      std::uint32_t ssrc,
                      std::span<const std::uint16_t> sequences) {
  if (sequences.empty()) return;
  packet(kGenericNack, transport_feedback, [&](base::ByteWriter& writer) {
    writer.u32(reporter);
    writer.u32(ssrc);
    for (std::size_t i = 0; i < sequences.size();) {
      auto first = sequences[i++];
      unsigned mask = 0;
      for (; i < sequences.size(); ++i) {
        auto distance = static_cast<std::uint16_t>(sequences[i] - first);
        if (distance == 0 || distance > 16) break;
        mask |= 1U << (distance - 1);
      }
      writer.u16(first);
      writer.u16(mask);
    }
  });
}

void RtcpWriter::reference_time(const ReferenceTime& time) {
  packet(0, extended_report, [&](base::ByteWriter& writer) {
    writer.u32(time.ssrc);
    writer.u8(kReferenceTime);
    writer.u8(0);
    writer.u16(2);
    writer.u64(time.ntp);
  });
}

void RtcpWriter::reference_delays(std::uint32_t reporter, std::span<const ReferenceDelay> delays) {
  if (delays.empty()) return;
  packet(0, extended_report, [&](base::ByteWriter& writer) {
    writer.u32(reporter);
    writer.u8(kReferenceDelays);
    writer.u8(0);
    writer.u16(3 * delays.size());
    for (const auto& delay : delays) {
      writer.u32(delay.ssrc);
      writer.u32(delay.last_rr);
      writer.u32(delay.delay_since_last_rr);
    }
  });
}

}  // namespace sidetone::rtp
