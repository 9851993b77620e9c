#include "core/web/dev_token.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/signal/url.hpp"

namespace sidetone::web {
namespace {

namespace json = boost::json;

constexpr signal::UnixSeconds kLife = std::chrono::hours(6);  // as long as AccessToken's

// The JSON parser is the strictest reader of UTF-8 at hand, and the one that will read the token.
bool is_utf8(std::string_view text) {
  boost::system::error_code error;
  json::parse(json::serialize(json::string(text)), error);
  return !error;
}

Response wrong(std::string_view name, std::size_t limit) {
  return {400, std::string(name) + " must be UTF-8 of 1 to " + std::to_string(limit) + " bytes"};
}

bool fits(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit && is_utf8(text);
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos)
      return false;
    host = host.substr(0, colon);
  }
  constexpr std::string_view kName = "localhost";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return host == "127.0.0.1" || host == "[::1]" ||
         std::equal(host.begin(), host.end(), kName.begin(), kName.end(), same);
}

bool offers_token(const DevToken& maker, const Request& request) {
  return maker.enabled && request.from_loopback && is_loopback_host(request.host);
}

std::optional<Response> dev_token(const DevToken& maker,
                                  const Request& request,
                                  signal::UnixSeconds now) {
  if (!offers_token(maker, request)) return std::nullopt;
  if (request.method != "GET" && request.method != "POST") return std::nullopt;
  const auto target = signal::parse_target(request.target);
  if (target.path != "/dev/token") return std::nullopt;
  const auto room = target.parameter("room");
  const auto identity = target.parameter("identity");
  if (!fits(room, signal::kMaxRoomNameBytes)) return wrong("room", signal::kMaxRoomNameBytes);
  if (!fits(identity, signal::kMaxIdentityBytes))
    return wrong("identity", signal::kMaxIdentityBytes);

  signal::Claims claims;
  claims.issuer = maker.api_key;
  claims.identity = identity;
  claims.expires = (now + kLife).count();
  claims.grants = VideoGrants{};
  claims.grants->room_join = true;
  claims.grants->room = room;
  return Response{200,
                  json::serialize(json::object{{"token", signal::mint(claims, maker.api_secret)}}),
                  "application/json",
                  {{"Cache-Control", "no-store"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

}  // namespace sidetone::web
