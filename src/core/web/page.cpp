#include "core/web/page.hpp"

#include <algorithm>

namespace sidetone::web {
namespace {

// No script but the page's own files, nothing inline, no frame around it. A pasted URL may name any
// room server, and livekit-client asks that one over http as well: hence the open connect-src.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws: wss: http: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kNoToken = R"(name="sidetone-dev-token" content="no")";
constexpr std::string_view kToken = R"(name="sidetone-dev-token" content="yes")";

bool accepts_html(std::string_view accept) {
  constexpr std::string_view kHtml = "text/html";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(accept.begin(), accept.end(), kHtml.begin(), kHtml.end(), same) !=
         accept.end();
}

}  // namespace

std::optional<Response> page(const Request& request,
                             std::span<const Asset> files,
                             bool offers_token) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const auto path = request.target.substr(0, request.target.find('?'));
  if (path == "/" && !accepts_html(request.accept)) return std::nullopt;
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const Asset& each) { return each.path == path; });
  if (file == files.end()) return std::nullopt;

  Response response;
  response.body = file->bytes;
  response.content_type = file->content_type;
  response.headers = {{"Content-Security-Policy", std::string(kPolicy)},
                      {"Permissions-Policy", "microphone=(self)"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-cache"}};
  if (file->gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  if (path == "/") response.headers.emplace_back("Vary", "Accept");
  if (const auto at = response.body.find(kNoToken);
      path == "/" && offers_token && at != std::string::npos)
    response.body.replace(at, kNoToken.size(), kToken);
  return response;
}

}  // namespace sidetone::web
