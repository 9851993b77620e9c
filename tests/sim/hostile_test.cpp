// Strangers at the server's ports while a call is held in another room, which notices nothing.
#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

constexpr audio::Format kFormat{24000, 1};

class Strangers : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(talk.connected("held room"));
    voice = &talk.voice(kFormat, std::make_unique<Numbers>());
    voice->mouth.hold = kHold;
    ear = &talk.hear_exact(talk.bob, "alice", kFormat);
    ASSERT_NE(talk.publish_exact(talk.alice, *voice), "");
    talk.call.run_for(milliseconds(200));
  }

  // The held call, to its end: every sample, and nobody left or came.
  void TearDown() override {
    talk.call.run_for(seconds(1));
    EXPECT_GT(voice->said.size(), 24000U);
    voice->speaking = false;
    talk.call.run_for(seconds(1));
    EXPECT_TRUE(begins_with(from_first_sound(ear->heard()), voice->said));
    EXPECT_EQ(talk.bob.all<room::ParticipantConnected>().size(), 0U);
    EXPECT_EQ(talk.bob.all<room::ParticipantDisconnected>().size(), 0U);
    EXPECT_EQ(talk.bob.all<room::Reconnecting>().size(), 0U);
    EXPECT_EQ(talk.call.server->find_room("held room")->size(), 2U);
  }

  void send(const base::Endpoint& from, base::Bytes bytes) {
    base::Datagram datagram;
    datagram.local = from;
    datagram.remote = talk.call.server_endpoint();
    datagram.packet.assign(bytes);
    talk.call.network.send(datagram, now());
  }

  std::vector<std::byte> noise(std::size_t size) {
    std::vector<std::byte> bytes(size);
    random.fill(bytes);
    return bytes;
  }

  base::Endpoint stranger(std::uint8_t number = 1) {
    return {base::Address::v4({10, 9, 9, number}),
            static_cast<std::uint16_t>(1024 + random.u16() % 60000)};
  }

  server::ConnectionId knock(const std::string& identity, const std::string& room) {
    const auto id = next_connection++;
    const auto target = "/rtc?protocol=15&access_token=" + talk.call.token(identity, room, {});
    talk.server([&](auto& server, auto now, auto& out) {
      auto admission = server.admit({"GET", target, "", true}, now);
      ASSERT_TRUE(std::holds_alternative<server::JoinRequest>(admission));
      server.on_join(id, std::get<server::JoinRequest>(std::move(admission)), now, out);
    });
    return id;
  }

  Talk talk;
  Voice* voice = nullptr;
  Ear* ear = nullptr;
  base::SeededRandom random{99};
  server::ConnectionId next_connection = 1'000'000;
};

TEST_F(Strangers, NoiseOfEverySizeIsCountedAndForgotten) {
  for (int i = 0; i < 5000; ++i) {
    auto bytes = noise(random.u16() % 1500);
    // Every kind of packet by its first byte: STUN, DTLS, RTP, and what is none (RFC 7983).
    if (!bytes.empty() && i % 2 == 0)
      bytes[0] = std::array{std::byte{0}, std::byte{1}, std::byte{22}, std::byte{128}}[i / 2 % 4];
    talk.call.at(now() + microseconds(300 * i),
                 [this, bytes, from = stranger()] { send(from, bytes); });
  }
  talk.call.run_for(seconds(2));
  EXPECT_EQ(talk.call.server->counters().strangers, 5000U);
  EXPECT_EQ(talk.call.server->participants(), 2U);
}

TEST_F(Strangers, NoiseFromAParticipantsOwnAddressHarmsNobody) {
  const auto alice = base::Address::v4({10, 0, 1, 1});
  for (int i = 0; i < 3000; ++i) {
    auto bytes = noise(1 + random.u16() % 1400);
    if (i % 2 == 0)
      bytes[0] = std::array{std::byte{0}, std::byte{20}, std::byte{22}, std::byte{144}}[i / 2 % 4];
    const base::Endpoint from{alice, static_cast<std::uint16_t>(40000 + i % 2)};
    talk.call.at(now() + microseconds(500 * i), [this, bytes, from] { send(from, bytes); });
  }
  talk.call.run_for(seconds(2));
}

TEST_F(Strangers, EveryPacketReplayedTwiceMoreChangesNothing) {
  std::vector<base::Datagram> recorded;
  talk.call.network.tap = [&](const base::Datagram& datagram) { recorded.push_back(datagram); };
  talk.call.run_for(seconds(3));
  talk.call.network.tap = {};
  ASSERT_GT(recorded.size(), 300U);
  const auto packets = ear->packets();
  for (std::size_t i = 0; i < recorded.size(); ++i)
    talk.call.at(now() + milliseconds(5 * i), [this, &datagram = recorded[i]] {
      // From where it came, and from a thief's address.
      talk.call.network.send({datagram.remote, datagram.local, datagram.packet}, now());
      talk.call.network.send({stranger(), datagram.local, datagram.packet}, now());
    });
  const auto time = milliseconds(5 * recorded.size() + 100);
  talk.call.run_for(time);
  EXPECT_NEAR(static_cast<double>(ear->packets() - packets), static_cast<double>(time.count()) / 20,
              2);
  EXPECT_GT(talk.bob.session.figures().subscriber.packets.replayed, 100U);
}

