// A token for anybody who asks: only for trying things out on one machine. It answers
//
//   GET or POST /dev/token?room=ROOM&identity=NAME   →   {"token": "…"}
//
// when the server was started for it, the connection comes from this machine, and `Host` names this
// machine: a page of the wide web whose name was made to mean 127.0.0.1 (DNS rebinding) carries its
// own name there. No CORS header, so that no other page can read the answer. In every other case
// the path does not exist. No state; any thread. Source: architecture.md §8.
#pragma once

#include <optional>
#include <string_view>

#include "core/signal/token.hpp"
#include "core/web/message.hpp"

namespace sidetone::web {

struct DevToken {
  bool enabled = false;
  std::string api_key;
  std::string api_secret;
};

// "127.0.0.1", "localhost" or "[::1]", with any port or none.
bool is_loopback_host(std::string_view host);

// Whether this request may have a token: what the page is told.
bool offers_token(const DevToken& maker, const Request& request);

// Nothing: not this path, or no token for this request. 400 in words for a room or an identity that
// is empty, too long or no UTF-8.
std::optional<Response> dev_token(const DevToken& maker,
                                  const Request& request,
                                  signal::UnixSeconds now);

}  // namespace sidetone::web
