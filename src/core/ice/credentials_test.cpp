#include "core/ice/credentials.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"

namespace sidetone::ice {
namespace {

TEST(Credentials, GeneratedOnesAreValidAndDiffer) {
  base::SeededRandom random(1);
  auto a = Credentials::generate(random);
  auto b = Credentials::generate(random);
  EXPECT_TRUE(a.valid());
  EXPECT_EQ(a.ufrag.size(), 8U);
  EXPECT_EQ(a.pwd.size(), 24U);
  EXPECT_NE(a.ufrag, b.ufrag);
  EXPECT_NE(a.pwd, b.pwd);
}

TEST(Credentials, LengthsAndCharactersAreThoseOfTheRfc) {
  const std::string pwd(22, 'p');
  EXPECT_TRUE((Credentials{"abcd", pwd}.valid()));
  EXPECT_TRUE((Credentials{"+p8s/Z=-_#", pwd}.valid())) << "as browsers and servers write them";
  EXPECT_TRUE((Credentials{std::string(256, 'x'), std::string(256, 'y')}.valid()));
  EXPECT_FALSE((Credentials{"abc", pwd}.valid()));
  EXPECT_FALSE((Credentials{std::string(257, 'x'), pwd}.valid()));
  EXPECT_FALSE((Credentials{"abcd", std::string(21, 'p')}.valid()));
  EXPECT_FALSE((Credentials{"abcd", std::string(257, 'p')}.valid()));
  for (char c : {' ', ':', '\n', '\r', '\0', '\x7f', '@', '[', '`', '{'})
    EXPECT_FALSE((Credentials{std::string("abc") + c, pwd}.valid())) << int(c);
}

}  // namespace
}  // namespace sidetone::ice
