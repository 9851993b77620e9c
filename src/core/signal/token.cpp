#include "core/signal/token.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>

#include "core/crypto/base64.hpp"
#include "core/crypto/hash.hpp"

namespace sidetone::signal {
namespace {

namespace json = boost::json;

Refusal refuse(unsigned status, std::string body) {
  return {status, std::move(body)};
}

Refusal not_a_token() {
  return refuse(401, "invalid authorization token");
}

Refusal bad_token(std::string_view jwt, std::string_view why) {
  std::string body = "invalid token: ";
  body.append(jwt).append(", error: ").append(why);
  return refuse(401, std::move(body));
}

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header.payload
};

std::optional<Parts> split(std::string_view jwt) {
  auto first = jwt.find('.');
  if (first == std::string_view::npos) return {};
  auto second = jwt.find('.', first + 1);
  if (second == std::string_view::npos) return {};
  if (jwt.find('.', second + 1) != std::string_view::npos) return {};
  return Parts{jwt.substr(0, first), jwt.substr(first + 1, second - first - 1),
               jwt.substr(second + 1), jwt.substr(0, second)};
}

std::optional<json::object> decode_object(std::string_view part) {
  auto bytes = crypto::base64url_decode(part);
  if (!bytes) return {};
  boost::system::error_code error;
  auto value = json::parse(base::as_text(*bytes), error);
  if (error || !value.is_object()) return {};
  return std::move(value.as_object());
}

std::string text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().c_str(), value->get_string().size()};
}

std::optional<bool> flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_bool()) return {};
  return value->get_bool();
}

// JSON numbers may be written as 1.7e9: RFC 7519 calls them NumericDate.
bool read_date(const json::object& object,
               std::string_view key,
               std::optional<std::int64_t>& into) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return true;
  if (const auto* whole = value->if_int64()) {
    into = *whole;
    return true;
  }
  const auto* real = value->if_double();
  if (real == nullptr || !(std::abs(*real) < 1e15)) return false;
  into = static_cast<std::int64_t>(*real);
  return true;
}

VideoGrants read_grants(const json::object& video) {
  VideoGrants grants;
  grants.room_join = flag(video, "roomJoin").value_or(false);
  grants.room = text(video, "room");
  grants.can_publish = flag(video, "canPublish").value_or(true);
  grants.can_subscribe = flag(video, "canSubscribe").value_or(true);
  grants.can_publish_data = flag(video, "canPublishData");
  grants.can_update_own_metadata = flag(video, "canUpdateOwnMetadata").value_or(false);
  grants.hidden = flag(video, "hidden").value_or(false);
  grants.recorder = flag(video, "recorder").value_or(false);
  grants.agent = flag(video, "agent").value_or(false);
  grants.room_create = flag(video, "roomCreate").value_or(false);
  grants.room_list = flag(video, "roomList").value_or(false);
  grants.room_admin = flag(video, "roomAdmin").value_or(false);
  grants.room_record = flag(video, "roomRecord").value_or(false);
  if (const auto* sources = video.if_contains("canPublishSources"); sources && sources->is_array())
    for (const auto& source : sources->get_array())
      if (source.is_string()) grants.can_publish_sources.emplace_back(source.get_string());
  return grants;
}

std::optional<Claims> read_claims(const json::object& payload) {
  Claims claims;
  claims.issuer = text(payload, "iss");
  claims.identity = text(payload, "sub");
  if (claims.identity.empty()) claims.identity = text(payload, "jti");  // its place in old tokens
  claims.name = text(payload, "name");
  claims.kind = text(payload, "kind");
  claims.metadata = text(payload, "metadata");
  if (!read_date(payload, "nbf", claims.not_before)) return {};
  if (!read_date(payload, "exp", claims.expires)) return {};
  if (const auto* attributes = payload.if_contains("attributes");
      attributes && attributes->is_object())
    for (const auto& [key, value] : attributes->get_object())
      if (value.is_string()) claims.attributes.emplace(key, value.get_string());
  if (const auto* video = payload.if_contains("video"); video && video->is_object())
    claims.grants = read_grants(video->get_object());
  return claims;
}

json::object write_grants(const VideoGrants& grants) {
  json::object video;
  auto yes = [&](std::string_view key, bool value) {
    if (value) video[key] = true;
  };
  yes("roomJoin", grants.room_join);
  if (!grants.room.empty()) video["room"] = grants.room;
  if (!grants.can_publish) video["canPublish"] = false;
  if (!grants.can_subscribe) video["canSubscribe"] = false;
  if (grants.can_publish_data) video["canPublishData"] = *grants.can_publish_data;
  if (!grants.can_publish_sources.empty())
    video["canPublishSources"] =
        json::array(grants.can_publish_sources.begin(), grants.can_publish_sources.end());
  yes("canUpdateOwnMetadata", grants.can_update_own_metadata);
  yes("hidden", grants.hidden);
  yes("recorder", grants.recorder);
  yes("agent", grants.agent);
  yes("roomCreate", grants.room_create);
  yes("roomList", grants.room_list);
  yes("roomAdmin", grants.room_admin);
  yes("roomRecord", grants.room_record);
  return video;
}

