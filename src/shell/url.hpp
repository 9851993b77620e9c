// http, https, ws and wss URLs as people type them (RFC 3986): for checking one before it is used,
// and for the proxy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace sidetone::shell {

struct Url {
  std::string scheme;     // "http", "https", "ws" or "wss"
  std::string user_info;  // "user:password", may be empty
  std::string host;       // a name or an address, without brackets
  std::uint16_t port = 0;
  std::string path;  // with the query; empty or begins with '/'

  bool is_tls() const { return scheme == "https" || scheme == "wss"; }
};

// The URL, or a sentence that says what is wrong with it.
std::variant<Url, std::string> parse_url(std::string_view text);

}  // namespace sidetone::shell
