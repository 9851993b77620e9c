#include <gtest/gtest.h>

#include <sidetone/error.hpp>

#include "core/base/bytes.hpp"
#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/seeded_random.hpp"
#include "core/base/time.hpp"
#include "core/base/unwrap.hpp"

namespace sidetone::base {
namespace {

TEST(ByteReader, ReadsBigEndianAndTurnsBadAtTheEnd) {
  auto bytes = as_bytes("\x01\x02\x03\x04\x05");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u24(), 0x030405U);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, AnOverlongTakeConsumesNothingUseful) {
  ByteReader reader(as_bytes("abc"));
  EXPECT_TRUE(reader.take(4).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteWriter, WritesWhatFitsAndTurnsBad) {
  std::array<std::byte, 4> memory{};
  ByteWriter writer(memory);
  writer.u8(0xff);
  writer.u16(0x1234);
  EXPECT_TRUE(writer.ok());
  writer.u16(0x5678);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 3U);
  writer.u8(1);
  EXPECT_EQ(writer.size(), 3U) << "a bad writer stays bad";
  writer.patch_u16(1, 0xabcd);
  EXPECT_EQ(memory[1], std::byte{0xab});
}

TEST(Unwrapper, CountsOnAcrossTheWrap) {
  SequenceUnwrapper sequence;
  EXPECT_EQ(sequence.unwrap(65534), 65534);
  EXPECT_EQ(sequence.unwrap(1), 65537);
  EXPECT_EQ(sequence.unwrap(65535), 65535) << "an older packet goes back";
  EXPECT_EQ(sequence.peek(2), 65538);
  EXPECT_EQ(sequence.last(), 65535);
}

TEST(Unwrapper, TimestampsUnwrapAtTwoToThe32) {
  TimestampUnwrapper time;
  EXPECT_EQ(time.unwrap(4294967000U), 4294967000LL);
  EXPECT_EQ(time.unwrap(664U), 4294967960LL);
}

TEST(Packet, NeverHoldsMoreThanItsBound) {
  std::vector<std::byte> big(4000, std::byte{7});
  Packet packet{Bytes(big)};
  EXPECT_EQ(packet.size(), kMaxPacketBytes);
  Packet copy = packet;
  EXPECT_EQ(copy.bytes()[kMaxPacketBytes - 1], std::byte{7});
}

TEST(Outbox, TakeLeavesItEmpty) {
  Outbox<int> out;
  out.push(1);
  out.emplace(2);
  EXPECT_EQ(out.take(), (std::vector{1, 2}));
  EXPECT_TRUE(out.empty());
}

TEST(Deadline, EarliestPrefersWhatExists) {
  Deadline none;
  Deadline one = Instant(Duration(1));
  Deadline two = Instant(Duration(2));
  EXPECT_EQ(earliest(none, two), two);
  EXPECT_EQ(earliest(two, one), one);
  EXPECT_FALSE(earliest(none, none));
  EXPECT_TRUE(is_due(one, *one));
  EXPECT_FALSE(is_due(two, *one));
}

TEST(SeededRandom, RepeatsFromItsSeed) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  auto text = a.text(22);
  EXPECT_EQ(text.size(), 22U);
  EXPECT_EQ(text, b.text(22));
  EXPECT_NE(text, c.text(22));
}

TEST(Error, EveryCodeHasItsSentence) {
  for (int code = 1; code <= static_cast<int>(errc::unsupported); ++code)
    EXPECT_NE(error_category().message(code), "unknown error") << code;
  EXPECT_EQ(error_category().message(1000), "unknown error");
  error_code code = errc::cleared;
  EXPECT_EQ(code, errc::cleared);
  EXPECT_NE(std::string(make_error(errc::invalid_argument, "queue_size is 700000 ms").what())
                .find("700000"),
            std::string::npos);
}

}  // namespace
}  // namespace sidetone::base
