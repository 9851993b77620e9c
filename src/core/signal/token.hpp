// Access tokens as the server reads them: compact JWS, HS256 only, unpadded base64url, 60 s leeway.
// The order of the checks and the texts of the refusals are livekit-server's (1.13.5), so a client
// sees the same words from both. Source: RFC 7515, RFC 7519, protocol/wire_protocol.md §1.2, §2.5.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sidetone/access_token.hpp"

namespace sidetone::signal {

// Tokens live by the Unix clock; it enters as an argument like every time.
using UnixSeconds = std::chrono::seconds;

// Clocks of token makers and servers differ: a token is good this long before and after its time.
inline constexpr UnixSeconds kTokenLeeway{60};
inline constexpr std::size_t kMaxIdentityBytes = 256;
inline constexpr std::size_t kMaxRoomNameBytes = 256;
// Longer ones are refused unread: metadata and attributes may be 576 KiB together, a third is
// base64.
inline constexpr std::size_t kMaxTokenBytes = std::size_t{1} << 20;

struct Claims {
  std::string issuer;
  std::string identity;
  std::string name;
  std::string kind;
  std::string metadata;
  std::map<std::string, std::string> attributes;
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> expires;
  std::optional<VideoGrants> grants;  // absent: the token has no `video` claim
};

// An HTTP answer that is not an upgrade. The body may repeat the token: mask_tokens before logging.
struct Refusal {
  unsigned status = 401;
  std::string body;
};

using Verdict = std::variant<Claims, Refusal>;
using ApiKeys = std::map<std::string, std::string, std::less<>>;  // API key → secret

std::string mint(const Claims& claims, std::string_view secret);
Verdict verify(std::string_view jwt, const ApiKeys& keys, UnixSeconds now);

// Where a request carries its token: the header wins, even when it is bad.
struct Credentials {
  std::optional<std::string_view> authorization;  // the header's value
  std::string_view access_token;                  // the query parameter
};

// verify() plus what joining needs: the grant, a room and an identity of at most 256 bytes each.
Verdict authorize_join(const Credentials& credentials, const ApiKeys& keys, UnixSeconds now);

// The text with every JWT in it replaced by "<token>": for each log line and error text, since
// servers repeat tokens in their refusals.
std::string mask_tokens(std::string_view text);

}  // namespace sidetone::signal
