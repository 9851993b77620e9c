#include "core/jitter/copies.hpp"

#include <gtest/gtest.h>

#include "core/jitter/fake_decoder_test.hpp"

namespace sidetone::jitter {
namespace {

constexpr std::uint8_t kOpus = 111;

struct Redundant {
  std::uint32_t offset;
  std::vector<std::byte> payload;
  std::uint8_t type = kOpus;
};

std::vector<std::byte> red_payload(const std::vector<Redundant>& blocks,
                                   const std::vector<std::byte>& primary,
                                   std::uint8_t type = kOpus) {
  std::vector<std::byte> result;
  for (const auto& block : blocks) {
    auto header = std::uint32_t{1} << 31 | std::uint32_t{block.type} << 24 | block.offset << 10 |
                  static_cast<std::uint32_t>(block.payload.size());
    for (int shift = 24; shift >= 0; shift -= 8) result.push_back(std::byte(header >> shift & 255));
  }
  result.push_back(std::byte{type});
  for (const auto& block : blocks)
    result.insert(result.end(), block.payload.begin(), block.payload.end());
  result.insert(result.end(), primary.begin(), primary.end());
  return result;
}

class CopiesTest : public testing::Test {
 protected:
  std::vector<Copy> split_red(const std::vector<std::byte>& payload) {
    return split_packet(
        {.sequence = 9, .rtp_time = 9600, .red = true, .red_type = kOpus, .payload = payload});
  }

  std::vector<Copy> split_packet(const Packet& packet) {
    auto copies = split(packet, decoder, counters);
    return {copies.all().begin(), copies.all().end()};
  }

  FakeDecoder decoder;
  Counters counters;
};

TEST_F(CopiesTest, APlainPacketIsItself) {
  auto payload = fake_payload(3, 1);
  auto copies = split_packet({.sequence = 9, .rtp_time = 9600, .payload = payload});
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].rtp_time, 9600);
  EXPECT_EQ(copies[0].sequence, 9);
  EXPECT_EQ(copies[0].info.duration, 960U);
  EXPECT_EQ(copies[0].info.fec_duration, 960U);
  EXPECT_FALSE(copies[0].red);
}

TEST_F(CopiesTest, EveryBlockIsACopyForItsOwnSlot) {
  auto copies =
      split_red(red_payload({{1920, fake_payload(1)}, {960, fake_payload(2)}}, fake_payload(3)));
  ASSERT_EQ(copies.size(), 3U);
  EXPECT_EQ(copies[0].rtp_time, 9600 - 1920);
  EXPECT_EQ(copies[1].rtp_time, 9600 - 960);
  EXPECT_TRUE(copies[1].red);
  EXPECT_FALSE(copies[1].sequence);
  EXPECT_EQ(copies[2].rtp_time, 9600);
  EXPECT_FALSE(copies[2].red);
  EXPECT_EQ(counters.fec_packets_received, 2U);
}

TEST_F(CopiesTest, EmptyAndSleepingAndForeignBlocksAreSkipped) {
  auto copies = split_red(
      red_payload({{2880, {}}, {1920, fake_dtx()}, {960, fake_payload(2), 0}}, fake_payload(3)));
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].rtp_time, 9600);
  EXPECT_EQ(counters.malformed_red, 0U);
}

TEST_F(CopiesTest, MalformedPayloadsAreCountedAndLeftOut) {
  EXPECT_TRUE(split_red({}).empty());
  EXPECT_EQ(counters.malformed_red, 1U);
  EXPECT_TRUE(split_packet({.payload = {}}).empty());
  EXPECT_EQ(counters.decode_errors, 1U);
  EXPECT_TRUE(split_red(red_payload({}, fake_payload(1), 9)).empty()) << "a foreign primary";
}

}  // namespace
}  // namespace sidetone::jitter
