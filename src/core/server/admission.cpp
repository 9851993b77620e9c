#include "core/server/admission.hpp"

#include <charconv>

#include "core/signal/url.hpp"

namespace sidetone::server {
namespace {

HttpResponse text(unsigned status, std::string body, bool allow_any_origin = false) {
  return {status, std::move(body), "text/plain; charset=utf-8", allow_any_origin};
}

HttpResponse unknown_path(bool allow_any_origin = false) {
  return text(404, "404 page not found\n", allow_any_origin);
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool is_on(std::string_view value, bool otherwise) {
  if (value.empty()) return otherwise;
  return value == "1" || value == "true";
}

std::size_t attribute_bytes(const signal::Claims& claims) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : claims.attributes) bytes += key.size() + value.size();
  return bytes;
}

Admission authorize(const HttpRequest& request,
                    const signal::RequestTarget& target,
                    const signal::ApiKeys& keys,
                    signal::UnixSeconds now) {
  signal::Credentials credentials;
  if (!request.authorization.empty()) credentials.authorization = request.authorization;
  credentials.access_token = target.parameter("access_token");
  auto verdict = signal::authorize_join(credentials, keys, now);
  if (const auto* refusal = std::get_if<signal::Refusal>(&verdict))
    return text(refusal->status, refusal->body);
  JoinRequest join;
  join.claims = std::get<signal::Claims>(std::move(verdict));
  join.protocol = number(target.parameter("protocol"));
  join.client_protocol = number(target.parameter("client_protocol"));
  join.auto_subscribe = is_on(target.parameter("auto_subscribe"), true);
  join.reconnect = is_on(target.parameter("reconnect"), false);
  return join;
}

}  // namespace

Admission admit(const HttpRequest& request,
                const signal::ApiKeys& keys,
                signal::UnixSeconds now,
                const Limits& limits) {
  auto target = signal::parse_target(request.target);
  std::string_view path = target.path;
  if (path.starts_with("//")) path.remove_prefix(1);  // a user's URL that ended in a slash
  if (path == "/") return text(200, "OK");
  if (path == "/rtc/v1" || path == "/rtc/v1/validate") return unknown_path(true);
  if (path == "/rtc/validate") {
    auto admission = authorize(request, target, keys, now);
    auto answer = std::holds_alternative<JoinRequest>(admission)
                      ? text(200, "success")
                      : std::get<HttpResponse>(std::move(admission));
    answer.allow_any_origin = true;
    return answer;
  }
  if (path != "/rtc") return unknown_path();
  if (!request.upgrade) return text(404, "");
  auto admission = authorize(request, target, keys, now);
  if (const auto* join = std::get_if<JoinRequest>(&admission))
    if (join->claims.metadata.size() > limits.metadata_bytes ||
        attribute_bytes(join->claims) > limits.attributes_bytes)
      return text(500, "connection closed by media");
  return admission;
}

}  // namespace sidetone::server
