#include <iostream>
#include <sidetone/access_token.hpp>
#include <sidetone/room_server.hpp>
#include <thread>

#include "apps/cli/access.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

struct Serve {
  RoomServerOptions options;
  Access access;
  std::string advertise;
  bool dev = false;
  bool json = false;

  int run();
  void choose_keys();
  void announce(const RoomServer& server) const;
  std::string dev_token() const;
};

std::string Serve::dev_token() const {
  AccessToken token;
  token.api_key = options.api_key;
  token.api_secret = options.api_secret;
  token.identity = "guest";
  token.grants.room_join = true;
  token.grants.room = "lobby";
  return token.to_jwt();
}

// "ws://127.0.0.1:7880" → "http://127.0.0.1:7880/"
std::string page_url(const std::string& url) {
  return "http" + url.substr(2) + "/";
}

void Serve::choose_keys() {
  options.dev_tokens = dev;
  if (dev) {
    if (options.host != "127.0.0.1" && options.host != "::1" && options.host != "localhost")
      throw UsageError(
          "--dev uses a key that everybody knows and binds loopback only; give --key and "
          "--secret-file to listen on " +
          options.host);
    options.api_key = access.api_key.empty() ? "devkey" : access.api_key;
    options.api_secret = access.api_key.empty() ? "secret" : access.secret();
  } else {
    if (access.api_key.empty())
      throw UsageError(
          "a server needs a key: give --key and --secret-file, or --dev to try it on this machine");
    options.api_key = access.api_key;
    options.api_secret = access.secret();
  }
}

void Serve::announce(const RoomServer& server) const {
  if (json) {
    boost::json::object object{
        {"url", server.url()}, {"key", options.api_key}, {"udp_port", server.udp_port()}};
    if (dev) object["token"] = dev_token();
    print_json(object);
    return;
  }
  std::cout << "serving rooms at  " << server.url() << "  (media on UDP port " << server.udp_port()
            << ")\n"
            << "key               " << options.api_key << "\n";
  if (dev)
    std::cout << "token             " << dev_token()
              << "\n                  (identity guest, room lobby, 6 h)\n";
  std::cout << "web page          " << page_url(server.url()) << "\n";
  std::cout << "Ctrl-C stops it." << std::endl;
}

int Serve::run() {
  choose_keys();
  for (std::stringstream list(advertise); list.good();) {
    std::string address;
    std::getline(list, address, ',');
    if (!address.empty()) options.advertise.push_back(address);
  }
  Interrupt interrupt;
  Runtime runtime;
  RoomServer server(runtime, options);
  announce(server);
  LiveLine line(json);
  while (!Interrupt::asked()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    line.show([&] {
      const auto stats = server.stats();
      return std::to_string(stats.rooms) + " rooms, " + std::to_string(stats.participants) +
             " participants, " + std::to_string(stats.packets_forwarded) + " packets forwarded";
    });
  }
  server.stop();
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, Action& chosen) {
  auto serve = std::make_shared<Serve>();
  auto* command = app.add_subcommand(
      "serve", "serve rooms: one TCP port for signalling, one UDP port for media");
  command->add_option("--host", serve->options.host, "address to listen on; 0.0.0.0 or :: for all")
      ->capture_default_str();
  command->add_option("--port", serve->options.port, "TCP port, 0 for any")->capture_default_str();
  command->add_option("--udp-port", serve->options.udp_port, "UDP port, 0 for any")
      ->capture_default_str();
  command->add_option("--advertise", serve->advertise,
                      "addresses for clients, separated by commas");
  command->add_option("--tls-cert", serve->options.tls_certificate, "PEM file, for wss");
  command->add_option("--tls-key", serve->options.tls_key, "PEM file");
  serve->access.add_key_options(*command);
  command->add_flag(
      "--dev", serve->dev,
      "on loopback with the key devkey; print a ready token, and give the web page tokens");
  command->add_flag("--json", serve->json, "print one JSON object");
  command->callback([serve, &chosen] { chosen = [serve] { return serve->run(); }; });
}

}  // namespace sidetone::cli
