#include "core/ice/server_url.hpp"

#include <gtest/gtest.h>

namespace sidetone::ice {
namespace {

std::string read(std::string_view text) {
  auto url = parse_server_url(text);
  return url ? url->to_string() : "no";
}

TEST(ServerUrl, EveryWayToNameAServerIsRead) {
  EXPECT_EQ(read("stun:stun.example.org"), "stun:stun.example.org:3478");
  EXPECT_EQ(read("stun:192.0.2.1:19302"), "stun:192.0.2.1:19302");
  EXPECT_EQ(read("turn:a.example"), "turn:a.example:3478?transport=udp");
  EXPECT_EQ(read("TURN:a.example:80?transport=TCP"), "turn:a.example:80?transport=tcp");
  EXPECT_EQ(read("turn:[2001:db8::1]:99?transport=udp"), "turn:[2001:db8::1]:99?transport=udp");
  EXPECT_EQ(read("turn:[::1]"), "turn:[::1]:3478?transport=udp");
  EXPECT_EQ(read("turns:a.example"), "turns:a.example:5349?transport=tcp");
  EXPECT_EQ(read("turns:a.example:443?transport=tcp"), "turns:a.example:443?transport=tcp");
  EXPECT_EQ(parse_server_url("turns:a.example")->carrier, Carrier::tls);
  EXPECT_EQ(parse_server_url("turn:a.example?transport=tcp")->carrier, Carrier::tcp);
  EXPECT_TRUE(parse_server_url("turn:a.example")->relay);
  EXPECT_FALSE(parse_server_url("stun:a.example")->relay);
}

TEST(ServerUrl, WhatIsNoneOrNotSpokenIsRefused) {
  for (const auto* text : {"",
                           "stun",
                           "stun:",
                           "turn://a.example",
                           "http:a",
                           "stuns:a.example",
                           "turn:a:0",
                           "turn:a:",
                           "turn:a:65536",
                           "turn:a:12x",
                           "turn:a b",
                           "turn:[::1",
                           "turn:[::1]x",
                           "turn:[a]",
                           "turn:[127.0.0.1]:1",
                           "turn:::1",
                           "turn:a?transport=sctp",
                           "turn:a?x",
                           "turn:a?",
                           "turns:a?transport=udp",
                           "stun:a?transport=udp",
                           "turn:user@host"})
    EXPECT_EQ(read(text), "no") << text;
  EXPECT_EQ(read("turn:" + std::string(kMaxServerUrl, 'a')), "no");
}

TEST(ServerUrl, TheLongestHostNameIsStillReadOnceWrittenOut) {
  const auto longest = parse_server_url("turn:" + std::string(253, 'a'));
  ASSERT_TRUE(longest);
  EXPECT_EQ(parse_server_url(longest->to_string()), longest);
  EXPECT_EQ(read("turn:" + std::string(254, 'a')), "no");
}

TEST(ServerUrl, LoopbackIsKnownByAddressAndByName) {
  for (const auto* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const auto* host : {"localhost.example.org", "128.0.0.1", "::2", "", "example.org"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

}  // namespace
}  // namespace sidetone::ice
