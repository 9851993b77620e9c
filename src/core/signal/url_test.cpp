#include "core/signal/url.hpp"

#include <gtest/gtest.h>

namespace sidetone::signal {
namespace {

TEST(SocketRequest, KeepsHostPortAndPath) {
  auto request = make_socket_request("wss://example.org:8443/prefix/", "t.o.k", {});
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->tls);
  EXPECT_EQ(request->host, "example.org");
  EXPECT_EQ(request->port, 8443);
  EXPECT_EQ(request->target,
            "/prefix/rtc?sdk=cpp&protocol=16&client_protocol=0&auto_subscribe=1&adaptive_stream=0");
  EXPECT_EQ(request->authorization, "Bearer t.o.k");
}

TEST(SocketRequest, DefaultPortsFollowTheScheme) {
  EXPECT_EQ(make_socket_request("ws://h", "t", {})->port, 80);
  EXPECT_EQ(make_socket_request("HTTP://h/", "t", {})->port, 80);
  EXPECT_EQ(make_socket_request("wss://h", "t", {})->port, 443);
  EXPECT_EQ(make_socket_request("https://h", "t", {})->port, 443);
  EXPECT_FALSE(make_socket_request("ws://h", "t", {})->tls);
}

TEST(SocketRequest, Ipv6LosesItsBrackets) {
  auto request = make_socket_request("ws://[::1]:7880", "t", {});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->host, "::1");
  EXPECT_EQ(request->port, 7880);
}

TEST(SocketRequest, AResumeNamesTheSession) {
  JoinParameters parameters;
  parameters.auto_subscribe = false;
  parameters.version = "0.1+x";
  parameters.reconnect = true;
  parameters.participant_sid = "PA_a b";
  parameters.reconnect_reason = livekit::RR_SIGNAL_DISCONNECTED;
  EXPECT_EQ(make_socket_request("ws://h", "t", parameters)->target,
            "/rtc?sdk=cpp&protocol=16&client_protocol=0&auto_subscribe=0&adaptive_stream=0"
            "&version=0.1%2Bx&reconnect=1&sid=PA_a%20b&reconnect_reason=1");
}

TEST(SocketRequest, WhatIsNoUrlIsRefused) {
  for (const char* url :
       {"", "host", "ftp://h", "ws://", "ws://:80", "ws://h:0", "ws://h:99999", "ws://h:8x",
        "ws://user@h", "ws://[::1", "ws://[]", "ws://[::1]x", "ws://h/a b", "ws://h\r\nX: y"})
    EXPECT_FALSE(make_socket_request(url, "t", {})) << url;
}

TEST(SocketRequest, ATokenCannotAddHeaders) {
  EXPECT_FALSE(make_socket_request("ws://h", "a\r\nX: y", {}));
  EXPECT_FALSE(make_socket_request("ws://h", "", {}));
}

TEST(Percent, RoundTripsEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a-_.~Z9"), "a-_.~Z9");
  EXPECT_EQ(percent_decode("a+b%3d%zz%4"), "a b=%zz%4");
}

TEST(RequestTarget, SplitsPathAndParameters) {
  auto target = parse_target("/rtc?protocol=16&a=b%26c&empty&protocol=1&=x");
  EXPECT_EQ(target.path, "/rtc");
  EXPECT_EQ(target.parameter("protocol"), "16");
  EXPECT_EQ(target.parameter("a"), "b&c");
  EXPECT_TRUE(target.query.contains("empty"));
  EXPECT_EQ(target.parameter("absent"), "");
  EXPECT_EQ(target.query.size(), 3U);
}

TEST(RequestTarget, ParametersAreBounded) {
  std::string many = "/rtc?";
  for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i) + "=v&";
  EXPECT_EQ(parse_target(many).query.size(), 64U);
}

TEST(SocketRequest, ASingleConnectionAsksAnotherPathWithTheOfferInIt) {
  JoinParameters parameters;
  parameters.single = true;
  auto request = make_socket_request("wss://host/prefix/", "t", parameters);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target.substr(0, 28), "/prefix/rtc/v1?join_request=");
  EXPECT_EQ(request->target.find_first_of("=+/", 28), std::string::npos) << "percent-encoded";
  EXPECT_EQ(request->authorization, "Bearer t");
}

}  // namespace
}  // namespace sidetone::signal
