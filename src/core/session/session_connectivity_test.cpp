// Which servers a session asks, and what it says when no path was found.
#include <gtest/gtest.h>

#include "core/crypto/certificate.hpp"
#include "core/session/ice_servers.hpp"
#include "core/session/scripted_server_test.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using test::Stage;

const dtls::Context& context() {
  static const auto kCertificate =
      crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

// A session that has just been greeted, and what it asked the network for.
struct Greeted {
  Greeted(const std::string& url, ice::GatherConfig gather) : session(config()) {
    ConnectOptions options;
    options.url = url;
    options.token = "to.ke.n";
    options.endpoints = {{{*base::Address::parse("192.0.2.1"), 1000}},
                         {{*base::Address::parse("192.0.2.1"), 1001}}};
    options.gather = std::move(gather);
    session.connect(1, options, now, out);
    livekit::SignalResponse response;
    auto& join = *response.mutable_join();
    join.mutable_room()->set_sid("RM_1");
    join.mutable_participant()->set_sid("PA_1");
    join.mutable_participant()->set_identity("me");
    join.set_subscriber_primary(true);
    auto& servers = *join.add_ice_servers();
    servers.add_urls("stun:stun.example.org:3478");
    servers.add_urls("turn:turn.example.org?transport=tcp");
    servers.set_username("user");
    servers.set_credential("secret");
    auto bytes = response.SerializeAsString();
    session.on_socket_open(1, now, out);
    session.on_socket_message(1, base::as_bytes(bytes), now, out);
  }

  SessionConfig config() {
    SessionConfig made;
    made.dtls = &context();
    made.random = &random;
    made.wake = [] {};
    return made;
  }

  // Hosts of streams and look-ups, in order.
  std::string asked() const {
    std::string text;
    for (const auto& wish : out.network) {
      if (const auto* open = std::get_if<ice::OpenStream>(&wish)) text += "tcp " + open->host + ' ';
      if (const auto* look = std::get_if<ice::LookUp>(&wish)) text += "dns " + look->host + ' ';
    }
    return text;
  }

  base::SeededRandom random{1};
  base::Instant now{1s};
  Outputs out;
  Session session;
};

ice::GatherConfig streams() {
  ice::GatherConfig gather;
  gather.streams = true;
  return gather;
}

TEST(SessionConnectivity, BothConnectionsAskTheServersThatTheRoomsServerNames) {
  Greeted greeted("ws://server.example.org", streams());
  EXPECT_EQ(greeted.asked(),
            "dns stun.example.org tcp turn.example.org dns stun.example.org tcp turn.example.org ");
}

TEST(SessionConnectivity, AServerOnThisMachineSendsUsNowhereElse) {
  for (const auto* url : {"ws://127.0.0.1:7880", "ws://localhost:7880", "ws://[::1]:7880"})
    EXPECT_EQ(Greeted(url, streams()).asked(), "") << url;
}

TEST(SessionConnectivity, OurOwnServersTakeThePlaceOfThoseNamed) {
  auto gather = streams();
  gather.servers = {{*ice::parse_server_url("turns:mine.example.org"), "user", "secret"}};
  EXPECT_EQ(Greeted("ws://127.0.0.1:7880", gather).asked(),
            "tcp mine.example.org tcp mine.example.org ");
}

TEST(SessionConnectivity, ThePolicyRelayNeedsARelay) {
  auto gather = streams();
  gather.relay_only = true;
  Greeted greeted("ws://127.0.0.1:7880", gather);
  ASSERT_EQ(greeted.out.completions.size(), 1U);
  EXPECT_EQ(greeted.out.completions[0].error, errc::media_failure);
  EXPECT_EQ(greeted.out.completions[0].text, kRelayNeedsServer);
  EXPECT_EQ(greeted.session.state(), ConnectionState::disconnected);
}

TEST(SessionConnectivity, NewsOfStreamsNobodyKnowsIsIgnored) {
  Greeted greeted("ws://127.0.0.1:7880", streams());
  greeted.out.clear();
  base::Endpoint name{*base::Address::parse("100::1"), 0};
  greeted.session.on_network(ice::StreamOpened{name}, greeted.now, greeted.out);
  base::Datagram datagram{name, name, base::Packet(base::as_bytes("stray"))};
  greeted.session.on_datagram(datagram, greeted.now, greeted.now, greeted.out);
  EXPECT_EQ(greeted.session.counters().stray_datagrams, 1U);
}

TEST(SessionConnectivity, ABlockedConnectNamesPairsReasonAndRemedy) {
  Stage stage;
  stage.script.media = false;
  stage.start_connect(1, 15s);
  ASSERT_TRUE(stage.run_until([&] { return stage.completion(1) != nullptr; }, 20s));
  const auto& text = stage.completion(1)->text;
  EXPECT_EQ(stage.completion(1)->error, errc::timed_out);
  for (const auto* part : {"joined, but the media connection did not come up in time", " -> host ",
                           ": no answer after ", " checks", "name a TURN server"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace
}  // namespace sidetone::session
