// RTP packets and their extensions, one by one into a Receiver. Input: for each packet one byte of
// time and two of length, then its bytes. What parses must be written back as the same packet.
#include <algorithm>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/rtp/packet.hpp"
#include "core/rtp/receiver.hpp"

using namespace sidetone;

namespace {

void round_trip(const rtp::PacketView& view) {
  base::Packet packet;
  if (!rtp::write_packet(view, packet)) return;
  auto again = rtp::parse_packet(packet.bytes());
  if (!again || again->header != view.header || again->padding != view.padding ||
      !std::ranges::equal(again->payload, view.payload) ||
      !std::ranges::equal(again->extension, view.extension))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rtp::Receiver receiver(
      {.ssrc = 1, .nack = true, .level_extension_id = 1, .capture_time_extension_id = 3});
  base::Outbox<rtp::ReceivedPacket> packets;
  base::Outbox<base::Packet> rtcp;
  base::Instant now{};
  base::ByteReader reader(std::as_bytes(std::span(data, size)));
  while (reader.ok() && reader.remaining() > 0) {
    now += std::chrono::milliseconds(reader.u8());
    auto bytes = reader.take(std::min<std::size_t>(reader.u16(), reader.remaining()));
    auto view = rtp::parse_packet(bytes);
    if (!view) continue;
    round_trip(*view);
    if (view->extension_form)
      for (unsigned id = 0; id < 256; ++id)
        rtp::find_extension(*view->extension_form, view->extension, static_cast<std::uint8_t>(id));
    receiver.on_packet(*view, now, packets);
    receiver.on_deadline(now, rtcp);
    receiver.take_report_block(now);
    if (packets.size() > 1) std::abort();
    for (const auto& packet : rtcp)
      if (packet.size() > rtp::kMaxRtcpBytes) std::abort();
    packets.clear();
    rtcp.clear();
  }
  if (receiver.stats().jitter < base::Duration::zero()) std::abort();
  return 0;
}
