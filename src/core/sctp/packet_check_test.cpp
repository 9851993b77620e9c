#include "core/sctp/packet_check.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/sctp/virtual_wire_test.hpp"

namespace sidetone::sctp {
namespace {

using base::as_bytes;
using namespace std::string_literals;

const auto kHeader = std::string(12, '\0');
const auto kInitFixed = std::string(16, 'i');

std::string chunk(int type, const std::string& value) {
  auto length = value.size() + 4;
  return std::string{static_cast<char>(type), '\0', static_cast<char>(length >> 8),
                     static_cast<char>(length & 0xff)} +
         value + std::string((4 - length % 4) % 4, '\0');
}

bool passes(const std::string& chunks) {
  return well_formed(as_bytes(kHeader + chunks));
}

TEST(PacketCheck, EverythingARealConversationSendsPasses) {
  Wire wire;
  wire.start();
  auto id = *wire.client.association.open_channel({"_reliable", true, {}, {}}, wire.client.out);
  wire.run(100ms);
  for (std::size_t size : {1U, 2U, 3U, 5000U}) {
    static_cast<void>(wire.client.send(id, std::string(size, 'x')));
    wire.run(100ms);
  }
  wire.run(60s);  // heartbeats
  wire.client.association.close(wire.client.out);
  wire.run(1s);
  EXPECT_GT(wire.log.size(), 20U);
  for (const auto& packet : wire.log) EXPECT_TRUE(well_formed(packet.bytes()));
  EXPECT_EQ(wire.server.association.counters().dropped_malformed, 0U);
}

TEST(PacketCheck, ChunksMustFillThePacket) {
  EXPECT_TRUE(passes(chunk(0, "data")));
  EXPECT_TRUE(passes(chunk(0, "data") + chunk(3, "sack")));
  EXPECT_FALSE(passes("")) << "no chunk";
  EXPECT_FALSE(well_formed(as_bytes("short")));
  EXPECT_FALSE(passes("\0\0\0\x03"s)) << "a chunk shorter than its header";
  EXPECT_FALSE(passes("\0\0\0\0"s));
  EXPECT_FALSE(
      passes("\0\0\0\x09"
             "data"s))
      << "a chunk longer than the packet";
  EXPECT_FALSE(passes(chunk(0, "data") + "\0\0"s)) << "half a header";
}

TEST(PacketCheck, TheLastPaddingMayBeMissing) {
  EXPECT_TRUE(passes("\0\0\0\x05x"s));
  EXPECT_TRUE(passes(chunk(0, "x") + "\0\0\0\x05x"s));
}

TEST(PacketCheck, AParameterOfLengthZeroIsStopped) {
  for (int type : {1, 2}) {
    EXPECT_TRUE(passes(chunk(type, kInitFixed)));
    EXPECT_TRUE(passes(chunk(type, kInitFixed + "\x80\x08\0\x06pp\0\0"s + "\xc0\0\0\x04"s)));
    EXPECT_FALSE(passes(chunk(type, kInitFixed + "\x80\x08\0\0"s)));
    EXPECT_FALSE(passes(chunk(type, kInitFixed + "\x80\x08\0\x03"s)));
    EXPECT_FALSE(passes(chunk(type, kInitFixed + "\x80\x08\0\x05"s))) << "beyond its chunk";
    EXPECT_FALSE(passes(chunk(type, "too short")));
  }
  for (int type : {4, 5, 6, 9, 130}) {
    EXPECT_TRUE(passes(chunk(type, "\0\x01\0\x04"s)));
    EXPECT_FALSE(passes(chunk(type, "\0\x01\0\0"s)));
  }
}

TEST(PacketCheck, OtherChunksMayHoldAnything) {
  EXPECT_TRUE(passes(chunk(10, "\0\0\0\0"s))) << "a cookie is the receiver's own business";
  EXPECT_TRUE(passes(chunk(200, "\0\0\0\0"s))) << "unknown chunks are usrsctp's to answer";
}

}  // namespace
}  // namespace sidetone::sctp
