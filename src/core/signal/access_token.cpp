#include "sidetone/access_token.hpp"

#include "core/signal/token.hpp"
#include "sidetone/error.hpp"

namespace sidetone {
inline namespace v0 {
namespace {

std::chrono::seconds unix_seconds(std::chrono::system_clock::time_point at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
}

void require(bool holds, const std::string& rule) {
  if (!holds) throw make_error(errc::invalid_argument, rule);
}

}  // namespace

std::string AccessToken::to_jwt(std::chrono::system_clock::time_point now) const {
  require(!api_key.empty(), "api_key is empty; it must name the key that signs the token");
  require(!api_secret.empty(), "api_secret is empty; it must be the key's secret");
  require(ttl > std::chrono::seconds(0),
          "ttl is " + std::to_string(ttl.count()) + " s; it must be positive");
  require(identity.size() <= signal::kMaxIdentityBytes,
          "identity has " + std::to_string(identity.size()) + " bytes; at most 256 are allowed");
  require(grants.room.size() <= signal::kMaxRoomNameBytes,
          "room has " + std::to_string(grants.room.size()) + " bytes; at most 256 are allowed");
  require(!grants.room_join || !identity.empty(),
          "identity is empty; a token that grants room_join needs one");
  signal::Claims claims;
  claims.issuer = api_key;
  claims.identity = identity;
  claims.name = name;
  claims.kind = kind;
  claims.metadata = metadata;
  claims.attributes = attributes;
  claims.not_before = unix_seconds(now).count();
  claims.expires = (unix_seconds(now) + ttl).count();
  claims.grants = grants;
  return signal::mint(claims, api_secret);
}

AccessToken AccessToken::verify(std::string_view jwt,
                                std::string_view api_key,
                                std::string_view api_secret,
                                std::chrono::system_clock::time_point now) {
  signal::ApiKeys keys{{std::string(api_key), std::string(api_secret)}};
  auto verdict = signal::verify(jwt, keys, unix_seconds(now));
  if (const auto* refusal = std::get_if<signal::Refusal>(&verdict))
    throw make_error(errc::unauthorized, signal::mask_tokens(refusal->body));
  auto& claims = std::get<signal::Claims>(verdict);
  AccessToken token;
  token.api_key = std::move(claims.issuer);
  token.identity = std::move(claims.identity);
  token.name = std::move(claims.name);
  token.kind = std::move(claims.kind);
  token.metadata = std::move(claims.metadata);
  token.attributes = std::move(claims.attributes);
  token.ttl = claims.expires ? std::chrono::seconds(*claims.expires) - unix_seconds(now)
                             : std::chrono::seconds::max();
  if (claims.grants) token.grants = *std::move(claims.grants);
  return token;
}

}  // namespace v0
}  // namespace sidetone
