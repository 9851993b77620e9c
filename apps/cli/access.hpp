// Who we are towards a server: URL, key, secret, token, from options, files and the environment
// that LiveKit's own tools read (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_TOKEN).
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <sidetone/access_token.hpp>
#include <sidetone/room.hpp>
#include <string>
#include <vector>

namespace sidetone::cli {

struct Access {
  std::string url;
  std::string api_key;
  std::string api_secret;
  std::string secret_file;
  std::string token;
  std::string token_file;
  std::string ca_file;
  std::vector<std::string> ice_servers;
  std::string ice_username;
  std::string ice_credential;
  std::string ice_policy = "all";

  // --key, --secret, --secret-file
  void add_key_options(CLI::App& command);
  // The above, --url, --token, --token-file, --ca-file and those that begin with --ice
  void add_join_options(CLI::App& command);

  // The secret itself, read from its file if need be. Throws UsageError when there is none.
  std::string secret() const;
  // --token, or one made of key and secret for this room and identity. Throws UsageError with what
  // is missing.
  std::string token_for(const std::string& room, const std::string& identity) const;
  // Throws UsageError when none was given.
  const std::string& server() const;
  // Joins; Ctrl-C gives it up. Throws what connect throws, and std::runtime_error when the token
  // opens another room than the one that was named, or is another's.
  void join(Runtime& runtime,
            Room& call,
            const std::string& room,
            const std::string& identity) const;
};

// "90s", "15m", "6h", "1d" or plain seconds. Throws UsageError.
std::chrono::seconds parse_duration(const std::string& text);

}  // namespace sidetone::cli
