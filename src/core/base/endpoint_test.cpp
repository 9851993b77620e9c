#include "core/base/endpoint.hpp"

#include <gtest/gtest.h>

namespace sidetone::base {
namespace {

TEST(Address, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(Address::parse("127.0.0.1")->to_string(), "127.0.0.1");
  EXPECT_EQ(Address::parse("2001:db8::1")->to_string(), "2001:db8::1");
  EXPECT_TRUE(Address::parse("::1")->is_loopback());
  EXPECT_TRUE(Address::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(Address::parse("fe80::1")->is_link_local());
  EXPECT_FALSE(Address::parse("fd00::1")->is_loopback());
}

TEST(Address, RefusesWhatIsNoLiteral) {
  for (auto text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "[::1]", "abc.local",
                    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"})
    EXPECT_FALSE(Address::parse(text)) << text;
}

TEST(Endpoint, BracketsOnlyIpv6) {
  EXPECT_EQ((Endpoint{*Address::parse("10.0.0.1"), 80}.to_string()), "10.0.0.1:80");
  EXPECT_EQ((Endpoint{*Address::parse("::1"), 80}.to_string()), "[::1]:80");
}

TEST(Endpoint, HashTellsNeighboursApart) {
  std::hash<Endpoint> hash;
  auto address = *Address::parse("127.0.0.1");
  EXPECT_NE(hash({address, 1}), hash({address, 2}));
  EXPECT_NE(hash({address, 1}), hash({*Address::parse("127.0.0.2"), 1}));
}

}  // namespace
}  // namespace sidetone::base
