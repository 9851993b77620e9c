#include "core/session/ice_servers.hpp"

#include <gtest/gtest.h>

namespace sidetone::session {
namespace {

livekit::JoinResponse join() {
  livekit::JoinResponse response;
  auto* list = response.mutable_ice_servers();
  auto& stun = *list->Add();
  stun.add_urls("stun:stun.example.org:19302");
  stun.add_urls("stun:127.0.0.1:3478");
  auto& turn = *list->Add();
  turn.add_urls("turn:turn.example.org?transport=udp");
  turn.add_urls("gopher:nonsense");
  turn.add_urls("turns:localhost:443?transport=tcp");
  turn.set_username("user");
  turn.set_credential("secret");
  return response;
}

TEST(IceServers, EachUrlIsAServerWithItsCredentials) {
  auto servers = ice_servers(join().ice_servers(), false);
  ASSERT_EQ(servers.size(), 4U);
  EXPECT_EQ(servers[0].url.to_string(), "stun:stun.example.org:19302");
  EXPECT_EQ(servers[2].url.to_string(), "turn:turn.example.org:3478?transport=udp");
  EXPECT_EQ(servers[2].username, "user");
  EXPECT_EQ(servers[3].credential, "secret");
  EXPECT_TRUE(names_relay(servers));
}

TEST(IceServers, AServerOnThisMachineMayOnlyNameOthersOnIt) {
  auto servers = ice_servers(join().ice_servers(), true);
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[0].url.host, "127.0.0.1");
  EXPECT_EQ(servers[1].url.host, "localhost");
}

TEST(IceServers, ThisMachineIsKnownByItsUrl) {
  for (const auto* url : {"ws://127.0.0.1:7880", "wss://localhost", "http://[::1]:1"})
    EXPECT_TRUE(is_loopback_url(url)) << url;
  for (const auto* url : {"ws://192.0.2.1", "wss://localhost.example.org", "nonsense"})
    EXPECT_FALSE(is_loopback_url(url)) << url;
}

TEST(IceServers, TheListIsBounded) {
  livekit::JoinResponse response;
  auto& many = *response.mutable_ice_servers()->Add();
  for (int i = 0; i < 100; ++i) many.add_urls("stun:192.0.2.1");
  EXPECT_EQ(ice_servers(response.ice_servers(), false).size(), ice::kMaxServers);
  EXPECT_FALSE(names_relay(ice_servers(response.ice_servers(), false)));
}

TEST(IceServers, TheAdviceFitsWhatWasTried) {
  ice::GatherConfig config;
  EXPECT_NE(advice(config).find("name a TURN server"), std::string::npos);
  config.servers = ice_servers(join().ice_servers(), false);
  EXPECT_NE(advice(config).find("credentials"), std::string::npos);
  config.relay_only = true;
  EXPECT_NE(advice(config).find("ice_policy all"), std::string::npos);
}

}  // namespace
}  // namespace sidetone::session
