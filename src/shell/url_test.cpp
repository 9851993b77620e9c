#include "shell/url.hpp"

#include <gtest/gtest.h>

namespace sidetone::shell {
namespace {

Url good(std::string_view text) {
  auto result = parse_url(text);
  EXPECT_TRUE(std::holds_alternative<Url>(result)) << std::get<std::string>(result);
  return std::get<Url>(result);
}

std::string bad(std::string_view text) {
  auto result = parse_url(text);
  EXPECT_TRUE(std::holds_alternative<std::string>(result)) << text;
  return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "";
}

TEST(Url, HasItsParts) {
  auto url = good("WSS://Example.COM:7443/prefix/x?a=1#top");
  EXPECT_EQ(url.scheme, "wss");
  EXPECT_TRUE(url.is_tls());
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 7443);
  EXPECT_EQ(url.path, "/prefix/x?a=1");
}

TEST(Url, PortsDefaultByScheme) {
  EXPECT_EQ(good("ws://a").port, 80);
  EXPECT_EQ(good("http://a").port, 80);
  EXPECT_EQ(good("wss://a").port, 443);
  EXPECT_EQ(good("https://a").port, 443);
}

TEST(Url, TakesAddresses) {
  EXPECT_EQ(good("ws://[::1]:7880/").host, "::1");
  EXPECT_EQ(good("ws://[2001:db8::1]").port, 80);
  EXPECT_EQ(good("ws://127.0.0.1:1").host, "127.0.0.1");
}

TEST(Url, KeepsUserInfoForProxies) {
  auto url = good("http://me:secret@proxy:3128");
  EXPECT_EQ(url.user_info, "me:secret");
  EXPECT_EQ(url.host, "proxy");
}

TEST(Url, QueryWithoutPathGetsOne) {
  EXPECT_EQ(good("ws://a?x=1").path, "/?x=1");
  EXPECT_EQ(good("ws://a#x").path, "");
}

TEST(Url, SaysWhatIsWrong) {
  EXPECT_EQ(bad("localhost:7880"),
            "\"localhost:7880\": a URL starts with ws://, wss://, http:// or https://");
  EXPECT_EQ(bad("ftp://a"), "\"ftp://a\": a URL starts with ws://, wss://, http:// or https://");
  EXPECT_EQ(bad("ws://"), "\"ws://\": it names no host");
  EXPECT_EQ(bad("ws://a:0"), "\"ws://a:0\": the port \"0\" is not a number from 1 to 65535");
  EXPECT_EQ(bad("ws://a:65536"),
            "\"ws://a:65536\": the port \"65536\" is not a number from 1 to 65535");
  EXPECT_EQ(bad("ws://a:1x"), "\"ws://a:1x\": the port \"1x\" is not a number from 1 to 65535");
  EXPECT_EQ(bad("ws://[::1"), "\"ws://[::1\": the IPv6 address lacks its closing bracket");
  EXPECT_EQ(bad("ws://[1.2.3.4]"), "\"ws://[1.2.3.4]\": \"1.2.3.4\" is not an IPv6 address");
  EXPECT_EQ(bad("ws://[::1]x"), "\"ws://[::1]x\": after the IPv6 address only a port may follow");
  EXPECT_EQ(bad("ws://a b"), "\"ws://a b\": a URL is printable ASCII without spaces");
  EXPECT_EQ(bad("http://me:secret@a:x"), "\"a:x\": the port \"x\" is not a number from 1 to 65535");
  EXPECT_EQ(bad("ws://a,b"), "\"ws://a,b\": \"a,b\" is not a host name");
}

}  // namespace
}  // namespace sidetone::shell
