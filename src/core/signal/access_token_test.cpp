#include "sidetone/access_token.hpp"

#include <gtest/gtest.h>

#include "sidetone/error.hpp"

namespace sidetone {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr system_clock::time_point kNow{seconds(1'000'000)};

AccessToken token() {
  AccessToken token;
  token.api_key = "devkey";
  token.api_secret = "secret";
  token.identity = "me";
  token.ttl = seconds(600);
  token.grants = {.room_join = true, .room = "r"};
  return token;
}

std::string what(auto&& action) {
  try {
    action();
  } catch (const boost::system::system_error& error) {
    return error.code() == errc::invalid_argument || error.code() == errc::unauthorized
               ? error.what()
               : "wrong code";
  }
  return "nothing thrown";
}

TEST(AccessToken, VerifyReturnsWhatWasMinted) {
  auto minted = token();
  minted.name = "Me";
  minted.metadata = "m";
  minted.attributes = {{"k", "v"}};
  minted.kind = "agent";
  auto read = AccessToken::verify(minted.to_jwt(kNow), "devkey", "secret", kNow + seconds(100));
  EXPECT_EQ(read.identity, "me");
  EXPECT_EQ(read.name, "Me");
  EXPECT_EQ(read.metadata, "m");
  EXPECT_EQ(read.attributes, minted.attributes);
  EXPECT_EQ(read.kind, "agent");
  EXPECT_EQ(read.grants, minted.grants);
  EXPECT_EQ(read.ttl, seconds(500));
  EXPECT_EQ(read.api_secret, "");
}

TEST(AccessToken, MisuseNamesTheArgument) {
  auto refused = [](auto change) {
    auto bad = token();
    change(bad);
    return what([&] { bad.to_jwt(kNow); });
  };
  EXPECT_NE(refused([](AccessToken& t) { t.api_key.clear(); }).find("api_key"), std::string::npos);
  EXPECT_NE(refused([](AccessToken& t) { t.api_secret.clear(); }).find("api_secret"),
            std::string::npos);
  EXPECT_NE(refused([](AccessToken& t) { t.ttl = seconds(0); }).find("ttl is 0 s"),
            std::string::npos);
  EXPECT_NE(refused([](AccessToken& t) { t.identity.assign(257, 'x'); }).find("257 bytes"),
            std::string::npos);
  EXPECT_NE(refused([](AccessToken& t) { t.identity.clear(); }).find("identity is empty"),
            std::string::npos);
}

TEST(AccessToken, ARefusalDoesNotRepeatTheToken) {
  auto jwt = token().to_jwt(kNow);
  auto text = what([&] { AccessToken::verify(jwt, "devkey", "other", kNow); });
  EXPECT_NE(text.find("signature is invalid"), std::string::npos) << text;
  EXPECT_EQ(text.find("eyJ"), std::string::npos) << text;
}

}  // namespace
}  // namespace sidetone
