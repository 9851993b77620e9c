#include "core/signal/token.hpp"

#include <gtest/gtest.h>

#include "core/crypto/base64.hpp"
#include "core/crypto/hash.hpp"

namespace sidetone::signal {
namespace {

using std::chrono::seconds;

constexpr seconds kNow{1'000'000};
const ApiKeys kKeys{{"devkey", "secret"}};

// Made with Python's hmac module, not with our code.
constexpr std::string_view kKnown =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6InIifSwiaXNzIjoiZGV2a2V5IiwiZXhwIjoxMDAwNjAwLCJuYm"
    "YiOjEwMDAwMDAsInN1YiI6Im1lIn0.iNuGd7Iu44I82AnpyDatA-3vEYdVWhX9giahLsw-QtY";
constexpr std::string_view kHs512 =
    "eyJhbGciOiJIUzUxMiJ9."
    "eyJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6InIifSwiaXNzIjoiZGV2a2V5Iiwic3ViIjoibWUifQ."
    "FGy96hBMCm6IVBWIZofKUmIq0xtdKN6lti_8GykpDJ8";
constexpr std::string_view kNone =
    "eyJhbGciOiJub25lIn0."
    "eyJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6InIifSwiaXNzIjoiZGV2a2V5Iiwic3ViIjoibWUifQ."
    "5zKj9K0ATFtkJqLBEcsQb3IRUXHSrzcO7UbhQ75qYgQ";

Claims simple() {
  Claims claims;
  claims.issuer = "devkey";
  claims.identity = "me";
  claims.not_before = 1'000'000;
  claims.expires = 1'000'600;
  claims.grants.emplace();
  claims.grants->room_join = true;
  claims.grants->room = "r";
  return claims;
}

std::string signed_token(std::string_view header, std::string_view payload) {
  auto text = crypto::base64url_encode(base::as_bytes(header)) + '.' +
              crypto::base64url_encode(base::as_bytes(payload));
  auto mac = crypto::hmac_sha256(base::as_bytes("secret"), base::as_bytes(text));
  return text + '.' + crypto::base64url_encode(mac);
}

Refusal refused(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal ? *refusal : Refusal{0, "accepted"};
}

Refusal join(std::string_view jwt, seconds now = kNow) {
  return refused(authorize_join({std::nullopt, jwt}, kKeys, now));
}

std::string invalid(std::string_view jwt, std::string_view why) {
  return "invalid token: " + std::string(jwt) + ", error: " + std::string(why);
}

TEST(Token, MintsTheKnownAnswer) {
  EXPECT_EQ(mint(simple(), "secret"), kKnown);
}

TEST(Token, ReadsEveryClaimItWrites) {
  auto claims = simple();
  claims.name = "Ada \"the first\"";
  claims.kind = "agent";
  claims.metadata = "{\"a\":1}";
  claims.attributes = {{"lang", "de"}, {"x", ""}};
  claims.grants->can_publish = false;
  claims.grants->can_subscribe = false;
  claims.grants->can_publish_data = true;
  claims.grants->can_publish_sources = {"microphone", "camera"};
  claims.grants->can_update_own_metadata = true;
  claims.grants->hidden = true;
  claims.grants->recorder = true;
  claims.grants->agent = true;
  claims.grants->room_create = true;
  claims.grants->room_list = true;
  claims.grants->room_admin = true;
  claims.grants->room_record = true;
  auto verdict = verify(mint(claims, "secret"), kKeys, kNow);
  ASSERT_TRUE(std::holds_alternative<Claims>(verdict)) << refused(verdict).body;
  const auto& read = std::get<Claims>(verdict);
  EXPECT_EQ(read.identity, "me");
  EXPECT_EQ(read.name, claims.name);
  EXPECT_EQ(read.kind, "agent");
  EXPECT_EQ(read.metadata, claims.metadata);
  EXPECT_EQ(read.attributes, claims.attributes);
  EXPECT_EQ(read.expires, claims.expires);
  EXPECT_EQ(read.not_before, claims.not_before);
  EXPECT_EQ(read.grants, claims.grants);
}

TEST(Token, AnExpiredTokenLivesOneMinuteLonger) {
  EXPECT_EQ(join(kKnown, seconds(1'000'659)).status, 0U);
  auto refusal = join(kKnown, seconds(1'000'660));
  EXPECT_EQ(refusal.status, 401U);
  EXPECT_EQ(refusal.body, invalid(kKnown, "token has invalid claims: token is expired"));
}

TEST(Token, ATokenOfTheFutureIsTakenOneMinuteEarly) {
  EXPECT_EQ(join(kKnown, seconds(999'940)).status, 0U);
  EXPECT_EQ(join(kKnown, seconds(999'939)).body,
            invalid(kKnown, "token has invalid claims: token is not valid yet"));
}

TEST(Token, WithoutExpiryItDoesNotExpire) {
  auto claims = simple();
  claims.expires.reset();
  EXPECT_EQ(join(mint(claims, "secret"), seconds(5'000'000'000)).status, 0U);
}

TEST(Token, AnotherSecretIsAnInvalidSignature) {
  auto jwt = mint(simple(), "guess");
  EXPECT_EQ(join(jwt).status, 401U);
  EXPECT_EQ(join(jwt).body, invalid(jwt, "token signature is invalid: signature is invalid"));
}

TEST(Token, AnyChangedLetterIsRefused) {
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    std::string changed(kKnown);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(join(changed).status, 401U) << i;
  }
}

TEST(Token, OnlyHs256IsASignature) {
  EXPECT_EQ(join(kHs512).body,
            invalid(kHs512, "token signature is invalid: signing method HS512 is invalid"));
  EXPECT_EQ(join(kNone).body,
            invalid(kNone, "token signature is invalid: signing method none is invalid"));
}

TEST(Token, PaddedPartsAreNoToken) {
  EXPECT_EQ(join(std::string(kKnown) + "=").body, "invalid authorization token");
}

TEST(Token, WhatIsNoTokenIsCalledSo) {
  for (std::string_view text : {"x", "a.b", "a.b.c", "..", "a.b.c.d", "e30.e30.e30.e30"})
    EXPECT_EQ(join(text).body, "invalid authorization token") << text;
  EXPECT_EQ(join(signed_token("[]", "{}")).body, "invalid authorization token");
  EXPECT_EQ(join(signed_token(R"({"alg":"HS256"})", R"({"iss":"devkey","exp":"soon"})")).body,
            "invalid authorization token");
  EXPECT_EQ(join(std::string(kMaxTokenBytes + 1, 'a')).body, "invalid authorization token");
}

TEST(Token, AnUnknownKeyIsNamed) {
  auto claims = simple();
  claims.issuer = "other";
  EXPECT_EQ(join(mint(claims, "secret")).body, "invalid API key: other");
}

TEST(Token, DatesMayBeWrittenAsReals) {
  auto jwt = signed_token(R"({"alg":"HS256"})", R"({"iss":"devkey","sub":"me","exp":1.0006e6})");
  EXPECT_TRUE(std::holds_alternative<Claims>(verify(jwt, kKeys, kNow)));
  EXPECT_FALSE(std::holds_alternative<Claims>(verify(jwt, kKeys, seconds(1'000'660))));
}

TEST(Token, HugeDatesDoNotOverflow) {
  for (std::string_view exp : {"9223372036854775807", "-9223372036854775808"}) {
    auto jwt = signed_token(R"({"alg":"HS256"})", R"({"iss":"devkey","sub":"me","exp":)" +
                                                      std::string(exp) + R"(,"nbf":)" +
                                                      std::string(exp) + "}");
    EXPECT_EQ(refused(verify(jwt, kKeys, kNow)).status, 401U);
  }
}

TEST(Token, TheIdentityMayStandInJti) {
  auto jwt = signed_token(R"({"alg":"HS256"})",
                          R"({"iss":"devkey","jti":"old","video":{"roomJoin":true,"room":"r"}})");
  auto verdict = authorize_join({std::nullopt, jwt}, kKeys, kNow);
  ASSERT_TRUE(std::holds_alternative<Claims>(verdict));
  EXPECT_EQ(std::get<Claims>(verdict).identity, "old");
}

TEST(AuthorizeJoin, SaysWhatIsMissing) {
  auto with = [](auto change) {
    auto claims = simple();
    change(claims);
    return join(mint(claims, "secret"));
  };
  EXPECT_EQ(join("").body, "no permissions to access the room");
  EXPECT_EQ(with([](Claims& c) { c.grants.reset(); }).body, "no permissions to access the room");
  EXPECT_EQ(with([](Claims& c) { c.grants->room_join = false; }).body, "permissions denied");
  auto no_room = with([](Claims& c) { c.grants->room.clear(); });
  EXPECT_EQ(no_room.status, 400U);
  EXPECT_EQ(no_room.body, "no room name");
  auto nobody = with([](Claims& c) { c.identity.clear(); });
  EXPECT_EQ(nobody.status, 400U);
  EXPECT_EQ(nobody.body, "identity cannot be empty");
}

TEST(AuthorizeJoin, IdentityAndRoomMayHave256Bytes) {
  auto claims = simple();
  claims.identity.assign(256, 'i');
  claims.grants->room.assign(256, 'r');
  EXPECT_EQ(join(mint(claims, "secret")).status, 0U);
  claims.identity.assign(257, 'i');
  EXPECT_EQ(join(mint(claims, "secret")).body,
            "participant identity length exceeds limits: max length 256");
  claims.identity = "me";
  claims.grants->room.assign(257, 'r');
  EXPECT_EQ(join(mint(claims, "secret")).body, "room name length exceeds limits: max length 256");
}

TEST(AuthorizeJoin, TheHeaderWinsOverTheQuery) {
  auto header = "Bearer " + std::string(kKnown);
  EXPECT_EQ(refused(authorize_join({header, "bad"}, kKeys, kNow)).status, 0U);
  EXPECT_EQ(refused(authorize_join({"Bearer bad", kKnown}, kKeys, kNow)).body,
            "invalid authorization token");
  EXPECT_EQ(refused(authorize_join({"bearer " + std::string(kKnown), kKnown}, kKeys, kNow)).body,
            "invalid authorization header. Must start with Bearer ");
}

TEST(MaskTokens, LeavesNoLetterOfAToken) {
  auto text = join(mint(simple(), "guess")).body;
  auto masked = mask_tokens(text);
  EXPECT_EQ(masked,
            "invalid token: <token>, error: token signature is invalid: signature is invalid");
  EXPECT_EQ(mask_tokens("GET /rtc?access_token=" + std::string(kKnown) + "&sdk=cpp"),
            "GET /rtc?access_token=<token>&sdk=cpp");
  EXPECT_EQ(mask_tokens("two: " + std::string(kKnown) + " " + std::string(kNone)),
            "two: <token> <token>");
}

TEST(MaskTokens, ACutTokenIsMaskedToo) {
  EXPECT_EQ(mask_tokens("bad " + std::string(kKnown.substr(0, 40))), "bad <token>");
}

TEST(MaskTokens, OrdinaryTextStays) {
  EXPECT_EQ(mask_tokens("the room eyJ is closed."), "the room eyJ is closed.");
  EXPECT_EQ(mask_tokens(""), "");
}

}  // namespace
}  // namespace sidetone::signal
