#include "core/dtls/record.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sidetone::dtls {
namespace {

std::vector<std::byte> record(unsigned epoch, std::size_t length) {
  std::vector<std::byte> bytes{std::byte{23}, std::byte{0xfe}, std::byte{0xfd}, std::byte{0},
                               static_cast<std::byte>(epoch)};
  bytes.resize(11);
  bytes.push_back(static_cast<std::byte>(length >> 8));
  bytes.push_back(static_cast<std::byte>(length & 0xff));
  bytes.resize(13 + length);
  return bytes;
}

std::vector<std::byte> operator+(std::vector<std::byte> left, const std::vector<std::byte>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST(Record, AProtectedOneHoldsAtLeastItsNonceAndTag) {
  EXPECT_FALSE(has_truncated_record(record(1, kGcmOverhead), kGcmOverhead));
  EXPECT_TRUE(has_truncated_record(record(1, kGcmOverhead - 1), kGcmOverhead));
  EXPECT_TRUE(has_truncated_record(record(1, 0), kGcmOverhead));
  EXPECT_FALSE(has_truncated_record(record(1, kChaChaOverhead), kChaChaOverhead));
  EXPECT_TRUE(has_truncated_record(record(1, kChaChaOverhead - 1), kChaChaOverhead));
}

TEST(Record, AnUnprotectedOneMayBeShort) {
  EXPECT_FALSE(has_truncated_record(record(0, 1), kGcmOverhead)) << "ChangeCipherSpec";
}

TEST(Record, EveryRecordOfADatagramIsLookedAt) {
  EXPECT_TRUE(has_truncated_record(record(0, 1) + record(1, 300) + record(1, 7), kGcmOverhead));
  EXPECT_FALSE(has_truncated_record(record(0, 1) + record(1, 300) + record(1, 40), kGcmOverhead));
}

TEST(Record, WhatIsNoRecordIsOpenSslsToDrop) {
  EXPECT_FALSE(has_truncated_record({}, kGcmOverhead));
  const auto whole = record(1, 100);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(has_truncated_record(base::Bytes(whole).first(size), kGcmOverhead));
  auto long_header = record(0, 1);
  long_header[12] = std::byte{200};
  EXPECT_FALSE(has_truncated_record(long_header + record(1, 3), kGcmOverhead));
}

}  // namespace
}  // namespace sidetone::dtls
