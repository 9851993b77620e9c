// Two associations talk over a wire that the input commands: packets pass, vanish, are changed (the
// checksum made right again, or nothing would get in), chunks are injected, timers run, messages
// are sent. The peer behind the wire is the stranger; neither side may crash or grow.
#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "core/sctp/association.hpp"
#include "core/sctp/library.hpp"

namespace {

using namespace sidetone;

// CRC-32C, RFC 9260 appendix A.
std::uint32_t crc32c(base::Bytes bytes) {
  std::uint32_t crc = ~0U;
  for (auto byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78U & (0U - (crc & 1)));
  }
  return ~crc;
}

void seal(base::Packet& packet) {
  auto bytes = packet.bytes();
  if (bytes.size() < 12) return;
  std::fill_n(bytes.begin() + 8, 4, std::byte{0});
  auto crc = crc32c(bytes);
  for (std::size_t i = 0; i < 4; ++i) bytes[8 + i] = std::byte(crc >> (8 * i) & 0xff);
}

struct Side {
  explicit Side(bool client) : association(config(client)) {}

  static sctp::Config config(bool client) {
    sctp::Config made;
    made.dtls_client = client;
    return made;
  }

  sctp::Association association;
  sctp::Outbox out;
  base::Packet last;  // the latest packet towards this side: its header fits an injected chunk
};

struct World {
  World() : sides{Side(true), Side(false)} {
    for (auto& side : sides) {
      side.association.start({}, side.out);
      static_cast<void>(
          side.association.open_channel({"_lossy", false, std::uint16_t{0}, {}}, side.out));
    }
  }

  void exchange(base::ByteReader& input) {
    for (std::size_t from : {0U, 1U}) {
      auto& to = sides[1 - from];
      sides[from].out.events.clear();
      for (auto& packet : sides[from].out.packets.take()) {
        auto fate = input.u8();
        if (fate == 255) continue;
        for (; fate >= 192 && packet.size() > 12; fate -= 21) {
          packet.bytes()[12 + input.u16() % (packet.size() - 12)] = std::byte(input.u8());
          seal(packet);
        }
        to.last = packet;
        to.association.on_packet(packet.bytes(), {}, to.out);
      }
    }
  }

  void step(base::ByteReader& input) {
    auto command = input.u8();
    auto& side = sides[command & 1];
    switch (command >> 1 & 7) {
      case 0:
        sctp::drive_timers(std::chrono::milliseconds(10 * input.u8()));
        for (auto& each : sides) each.association.poll({}, each.out);
        break;
      case 1: {
        auto bytes = std::vector<std::byte>(std::size_t{input.u16()} * 2);
        static_cast<void>(side.association.send(static_cast<sctp::ChannelId>(command >> 4), true,
                                                bytes, side.out));
        break;
      }
      case 2: {
        base::Packet packet(side.last.bytes().first(std::min<std::size_t>(12, side.last.size())));
        auto chunk = input.take(std::min<std::size_t>(input.u8() * 4U, input.remaining()));
        std::ranges::copy(chunk, packet.storage().begin() + packet.size());
        packet.resize(packet.size() + chunk.size());
        seal(packet);
        side.association.on_packet(packet.bytes(), {}, side.out);
        break;
      }
      case 3:
        static_cast<void>(side.association.open_channel({"more", true, {}, {}}, side.out));
        break;
      default: exchange(input); break;
    }
  }

  std::array<Side, 2> sides;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  {
    World world;
    base::ByteReader input(std::as_bytes(std::span(data, size)));
    while (input.ok() && input.remaining() > 0) world.step(input);
  }
  for (int i = 0; i < 20; ++i) sctp::drive_timers(std::chrono::milliseconds(10));
  return 0;
}
