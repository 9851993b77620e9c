#include "apps/cli/access.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>
#include <sstream>

#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

// A secret as it stands in a file: without the newline that editors add.
std::string read_secret(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError("'" + path + "' cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  auto secret = text.str();
  while (!secret.empty() &&
         (secret.back() == '\n' || secret.back() == '\r' || secret.back() == ' '))
    secret.pop_back();
  if (secret.empty()) throw UsageError("'" + path + "' is empty");
  return secret;
}

}  // namespace

void Access::add_key_options(CLI::App& command) {
  command.add_option("--key", api_key, "API key")->envname("LIVEKIT_API_KEY");
  auto* secret =
      command
          .add_option("--secret", api_secret, "API secret (others can see it in the process list)")
          ->envname("LIVEKIT_API_SECRET");
  command.add_option("--secret-file", secret_file, "file that holds the API secret")
      ->excludes(secret);
}

void Access::add_join_options(CLI::App& command) {
  command.add_option("--url", url, "server, e.g. ws://127.0.0.1:7880")->envname("LIVEKIT_URL");
  add_key_options(command);
  auto* given = command.add_option("--token", token, "access token, in place of key and secret")
                    ->envname("LIVEKIT_TOKEN");
  command.add_option("--token-file", token_file, "file that holds the access token")
      ->excludes(given);
  command.add_option("--ca-file", ca_file,
                     "PEM file of the authority that signed the server's certificate");
  auto* servers = command.add_option(
      "--ice-server", ice_servers,
      "STUN or TURN server in place of those the room's server names, e.g. "
      "turn:192.0.2.1:3478?transport=udp (or tcp), turns:turn.example.org; may be repeated");
  command.add_option("--ice-username", ice_username, "user of the TURN servers")->needs(servers);
  command
      .add_option("--ice-credential", ice_credential,
                  "their password (others can see it in the process list)")
      ->envname("SIDETONE_ICE_CREDENTIAL");
  command.add_option("--ice-policy", ice_policy, "all, or relay: through TURN servers only")
      ->check(CLI::IsMember({"all", "relay"}));
}

std::string Access::secret() const {
  if (!secret_file.empty()) return read_secret(secret_file);
  if (api_secret.empty())
    throw UsageError(
        "no API secret: give --secret-file, or set LIVEKIT_API_SECRET (the server was started with "
        "one)");
  return api_secret;
}

std::string Access::token_for(const std::string& room, const std::string& identity) const {
  if (!token_file.empty()) return read_secret(token_file);
  if (!token.empty()) return token;
  if (api_key.empty())
    throw UsageError(
        "no token and no API key: give --token, or --key with --secret-file, or set LIVEKIT_TOKEN "
        "or "
        "LIVEKIT_API_KEY and LIVEKIT_API_SECRET");
  if (room.empty()) throw UsageError("--room is needed to make a token");
  if (identity.empty()) throw UsageError("--identity is needed to make a token");
  AccessToken made;
  made.api_key = api_key;
  made.api_secret = secret();
  made.identity = identity;
  made.grants.room_join = true;
  made.grants.room = room;
  return made.to_jwt();
}

const std::string& Access::server() const {
  if (url.empty())
    throw UsageError("no server: give --url or set LIVEKIT_URL, e.g. ws://127.0.0.1:7880");
  return url;
}

void Access::join(Runtime& runtime,
                  Room& call,
                  const std::string& room,
                  const std::string& identity) const {
  ConnectOptions options;
  options.ca_file = ca_file;
  if (!ice_servers.empty()) options.ice_servers = {{ice_servers, ice_username, ice_credential}};
  if (ice_policy == "relay") options.ice_policy = IcePolicy::relay;
  const auto token_text = token_for(room, identity);
  auto cancel = std::make_shared<boost::asio::cancellation_signal>();
  auto outcome = std::make_shared<std::promise<error_code>>();
  auto joined = outcome->get_future();
  call.async_connect(
      server(), token_text, options,
      boost::asio::bind_cancellation_slot(
          cancel->slot(), [cancel, outcome](error_code ec) { outcome->set_value(ec); }));
  while (joined.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    if (!Interrupt::asked()) continue;
    // Where the handler runs: a signal belongs to one thread.
    boost::asio::post(runtime.event_executor(),
                      [cancel] { cancel->emit(boost::asio::cancellation_type::all); });
    joined.wait();
    throw std::runtime_error("interrupted while joining");
  }
  if (const auto ec = joined.get()) throw boost::system::system_error(ec, call.failure());
  const auto wrong = [](const char* what, const std::string& is, const std::string& named) {
    throw std::runtime_error("the token is for " + std::string(what) + " '" + is + "', not '" +
                             named + "'");
  };
  if (!room.empty() && call.name() != room) wrong("room", call.name(), room);
  const auto self = call.local_participant().identity();
  if (!identity.empty() && self != identity) wrong("identity", self, identity);
}

std::chrono::seconds parse_duration(const std::string& text) {
  std::size_t used = 0;
  long long number = 0;
  try {
    number = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = text.substr(used);
  const long long scale = unit.empty() || unit == "s" ? 1
                          : unit == "m"               ? 60
                          : unit == "h"               ? 3600
                          : unit == "d"               ? 86400
                                                      : 0;
  if (used == 0 || number <= 0 || scale == 0 || number > 86400LL * 3650 / scale)
    throw UsageError("'" + text + "' is no duration; write 90s, 15m, 6h or 1d");
  return std::chrono::seconds(number * scale);
}

}  // namespace sidetone::cli
