// A LiveKit access token: who may join which room, and what they may do there. A JSON Web Token
// (RFC 7519) signed with HMAC-SHA256 by the API secret. Plain value, any thread, no I/O.
//
// Errors: to_jwt and verify throw boost::system::system_error; verify's what() says why, with the
// words of livekit-server and never the token itself.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <sidetone/export.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sidetone {
inline namespace v0 {

// The `video` claim. Defaults are the server's for an absent key.
struct VideoGrants {
  bool room_join = false;  // must be true to join
  std::string room = {};   // must be named to join
  bool can_publish = true;
  bool can_subscribe = true;
  std::optional<bool> can_publish_data = {};          // absent: as can_publish
  std::vector<std::string> can_publish_sources = {};  // "microphone", "camera", …; empty: all
  bool can_update_own_metadata = false;
  bool hidden = false;  // not announced to the others
  bool recorder = false;
  bool agent = false;
  bool room_create = false;  // the remaining ones are for the server's HTTP API
  bool room_list = false;
  bool room_admin = false;
  bool room_record = false;

  friend bool operator==(const VideoGrants&, const VideoGrants&) = default;
};

struct SIDETONE_API AccessToken {
  std::string api_key = {};     // `iss`: selects the secret
  std::string api_secret = {};  // used as it is, never decoded; absent after verify()
  std::string identity = {};    // `sub`, unique in a room
  std::string name = {};        // shown to people
  std::chrono::seconds ttl = std::chrono::hours(6);
  VideoGrants grants = {};
  std::map<std::string, std::string> attributes = {};
  std::string metadata = {};
  std::string kind = {};  // "agent", "sip", …; empty: a standard participant

  // Throws invalid_argument when api_key or api_secret is empty, the ttl is not positive, or a text
  // is longer than the server takes (identity and room 256 bytes).
  std::string to_jwt(
      std::chrono::system_clock::time_point now = std::chrono::system_clock::now()) const;

  // Checks signature, algorithm, expiry and start (60 s leeway); throws unauthorized with the
  // reason. `ttl` becomes what is left of the token's life.
  static AccessToken verify(
      std::string_view jwt,
      std::string_view api_key,
      std::string_view api_secret,
      std::chrono::system_clock::time_point now = std::chrono::system_clock::now());
};

}  // namespace v0
}  // namespace sidetone
