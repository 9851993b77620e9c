#include "core/web/dev_token.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sidetone::web {
namespace {

constexpr signal::UnixSeconds kNow{1'700'000'000};
const DevToken kMaker{true, "devkey", "secret"};

Request asking(std::string_view target = "/dev/token?room=lobby&identity=ann") {
  return {.method = "POST", .target = target, .host = "127.0.0.1:7880", .from_loopback = true};
}

TEST(DevToken, JoinsTheNamedRoomUnderTheNamedIdentity) {
  for (auto method : {"GET", "POST"}) {
    auto request = asking("/dev/token?room=b%C3%BCro%20%26&identity=Jos%C3%A9");
    request.method = method;
    const auto answer = dev_token(kMaker, request, kNow);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->content_type, "application/json");
    const auto jwt = boost::json::parse(answer->body).at("token").as_string();
    const auto verdict = signal::authorize_join({.authorization = {}, .access_token = jwt},
                                                {{"devkey", "secret"}}, kNow);
    const auto* claims = std::get_if<signal::Claims>(&verdict);
    ASSERT_NE(claims, nullptr);
    EXPECT_EQ(claims->identity, "José");
    EXPECT_EQ(claims->grants->room, "büro &");
    EXPECT_EQ(claims->expires, kNow.count() + 6 * 3600);
    EXPECT_FALSE(claims->grants->room_admin);
  }
}

TEST(DevToken, DoesNotExistUnlessTheServerWasStartedForIt) {
  auto maker = kMaker;
  maker.enabled = false;
  EXPECT_FALSE(dev_token(maker, asking(), kNow));
  EXPECT_FALSE(offers_token(maker, asking()));
  EXPECT_TRUE(offers_token(kMaker, asking()));
}

TEST(DevToken, DoesNotExistForConnectionsFromOtherMachines) {
  auto request = asking();
  request.from_loopback = false;
  EXPECT_FALSE(dev_token(kMaker, request, kNow));
}

TEST(DevToken, AForeignNameThatWasMadeToMeanThisMachineGetsNothing) {
  for (auto host : {"", "evil.example", "evil.example:7880", "127.0.0.1.evil.example",
                    "localhost.evil.example:80", "127.0.0.1:80@evil.example",
                    "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:123456", "::1", "[::1", "[::2]:80",
                    "0.0.0.0:7880", "192.0.2.1", "localhost:80:80"}) {
    auto request = asking();
    request.host = host;
    EXPECT_FALSE(dev_token(kMaker, request, kNow)) << host;
    EXPECT_FALSE(offers_token(kMaker, request)) << host;
  }
}

TEST(DevToken, ThisMachineHasThreeNamesAndAnyPort) {
  for (auto host :
       {"127.0.0.1", "127.0.0.1:1", "localhost", "LocalHost:65535", "[::1]", "[::1]:7880"}) {
    auto request = asking();
    request.host = host;
    EXPECT_TRUE(dev_token(kMaker, request, kNow)) << host;
  }
}

TEST(DevToken, OtherPagesMayNotReadIt) {
  const auto answer = dev_token(kMaker, asking(), kNow);
  ASSERT_TRUE(answer);
  bool same_origin = false;
  for (const auto& [name, value] : answer->headers) {
    EXPECT_FALSE(name.starts_with("Access-Control")) << name;
    same_origin |= name == "Cross-Origin-Resource-Policy" && value == "same-origin";
  }
  EXPECT_TRUE(same_origin);
}

TEST(DevToken, OtherPathsAndMethodsAreLeftToOthers) {
  EXPECT_FALSE(dev_token(kMaker, asking("/dev/tokens?room=a&identity=b"), kNow));
  EXPECT_FALSE(dev_token(kMaker, asking("/"), kNow));
  auto request = asking();
  request.method = "OPTIONS";
  EXPECT_FALSE(dev_token(kMaker, request, kNow));
}

TEST(DevToken, WrongNamesAreRefusedInWords) {
  const std::string longest(256, 'x');
  const auto status = [](const std::string& target) {
    return dev_token(kMaker, asking(target), kNow)->status;
  };
  EXPECT_EQ(status("/dev/token?room=" + longest + "&identity=" + longest), 200U);
  EXPECT_EQ(status("/dev/token?room=" + longest + "x&identity=a"), 400U);
  EXPECT_EQ(status("/dev/token?room=a&identity=x" + longest), 400U);
  EXPECT_EQ(status("/dev/token?room=a"), 400U);
  EXPECT_EQ(status("/dev/token?identity=a"), 400U);
  EXPECT_EQ(status("/dev/token?room=a&identity=%ff%fe"), 400U);
  EXPECT_EQ(dev_token(kMaker, asking("/dev/token?room=a"), kNow)->body,
            "identity must be UTF-8 of 1 to 256 bytes");
}

}  // namespace
}  // namespace sidetone::web
