#include <iostream>

#include "apps/cli/access.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

struct Token {
  Access access;
  AccessToken token;
  std::string ttl = "6h";
  bool no_publish = false;
  bool no_subscribe = false;
  bool json = false;

  int run() {
    if (access.api_key.empty()) throw UsageError("no API key: give --key or set LIVEKIT_API_KEY");
    token.api_key = access.api_key;
    token.api_secret = access.secret();
    token.ttl = parse_duration(ttl);
    token.grants.room_join = true;
    token.grants.can_publish = !no_publish;
    token.grants.can_subscribe = !no_subscribe;
    const auto jwt = token.to_jwt();
    if (json)
      print_json({{"token", jwt},
                  {"identity", token.identity},
                  {"room", token.grants.room},
                  {"ttl_s", token.ttl.count()}});
    else
      std::cout << jwt << std::endl;
    return 0;
  }
};

}  // namespace

void add_token(CLI::App& app, Action& chosen) {
  auto token = std::make_shared<Token>();
  auto* command = app.add_subcommand("token", "make an access token");
  command->add_option("--room", token->token.grants.room, "the room it opens")->required();
  command->add_option("--identity", token->token.identity, "who joins with it")->required();
  command->add_option("--name", token->token.name, "shown to people");
  command->add_option("--metadata", token->token.metadata, "any text");
  command->add_option("--ttl", token->ttl, "how long it is good: 90s, 15m, 6h, 1d")
      ->capture_default_str();
  command->add_flag("--hidden", token->token.grants.hidden, "not announced to the others");
  command->add_flag("--no-publish", token->no_publish, "may not publish");
  command->add_flag("--no-subscribe", token->no_subscribe, "may not subscribe");
  command->add_flag("--update-own-metadata", token->token.grants.can_update_own_metadata,
                    "may change its metadata");
  token->access.add_key_options(*command);
  command->add_flag("--json", token->json, "print one JSON object");
  command->callback([token, &chosen] { chosen = [token] { return token->run(); }; });
}

}  // namespace sidetone::cli
