#include "core/crypto/hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::crypto {
namespace {

using base::as_bytes;

template <class Digest>
std::string hex(const Digest& digest) {
  std::string text;
  for (auto byte : digest) {
    text += "0123456789abcdef"[std::to_integer<std::size_t>(byte >> 4)];
    text += "0123456789abcdef"[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

// FIPS 180-4's example texts.
TEST(Hash, Sha1AndSha256AgreeWithTheStandard) {
  EXPECT_EQ(hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321 §A.5
  EXPECT_EQ(hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 2202 §3 case 2, RFC 4231 §4.3.
TEST(Hash, HmacAgreesWithItsRfcs) {
  auto data = as_bytes("what do ya want for nothing?");
  EXPECT_EQ(hex(hmac_sha1(as_bytes("Jefe"), data)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), data)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, AnEmptyHmacKeyIsAKeyAndNotTheLastOne) {
  hmac_sha1(as_bytes("another key"), as_bytes("x"));
  EXPECT_EQ(hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST(Hash, AKeyLongerThanABlockIsHashedFirst) {
  std::vector<std::byte> key(131, std::byte{0xaa});  // RFC 4231 §4.7
  EXPECT_EQ(
      hex(hmac_sha256(key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hash, Crc32IsTheOneOfZlib) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
  EXPECT_EQ(crc32({}), 0U);
}

TEST(ConstantTimeEqual, ComparesEveryByteAndTheLength) {
  EXPECT_TRUE(constant_time_equal(as_bytes("abcd"), as_bytes("abcd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abcd"), as_bytes("abce")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abcd"), as_bytes("bbcd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abcd"), as_bytes("abc")));
  EXPECT_TRUE(constant_time_equal({}, {}));
}

}  // namespace
}  // namespace sidetone::crypto
