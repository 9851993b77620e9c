// What an HTTP request to the server becomes: an answer, or a participant at the door. The checks,
// their order, statuses and bodies are the real server's (wire_protocol §1.2, §2.1, §2.5);
// `/rtc/v1` answers 404, so that official clients fall back to `/rtc` with two peer connections
// (docs/decisions/rtc-v1.md). No state; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/time.hpp"
#include "core/server/limits.hpp"
#include "core/signal/token.hpp"

namespace sidetone::server {

struct HttpRequest {
  std::string_view method;
  std::string_view target;         // path and query
  std::string_view authorization;  // the header's value; empty: none
  bool upgrade = false;            // asks for a WebSocket
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  bool allow_any_origin =
      false;  // Access-Control-Allow-Origin: *, without which a browser cannot read the status
};

// A verified participant who may join `claims.grants->room`.
struct JoinRequest {
  signal::Claims claims;
  int protocol = 0;
  int client_protocol = 0;
  bool auto_subscribe = true;
  bool reconnect = false;  // resume: only the signalling connection is new
};

using Admission = std::variant<HttpResponse, JoinRequest>;

// A JoinRequest only for an upgrade of /rtc whose token is good.
Admission admit(const HttpRequest& request,
                const signal::ApiKeys& keys,
                signal::UnixSeconds now,
                const Limits& limits);

}  // namespace sidetone::server