TEST_F(Strangers, AThiefWithARecordedCheckDoesNotGetTheMedia) {
  std::vector<base::Datagram> checks;
  talk.call.network.tap = [&](const base::Datagram& datagram) {
    if (datagram.local == talk.call.server_endpoint() && !datagram.packet.bytes().empty() &&
        std::to_integer<int>(datagram.packet.bytes()[0]) < 2)
      checks.push_back(datagram);
  };
  talk.call.run_for(seconds(12));
  talk.call.network.tap = {};
  ASSERT_FALSE(checks.empty());
  const auto thief = stranger(66);
  for (const auto& check : checks) send(thief, check.packet.bytes());
  std::size_t stolen = 0;
  talk.call.network.tap = [&](const base::Datagram& datagram) {
    if (datagram.local == thief && std::to_integer<int>(datagram.packet.bytes()[0]) >= 20) ++stolen;
  };
  talk.call.run_for(seconds(2));
  talk.call.network.tap = {};
  EXPECT_EQ(stolen, 0U) << "a nomination sent again from elsewhere moves nothing";
}

TEST_F(Strangers, BadRequestsAreRefusedInWords) {
  const auto token = talk.call.token("eve", "held room", {});
  const std::vector<std::string> targets{
      "",
      "/rtc",
      "/rtc?",
      "/rtc?access_token=",
      "/rtc?access_token=x.y.z",
      "/rtc?access_token=" + token.substr(0, token.size() - 2),
      "/rtc?access_token=" + token + token,
      "/rtc/v1?access_token=" + token,
      "/rtc?access_token=%zz%00" + token,
      "/rtc?" + std::string(100'000, '&'),
      std::string("/rtc?access_token=\0\xff", 21),
  };
  for (const auto& target : targets) {
    const auto admission = talk.call.server->admit({"GET", target, "", true}, now());
    const auto* answer = std::get_if<server::HttpResponse>(&admission);
    ASSERT_NE(answer, nullptr) << target.substr(0, 60);
    EXPECT_GE(answer->status, 400U);
    EXPECT_EQ(answer->body.find(token), std::string::npos) << "no token in an answer";
  }
}

TEST_F(Strangers, MalformedSignallingEndsOnlyItsOwnConnection) {
  for (int i = 0; i < 200; ++i) {
    const auto connection = knock("mallory" + std::to_string(i), "their room");
    for (int message = 0; message < 20; ++message) {
      auto bytes = noise(random.u16() % 300);
      talk.server([&](auto& server, auto now, auto& out) {
        server.on_signal(connection, bytes, now, out);
      });
    }
    talk.server(
        [&](auto& server, auto now, auto& out) { server.on_signal_closed(connection, now, out); });
    talk.call.run_for(milliseconds(5));
  }
  EXPECT_GT(talk.call.server->counters().signals_malformed, 100U);
  talk.call.run_for(seconds(25));
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_EQ(talk.call.server->rooms(), 1U);
}

TEST_F(Strangers, BrokenDescriptionsAreSurvived) {
  const auto connection = knock("mallory", "their room");
  for (int i = 0; i < 300; ++i) {
    livekit::SignalRequest request;
    auto& description = i % 2 == 0 ? *request.mutable_offer() : *request.mutable_answer();
    description.set_type(i % 2 == 0 ? "offer" : "answer");
    std::string text =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\n"
        "a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11\r\na=setup:actpass\r\n";
    for (int change = 0; change < i % 40; ++change)
      text[random.u16() % text.size()] = static_cast<char>(1 + random.u16() % 127);
    description.set_sdp(text);
    const auto bytes = request.SerializeAsString();
    talk.server([&](auto& server, auto now, auto& out) {
      server.on_signal(connection, base::as_bytes(bytes), now, out);
    });
  }
  EXPECT_GT(talk.call.server->counters().negotiations_failed, 0U);
  talk.call.run_for(seconds(1));
}

TEST_F(Strangers, WhoNeverFinishesJoiningIsRemoved) {
  for (int i = 0; i < 50; ++i) knock("ghost" + std::to_string(i), "held room 2");
  EXPECT_EQ(talk.call.server->participants(), 52U);
  talk.call.run_for(seconds(70));
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_EQ(talk.call.server->rooms(), 1U);
}

TEST_F(Strangers, AnotherRoomThatLosesItsServersSideHalfwayIsForgotten) {
  auto& carol = talk.call.add("carol");
  ASSERT_TRUE(talk.connect(carol, "another room"));
  talk.call.unplug(carol);
  talk.call.run_for(seconds(90));
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_EQ(talk.call.server->rooms(), 1U);
}

TEST_F(Strangers, ATruncatedHandshakeHoldsNothingUp) {
  // A participant of another room whose DTLS packets all arrive cut in half.
  auto& carol = talk.call.add("carol");
  talk.call.network.change = [&](base::Datagram& datagram) {
    const auto bytes = datagram.packet.bytes();
    const base::Address hers = base::Address::v4({10, 0, 1, 3});
    if (datagram.local.address != hers || bytes.empty()) return;
    const auto kind = std::to_integer<int>(bytes[0]);
    if (kind >= 20 && kind < 64) datagram.packet.resize(bytes.size() / 2);
  };
  const auto id = carol.connect("another room");
  ASSERT_TRUE(talk.call.run_until([&] { return carol.done(id); }, seconds(30)));
  EXPECT_EQ(carol.error(id), errc::timed_out);
  talk.call.run_for(seconds(70));
  EXPECT_EQ(talk.call.server->participants(), 2U);
}

}  // namespace
}  // namespace sidetone::sim
