// RTCP datagrams into everything that listens to them. Input: for each datagram one byte of time
// and two of length, then its bytes.
#include <algorithm>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/base/seeded_random.hpp"
#include "core/rtp/packet.hpp"
#include "core/rtp/receiver.hpp"
#include "core/rtp/reporter.hpp"
#include "core/rtp/rtcp.hpp"
#include "core/rtp/sender.hpp"

using namespace sidetone;

namespace {

struct Listeners {
  base::SeededRandom random{1};
  rtp::Sender sender{{.ssrc = 1, .cname = "a", .nack = true, .initial_sequence = 1}, random};
  rtp::Receiver receiver{{.ssrc = 2, .nack = true}};
  rtp::Reporter reporter{{.local_ssrc = 1, .cname = "a"}, random};
  base::Outbox<base::Bytes> retransmissions;

  void hear(const rtp::RtcpItem& item, base::Instant now) {
    if (const auto* report = std::get_if<rtp::SenderReport>(&item))
      receiver.on_sender_report(*report, now);
    if (const auto* block = std::get_if<rtp::ReportBlock>(&item))
      sender.on_report_block(*block, now);
    if (const auto* nack = std::get_if<rtp::Nack>(&item))
      sender.on_nack(*nack, now, retransmissions);
    if (const auto* time = std::get_if<rtp::ReferenceTime>(&item))
      reporter.on_reference_time(*time, now);
    if (const auto* delay = std::get_if<rtp::ReferenceDelay>(&item))
      reporter.on_reference_delay(*delay, now);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Listeners listeners;
  base::Instant now{};
  listeners.reporter.start(now);
  base::Outbox<rtp::RtcpItem> items;
  base::Outbox<base::Packet> rtcp;
  base::Outbox<rtp::ReceivedPacket> received;
  rtp::Receiver* receivers[] = {&listeners.receiver};
  base::ByteReader reader(std::as_bytes(std::span(data, size)));
  while (reader.ok() && reader.remaining() > 0) {
    now += std::chrono::milliseconds(reader.u8());
    base::Packet packet;
    listeners.sender.send({.captured = now, .payload = base::as_bytes("audio")}, now, packet);
    listeners.sender.sent(packet);
    if (auto view = rtp::parse_packet(packet.bytes()))
      listeners.receiver.on_packet(*view, now, received);
    auto datagram = reader.take(std::min<std::size_t>(reader.u16(), reader.remaining()));
    rtp::parse_rtcp(datagram, items);
    if (items.size() > datagram.size() / 4) std::abort();
    for (const auto& item : items) listeners.hear(item, now);
    listeners.sender.on_deadline(now, rtcp);
    listeners.reporter.on_deadline(now, receivers, rtcp);
    items.clear();
    for (const auto& report : rtcp)
      if (!rtp::parse_rtcp(report.bytes(), items).valid) std::abort();
    items.clear();
    rtcp.clear();
    received.clear();
    listeners.retransmissions.clear();
  }
  return 0;
}
