#include "core/rtp/packet.hpp"

namespace sidetone::rtp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kMaxCsrcs = 15;

bool is_rtp_like(base::Bytes bytes) {
  return bytes.size() >= kHeaderBytes && std::to_integer<std::uint8_t>(bytes[0]) >> 6 == kVersion;
}

}  // namespace

std::optional<PacketView> parse_packet(base::Bytes bytes) {
  if (!is_rtp_like(bytes)) return std::nullopt;
  base::ByteReader reader(bytes);
  auto first = reader.u8();
  auto second = reader.u8();
  PacketView view;
  view.header.marker = (second & 0x80) != 0;
  view.header.payload_type = second & 0x7f;
  view.header.sequence = reader.u16();
  view.header.timestamp = reader.u32();
  view.header.ssrc = reader.u32();
  view.csrcs = reader.take(4 * static_cast<std::size_t>(first & 0x0f));
  if ((first & 0x10) != 0) {
    view.extension_form = reader.u16();
    auto words = reader.u16();
    view.extension = reader.take(4 * static_cast<std::size_t>(words));
  }
  if (!reader.ok()) return std::nullopt;
  view.payload = reader.rest();
  if ((first & 0x20) != 0) {
    if (view.payload.empty()) return std::nullopt;
    view.padding = std::to_integer<std::uint8_t>(view.payload.back());
    if (view.padding == 0 || view.padding > view.payload.size()) return std::nullopt;
    view.payload = view.payload.first(view.payload.size() - view.padding);
  }
  return view;
}

std::optional<std::uint32_t> packet_ssrc(base::Bytes bytes) {
  if (!is_rtp_like(bytes)) return std::nullopt;
  return base::ByteReader(bytes.subspan(8)).u32();
}

std::optional<std::size_t> write_packet(const PacketView& view, base::Packet& into) {
  into.resize(0);
  bool extended = view.extension_form.has_value();
  if (view.csrcs.size() % 4 != 0 || view.csrcs.size() > 4 * kMaxCsrcs ||
      view.extension.size() % 4 != 0 || view.extension.size() / 4 > 0xffff)
    return std::nullopt;
  base::ByteWriter writer(into.storage());
  writer.u8(kVersion << 6 | (view.padding > 0 ? 0x20U : 0U) | (extended ? 0x10U : 0U) |
            view.csrcs.size() / 4);
  writer.u8((view.header.marker ? 0x80U : 0U) | (view.header.payload_type & 0x7fU));
  writer.u16(view.header.sequence);
  writer.u32(view.header.timestamp);
  writer.u32(view.header.ssrc);
  writer.bytes(view.csrcs);
  if (extended) {
    writer.u16(*view.extension_form);
    writer.u16(view.extension.size() / 4);
    writer.bytes(view.extension);
  }
  writer.bytes(view.payload);
  if (view.padding > 0) {
    writer.zeros(view.padding - 1U);
    writer.u8(view.padding);
  }
  if (!writer.ok()) return std::nullopt;
  into.resize(writer.size());
  return writer.size();
}

bool is_rtcp(base::Bytes bytes) {
  if (bytes.size() < 2 || std::to_integer<std::uint8_t>(bytes[0]) >> 6 != kVersion) return false;
  auto type = std::to_integer<std::uint8_t>(bytes[1]);
  return type >= 192 && type <= 223;
}

}  // namespace sidetone::rtp
