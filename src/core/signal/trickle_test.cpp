#include "core/signal/trickle.hpp"

#include <gtest/gtest.h>

namespace sidetone::signal {
namespace {

TEST(Trickle, ReadsWhatTheServerSends) {
  auto init = parse_candidate_init(
      R"({"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host","sdpMid":"7",)"
      R"("sdpMLineIndex":2,"usernameFragment":null})");
  ASSERT_TRUE(init);
  EXPECT_EQ(init->candidate, "candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host");
  EXPECT_EQ(init->sdp_mid, "7");
  EXPECT_EQ(init->sdp_mline_index, 2);
}

TEST(Trickle, NullMidAndIndexAreTheFirstSection) {
  auto init = parse_candidate_init(R"({"candidate":"","sdpMid":null,"sdpMLineIndex":null})");
  ASSERT_TRUE(init);
  EXPECT_EQ(init->candidate, "");
  EXPECT_EQ(init->sdp_mid, "0");
  EXPECT_EQ(init->sdp_mline_index, 0);
}

TEST(Trickle, WhatIsNoCandidateIsNothing) {
  for (const char* text : {"", "x", "[]", "{}", R"({"candidate":null})", R"({"candidate":7})"})
    EXPECT_FALSE(parse_candidate_init(text)) << text;
  EXPECT_FALSE(parse_candidate_init(R"({"candidate":")" + std::string(5000, 'x') + "\"}"));
  EXPECT_EQ(parse_candidate_init(R"({"candidate":"","sdpMLineIndex":-1})")->sdp_mline_index, 0);
}

TEST(Trickle, AlwaysWritesMidAndIndex) {
  EXPECT_EQ(format_candidate_init({"candidate:1", "0", 0}),
            R"({"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0})");
}

}  // namespace
}  // namespace sidetone::signal