json::object write_claims(const Claims& claims) {
  json::object payload;
  if (claims.grants) payload["video"] = write_grants(*claims.grants);
  payload["iss"] = claims.issuer;
  if (claims.expires) payload["exp"] = *claims.expires;
  if (claims.not_before) payload["nbf"] = *claims.not_before;
  payload["sub"] = claims.identity;
  if (!claims.name.empty()) payload["name"] = claims.name;
  if (!claims.kind.empty()) payload["kind"] = claims.kind;
  if (!claims.metadata.empty()) payload["metadata"] = claims.metadata;
  if (!claims.attributes.empty()) {
    json::object attributes;
    for (const auto& [key, value] : claims.attributes) attributes[key] = value;
    payload["attributes"] = std::move(attributes);
  }
  return payload;
}

bool is_token_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

std::string mint(const Claims& claims, std::string_view secret) {
  auto encode = [](std::string_view part) {
    return crypto::base64url_encode(base::as_bytes(part));
  };
  auto signed_text = encode(R"({"alg":"HS256","typ":"JWT"})") + '.' +
                     encode(json::serialize(write_claims(claims)));
  auto mac = crypto::hmac_sha256(base::as_bytes(secret), base::as_bytes(signed_text));
  return signed_text + '.' + crypto::base64url_encode(mac);
}

Verdict verify(std::string_view jwt, const ApiKeys& keys, UnixSeconds now) {
  if (jwt.size() > kMaxTokenBytes) return not_a_token();
  auto parts = split(jwt);
  if (!parts) return not_a_token();
  auto header = decode_object(parts->header);
  auto payload = decode_object(parts->payload);
  auto signature = crypto::base64url_decode(parts->signature);
  if (!header || !payload || !signature) return not_a_token();
  auto claims = read_claims(*payload);
  if (!claims) return not_a_token();

  auto key = keys.find(claims->issuer);
  if (key == keys.end()) return refuse(401, "invalid API key: " + claims->issuer);
  if (auto algorithm = text(*header, "alg"); algorithm != "HS256")
    return bad_token(jwt,
                     "token signature is invalid: signing method " + algorithm + " is invalid");
  auto mac = crypto::hmac_sha256(base::as_bytes(key->second), base::as_bytes(parts->signed_text));
  if (!crypto::constant_time_equal(mac, *signature))
    return bad_token(jwt, "token signature is invalid: signature is invalid");

  // Compared by subtraction from `now`, which is small, so that no claim can overflow.
  if (claims->expires && *claims->expires <= (now - kTokenLeeway).count())
    return bad_token(jwt, "token has invalid claims: token is expired");
  if (claims->not_before && *claims->not_before > (now + kTokenLeeway).count())
    return bad_token(jwt, "token has invalid claims: token is not valid yet");
  return *std::move(claims);
}

Verdict authorize_join(const Credentials& credentials, const ApiKeys& keys, UnixSeconds now) {
  constexpr std::string_view kBearer = "Bearer ";
  auto jwt = credentials.access_token;
  if (credentials.authorization && !credentials.authorization->empty()) {
    if (!credentials.authorization->starts_with(kBearer))
      return refuse(401, "invalid authorization header. Must start with Bearer ");
    jwt = credentials.authorization->substr(kBearer.size());
  }
  if (jwt.empty()) return refuse(401, "no permissions to access the room");

  auto verdict = verify(jwt, keys, now);
  const auto* claims = std::get_if<Claims>(&verdict);
  if (claims == nullptr) return verdict;
  if (!claims->grants) return refuse(401, "no permissions to access the room");
  if (!claims->grants->room_join) return refuse(401, "permissions denied");
  if (claims->grants->room.empty()) return refuse(400, "no room name");
  if (claims->identity.empty()) return refuse(400, "identity cannot be empty");
  if (claims->identity.size() > kMaxIdentityBytes)
    return refuse(400, "participant identity length exceeds limits: max length 256");
  if (claims->grants->room.size() > kMaxRoomNameBytes)
    return refuse(400, "room name length exceeds limits: max length 256");
  return verdict;
}

std::string mask_tokens(std::string_view text) {
  // Each JSON object that begins with a quoted key is "eyJ…" in base64; a cut-off token is one too.
  constexpr std::string_view kStart = "eyJ";
  constexpr std::size_t kShortest = 12;
  std::string masked;
  for (;;) {
    auto at = text.find(kStart);
    if (at == std::string_view::npos) break;
    auto end = at;
    while (end < text.size() && is_token_letter(text[end])) ++end;
    masked.append(text.substr(0, at));
    if (end - at >= kShortest)
      masked.append("<token>");
    else
      masked.append(text.substr(at, end - at));
    text.remove_prefix(end);
  }
  return masked.append(text);
}

}  // namespace sidetone::signal
