#include "core/rtp/red.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::rtp {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

// Payload type 111, offset 960, length 3.
const std::initializer_list<int> kOneRedundant{
    0x80 | 111, 960 >> 6, (960 & 63) << 2, 3, 111, 'o', 'l', 'd', 'n', 'e', 'w'};

TEST(Red, ReadsEveryBlockPrimaryLast) {
  auto bytes = bytes_of(kOneRedundant);
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  ASSERT_EQ(red->size, 2U);
  EXPECT_EQ(red->redundant().size(), 1U);
  EXPECT_EQ(red->redundant()[0].payload_type, 111);
  EXPECT_EQ(red->redundant()[0].offset, 960);
  EXPECT_EQ(base::as_text(red->redundant()[0].payload), "old");
  EXPECT_EQ(base::as_text(red->primary().payload), "new");
  EXPECT_EQ(red->primary().offset, 0);
  EXPECT_EQ(red->bad, 0U);
}

TEST(Red, DepthZeroIsOneByteAndThePayload) {
  auto bytes = bytes_of({111, 0xf8, 0xff, 0xfe});
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->size, 1U);
  EXPECT_EQ(red->primary().payload.size(), 3U);
}

TEST(Red, TheLargestOffsetAndLengthAreRead) {
  auto bytes = bytes_of({0x80 | 1, 0xff, 0xff, 0xff, 2});
  bytes.resize(5 + 1023 + 1);
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->redundant()[0].offset, kMaxRedOffset);
  EXPECT_EQ(red->redundant()[0].payload.size(), kMaxRedBlockBytes);
  EXPECT_EQ(red->primary().payload.size(), 1U);
}

TEST(Red, EmptyBlocksAreLegal) {
  auto bytes = bytes_of({0x80 | 111, 15, 0, 0, 111, 'n'});
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  ASSERT_EQ(red->size, 2U);
  EXPECT_TRUE(red->redundant()[0].payload.empty());
  EXPECT_EQ(base::as_text(red->primary().payload), "n");
  auto nothing = bytes_of({111});
  EXPECT_TRUE(read_red(nothing)->primary().payload.empty());
}

TEST(Red, ABadLengthCostsItsBlockAndNotThePrimary) {
  // Two redundant blocks announced, the first of which is missing.
  auto bytes = bytes_of({0x80 | 111, 30, 0, 200, 0x80 | 111, 15, 0, 2, 111, 'r', '2', 'n', 'e'});
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->bad, 1U);
  ASSERT_EQ(red->size, 2U);
  EXPECT_EQ(base::as_text(red->redundant()[0].payload), "r2");
  EXPECT_EQ(base::as_text(red->primary().payload), "ne");
}

TEST(Red, BlocksOfOtherTypesAreReadForTheCallerToSkip) {
  auto bytes = bytes_of({0x80 | 13, 15, 0, 1, 111, 'c', 'n'});
  auto red = read_red(bytes);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->redundant()[0].payload_type, 13);
  EXPECT_EQ(red->primary().payload_type, 111);
}

TEST(Red, HeadersThatDoNotEndAreNotRed) {
  EXPECT_FALSE(read_red({}));
  auto bytes = bytes_of(kOneRedundant);
  for (std::size_t size = 0; size < 5; ++size)
    EXPECT_FALSE(read_red(base::Bytes(bytes).first(size))) << size;
  EXPECT_TRUE(read_red(base::Bytes(bytes).first(5)));
}

std::vector<std::byte> with_redundant_headers(int count) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < count; ++i)
    for (int value : {0x80 | 111, 0, 0, 0}) bytes.push_back(std::byte(value));
  bytes.push_back(std::byte{111});
  return bytes;
}

TEST(Red, ThirtyTwoBlocksAreTheMost) {
  auto most = with_redundant_headers(31);
  ASSERT_TRUE(read_red(most));
  EXPECT_EQ(read_red(most)->size, 32U);
  EXPECT_FALSE(read_red(with_redundant_headers(32)));
}

TEST(Red, WhatIsWrittenIsReadBack) {
  std::array<std::byte, 100> memory{};
  std::vector<RedBlock> redundant{{111, 1920, base::as_bytes("oldest")},
                                  {111, 960, base::as_bytes("")}};
  auto size = write_red(redundant, {111, 0, base::as_bytes("now")}, memory);
  ASSERT_EQ(size, 4 + 4 + 1 + 6 + 3U);
  auto red = read_red(base::Bytes(memory).first(*size));
  ASSERT_TRUE(red);
  ASSERT_EQ(red->size, 3U);
  EXPECT_EQ(red->blocks[0].offset, 1920);
  EXPECT_EQ(base::as_text(red->blocks[0].payload), "oldest");
  EXPECT_EQ(red->blocks[1].offset, 960);
  EXPECT_EQ(base::as_text(red->primary().payload), "now");

  size = write_red({}, {111, 0, base::as_bytes("now")}, memory);
  EXPECT_EQ(size, 4U) << "depth 0 costs one byte";
  EXPECT_EQ(memory[0], std::byte{111});
}

TEST(Red, TheOldestRedundancyGivesWayToTheBound) {
  std::vector<std::byte> memory(4 + 6 + 1 + 3);
  std::vector<RedBlock> redundant{{111, 1920, base::as_bytes("oldest")},
                                  {111, 960, base::as_bytes("middle")}};
  RedBlock primary{111, 0, base::as_bytes("now")};
  ASSERT_EQ(write_red(redundant, primary, memory), memory.size());
  auto red = read_red(memory);
  EXPECT_EQ(base::as_text(red->redundant()[0].payload), "middle");
  EXPECT_EQ(write_red(redundant, primary, base::MutableBytes(memory).first(13)), 4U);
  EXPECT_EQ(write_red(redundant, primary, base::MutableBytes(memory).first(4)), 4U);
  EXPECT_FALSE(write_red(redundant, primary, base::MutableBytes(memory).first(3)));
}

TEST(Red, WhatTheHeaderCannotSayIsLeftOut) {
  std::vector<std::byte> memory(1400);
  std::string large(1024, 'x');
  std::string fits(1023, 'y');
  std::vector<RedBlock> redundant{{111, 16384, base::as_bytes("far")},
                                  {111, 1920, base::as_bytes(large)},
                                  {111, 16383, base::as_bytes(fits)}};
  auto size = write_red(redundant, {111, 0, base::as_bytes("now")}, memory);
  ASSERT_EQ(size, 4 + 1 + 1023 + 3U);
  auto red = read_red(base::Bytes(memory).first(*size));
  ASSERT_EQ(red->size, 2U);
  EXPECT_EQ(red->blocks[0].offset, 16383);
  EXPECT_EQ(red->blocks[0].payload.size(), 1023U);
}

}  // namespace
}  // namespace sidetone::rtp
