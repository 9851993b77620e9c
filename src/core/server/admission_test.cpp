#include "core/server/admission.hpp"

#include <gtest/gtest.h>

#include "core/server/world_test.hpp"

namespace sidetone::server {
namespace {

using test::Guest;
using test::kEpoch;
using test::token;

const signal::ApiKeys& keys() {
  static const signal::ApiKeys kKeys{{std::string(test::kKey), std::string(test::kSecret)}};
  return kKeys;
}

Admission ask(const std::string& target, const std::string& authorization = {}, bool up = true) {
  return admit({"GET", target, authorization, up}, keys(), kEpoch, {});
}

HttpResponse refused(const Admission& admission) {
  const auto* response = std::get_if<HttpResponse>(&admission);
  return response ? *response : HttpResponse{0, "it was admitted", {}, false};
}

Admission with(const std::string& jwt) {
  return ask("/rtc?access_token=" + jwt);
}

std::string signed_token(signal::Claims claims, std::string_view secret = test::kSecret) {
  if (claims.issuer.empty()) claims.issuer = test::kKey;
  claims.expires = claims.expires.value_or(kEpoch.count() + 3600);
  return signal::mint(claims, secret);
}

signal::Claims joining(std::string identity, std::string room) {
  signal::Claims claims;
  claims.identity = std::move(identity);
  claims.grants = VideoGrants{};
  claims.grants->room_join = true;
  claims.grants->room = std::move(room);
  return claims;
}

void expect(const Admission& admission, unsigned status, const std::string& body) {
  const auto response = refused(admission);
  EXPECT_EQ(response.status, status);
  EXPECT_EQ(response.body, body);
}

TEST(Admission, AGoodTokenOpensTheDoorFromQueryOrHeader) {
  for (const auto& admission :
       {with(token({})), ask("/rtc", "Bearer " + token({})), ask("//rtc", "Bearer " + token({}))}) {
    const auto* join = std::get_if<JoinRequest>(&admission);
    ASSERT_NE(join, nullptr);
    EXPECT_EQ(join->claims.identity, "alice");
    EXPECT_EQ(join->claims.grants->room, "room");
    EXPECT_TRUE(join->auto_subscribe);
    EXPECT_FALSE(join->reconnect);
  }
}

TEST(Admission, ParametersAreRead) {
  const auto admission =
      ask("/rtc?access_token=" + token({}) +
          "&protocol=16&client_protocol=2&auto_subscribe=0&reconnect=1&sid=PA_x");
  const auto& join = std::get<JoinRequest>(admission);
  EXPECT_EQ(join.protocol, 16);
  EXPECT_EQ(join.client_protocol, 2);
  EXPECT_FALSE(join.auto_subscribe);
  EXPECT_TRUE(join.reconnect);
  EXPECT_FALSE(
      std::get<JoinRequest>(with(token({}) + "&auto_subscribe=false&protocol=x")).auto_subscribe);
}

TEST(Admission, TheHeaderWinsEvenWhenItIsBad) {
  expect(ask("/rtc?access_token=" + token({}), "Bearer x"), 401, "invalid authorization token");
  EXPECT_TRUE(
      std::holds_alternative<JoinRequest>(ask("/rtc?access_token=x", "Bearer " + token({}))));
}

TEST(Admission, RefusalsSayWhatTheRealServerSays) {
  expect(ask("/rtc"), 401, "no permissions to access the room");
  expect(ask("/rtc", "Basic x"), 401, "invalid authorization header. Must start with Bearer ");
  expect(ask("/rtc", "bearer " + token({})), 401,
         "invalid authorization header. Must start with Bearer ");
  expect(with("not-a-token"), 401, "invalid authorization token");
  expect(with(signed_token(joining("a", ""))), 400, "no room name");
  expect(with(signed_token(joining("", "r"))), 400, "identity cannot be empty");
  expect(with(signed_token(joining(std::string(257, 'i'), "r"))), 400,
         "participant identity length exceeds limits: max length 256");
  expect(with(signed_token(joining("a", std::string(257, 'r')))), 400,
         "room name length exceeds limits: max length 256");
  auto stranger = joining("a", "r");
  stranger.issuer = "nobody";
  expect(with(signed_token(stranger)), 401, "invalid API key: nobody");
  auto outsider = joining("a", "r");
  outsider.grants->room_join = false;
  expect(with(signed_token(outsider)), 401, "permissions denied");
  auto grantless = joining("a", "r");
  grantless.grants.reset();
  expect(with(signed_token(grantless)), 401, "no permissions to access the room");
}

TEST(Admission, FullLengthNamesAreAllowed) {
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(
      with(signed_token(joining(std::string(256, 'i'), std::string(256, 'r'))))));
}

TEST(Admission, BadTimesAndSignaturesAreToldWithTheToken) {
  const auto expired = token({}, -120);
  expect(with(expired), 401,
         "invalid token: " + expired + ", error: token has invalid claims: token is expired");
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(with(token({}, -30)))) << "60 s of leeway";
  const auto forged = signed_token(joining("a", "r"), "another secret");
  expect(with(forged), 401,
         "invalid token: " + forged + ", error: token signature is invalid: signature is invalid");
  auto claims = joining("a", "r");
  claims.not_before = kEpoch.count() + 300;
  const auto early = signed_token(claims);
  expect(with(early), 401,
         "invalid token: " + early + ", error: token has invalid claims: token is not valid yet");
}

TEST(Admission, ValidateSaysTheSameWithoutAnUpgradeAndToBrowsers) {
  auto good = refused(ask("/rtc/validate?access_token=" + token({}), {}, false));
  EXPECT_EQ(good.status, 200U);
  EXPECT_EQ(good.body, "success");
  EXPECT_TRUE(good.allow_any_origin);
  auto bad = refused(ask("/rtc/validate", {}, false));
  EXPECT_EQ(bad.status, 401U);
  EXPECT_EQ(bad.body, "no permissions to access the room");
  EXPECT_TRUE(bad.allow_any_origin);
}

TEST(Admission, OversizedMetadataIsRefusedByTheUpgradeOnly) {
  Guest heavy;
  heavy.metadata = std::string(512 * 1024 + 1, 'm');
  expect(with(token(heavy)), 500, "connection closed by media");
  EXPECT_EQ(refused(ask("/rtc/validate?access_token=" + token(heavy), {}, false)).status, 200U);
  heavy.metadata.pop_back();
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(with(token(heavy))));
  Guest attributed;
  attributed.attributes["k"] = std::string(64 * 1024, 'v');
  expect(with(token(attributed)), 500, "connection closed by media");
  attributed.attributes["k"].pop_back();
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(with(token(attributed))));
}

TEST(Admission, SinglePeerConnectionClientsAreSentBack) {
  for (const auto* target : {"/rtc/v1?join_request=x", "/rtc/v1/validate?x=1", "/rtc/v1?"}) {
    auto response = refused(ask(std::string(target) + "&access_token=" + token({})));
    EXPECT_EQ(response.status, 404U) << target;
    EXPECT_TRUE(response.allow_any_origin) << "else a browser sees no status";
  }
}

TEST(Admission, OtherPathsAreUnknown) {
  expect(ask("/", {}, false), 200, "OK");
  expect(ask("/rtc/", "Bearer " + token({})), 404, "404 page not found\n");
  expect(ask("/nothing"), 404, "404 page not found\n");
  expect(ask("/rtc?access_token=" + token({}), {}, false), 404, "");
  EXPECT_FALSE(refused(ask("/nothing")).allow_any_origin);
}

}  // namespace
}  // namespace sidetone::server
