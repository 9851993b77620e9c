#include "core/session/ice_servers.hpp"

#include <algorithm>

#include "core/signal/url.hpp"

namespace sidetone::session {

std::vector<ice::Server> ice_servers(const ServerList& list, bool loopback) {
  std::vector<ice::Server> servers;
  for (const auto& named : list) {
    for (const auto& text : named.urls()) {
      auto url = ice::parse_server_url(text);
      if (!url || (loopback && !ice::is_loopback_host(url->host))) continue;
      if (servers.size() == ice::kMaxServers) return servers;
      servers.push_back({std::move(*url), named.username(), named.credential()});
    }
  }
  return servers;
}

bool is_loopback_url(const std::string& url) {
  const auto request = signal::make_socket_request(url, "token", {});
  return request && ice::is_loopback_host(request->host);
}

bool names_relay(const std::vector<ice::Server>& servers) {
  return std::any_of(servers.begin(), servers.end(),
                     [](const ice::Server& server) { return server.url.relay; });
}

std::string advice(const ice::GatherConfig& config) {
  if (config.relay_only)
    return "; only relays were tried (ice_policy relay): check the TURN servers and their "
           "credentials, or use ice_policy all";
  if (names_relay(config.servers))
    return "; neither the server's UDP and TCP ports nor a TURN server could be used: open the "
           "ports in the firewall, or check the TURN servers and their credentials";
  return "; is a firewall in the way? Open the server's UDP port (or its TCP port) for this "
         "machine, or name a TURN server in ConnectOptions::ice_servers";
}

}  // namespace sidetone::session
