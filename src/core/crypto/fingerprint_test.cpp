#include "core/crypto/fingerprint.hpp"

#include <gtest/gtest.h>

namespace sidetone::crypto {
namespace {

constexpr std::string_view kText =
    "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:"
    "AD";

TEST(Fingerprint, IsWrittenAndReadAsSdpDoes) {
  Fingerprint fingerprint{sha256(base::as_bytes("abc"))};
  EXPECT_EQ(fingerprint.to_string(), kText);
  EXPECT_EQ(Fingerprint::parse(kText), fingerprint);
  EXPECT_EQ(Fingerprint::parse("SHA-256", kText), fingerprint);
}

TEST(Fingerprint, LowerCaseIsReadToo) {
  std::string lower(kText);
  for (auto& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  EXPECT_EQ(Fingerprint::parse(lower), Fingerprint::parse(kText));
}

TEST(Fingerprint, AnythingElseIsRefused) {
  std::string text(kText);
  EXPECT_FALSE(Fingerprint::parse(""));
  EXPECT_FALSE(Fingerprint::parse(text.substr(3)));
  EXPECT_FALSE(Fingerprint::parse(text + ":AA"));
  EXPECT_FALSE(Fingerprint::parse(text + ":"));
  auto with = [&](std::size_t at, char c) {
    auto changed = text;
    changed[at] = c;
    return Fingerprint::parse(changed);
  };
  EXPECT_FALSE(with(0, 'G'));
  EXPECT_FALSE(with(1, ':'));
  EXPECT_FALSE(with(2, '-'));
  EXPECT_FALSE(with(text.size() - 1, ' '));
  EXPECT_FALSE(Fingerprint::parse("sha-1", kText));
  EXPECT_FALSE(Fingerprint::parse("sha-256 ", kText));
}

TEST(Fingerprint, DiffersByASingleBit) {
  auto a = *Fingerprint::parse(kText);
  auto b = a;
  b.digest[31] ^= std::byte{1};
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace sidetone::crypto
