#include "core/crypto/base64.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"

namespace sidetone::crypto {
namespace {

using base::as_bytes;

std::string text_of(const std::optional<std::vector<std::byte>>& bytes) {
  return bytes ? std::string(base::as_text(*bytes)) : "(refused)";
}

// RFC 4648 §10.
TEST(Base64, AgreesWithItsRfc) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (auto [plain, encoded] : cases) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    EXPECT_EQ(text_of(base64_decode(encoded)), plain);
  }
}

TEST(Base64, TheUrlAlphabetHasNoPlusNoSlashNoPadding) {
  auto bytes = as_bytes("\xfb\xff\xfe\xff");
  EXPECT_EQ(base64_encode(bytes), "+//+/w==");
  EXPECT_EQ(base64url_encode(bytes), "-__-_w");
  EXPECT_EQ(text_of(base64url_decode("-__-_w")), base::as_text(bytes));
  EXPECT_FALSE(base64url_decode("+//+/w"));
  EXPECT_FALSE(base64_decode("-__-_w=="));
}

TEST(Base64, PaddingIsWhatTheCallerAskedFor) {
  EXPECT_FALSE(base64_decode("Zg"));
  EXPECT_FALSE(base64_decode("Zg="));
  EXPECT_FALSE(base64_decode("Zg==="));
  EXPECT_FALSE(base64_decode("Zm9v="));
  EXPECT_FALSE(base64_decode("===="));
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_EQ(text_of(base64_decode("Zg", Padding::forbidden)), "f");
  EXPECT_EQ(text_of(base64url_decode("Zg", Padding::optional)), "f");
  EXPECT_EQ(text_of(base64url_decode("Zg==", Padding::optional)), "f");
  EXPECT_FALSE(base64url_decode("Zg=", Padding::optional));
}

TEST(Base64, NothingIsSkippedAndNoBitIsIgnored) {
  EXPECT_FALSE(base64_decode("Zm 9v"));
  EXPECT_FALSE(base64_decode("Zm9v\n"));
  EXPECT_FALSE(base64_decode("Zg==Zg=="));
  EXPECT_FALSE(base64_decode("Z\0==")) << "a NUL is no letter";
  EXPECT_FALSE(base64_decode("Zh==")) << "bits beyond the last byte";
  EXPECT_FALSE(base64_decode("Zm9=")) << "bits beyond the last byte";
  EXPECT_FALSE(base64url_decode("Z")) << "six bits are no byte";
  EXPECT_FALSE(base64_decode("Zm9\xff"));
}

TEST(Base64, WhatIsEncodedDecodesToItself) {
  base::SeededRandom random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    std::vector<std::byte> bytes(size);
    random.fill(bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
  }
}

}  // namespace
}  // namespace sidetone::crypto
