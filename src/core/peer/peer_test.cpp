#include "core/peer/peer.hpp"

#include <gtest/gtest.h>

#include "core/peer/world_test.hpp"

namespace sidetone::peer {
namespace {

using namespace std::chrono_literals;
using test::World;

constexpr auto kFull = IceMode::controlling;
constexpr auto kControlled = IceMode::controlled;
constexpr auto kLite = IceMode::lite;

TEST(Peer, ConnectsToALiteServerWithinFourRoundTrips) {
  World world(kFull, kLite);
  EXPECT_EQ(world.a.state(), State::idle);
  auto start = world.now();
  ASSERT_TRUE(world.connect()) << world.a.peer->explain();
  EXPECT_LE(world.now() - start, 80ms) << "one for ICE, two for DTLS, and the request between";
  EXPECT_TRUE(world.a.saw(State::connecting));
  EXPECT_TRUE(world.a.saw(State::connected));
  EXPECT_EQ(world.a.peer->path()->remote, world.b.address);
  EXPECT_TRUE(world.b.peer->local_parameters().ice_lite);
}

TEST(Peer, ConnectsToAFullAgent) {
  World world(kFull, kControlled);
  ASSERT_TRUE(world.connect()) << world.a.peer->explain();
  EXPECT_EQ(world.b.peer->path()->remote, world.a.address);
}

TEST(Peer, ConnectsAsDtlsClientWhenTheOtherSideIsPassive) {
  World world(kFull, kLite);
  world.tell(world.b, world.a, sdp::Setup::active);
  world.tell(world.a, world.b, sdp::Setup::passive);
  EXPECT_TRUE(world.run_until([&] { return world.b.state() == State::connected; }));
}

TEST(Peer, ConnectsThroughLossAndReordering) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    World world(kFull, seed % 2 == 0 ? kLite : kControlled,
                {.delay = 20ms, .jitter = 30ms, .loss = 0.2, .seed = seed});
    EXPECT_TRUE(world.connect()) << "seed " << seed << ": " << world.a.peer->explain();
  }
}

TEST(Peer, AHandshakeThatOvertakesTheAnswerIsNotLost) {
  World world(kFull, kControlled);
  world.tell(world.b, world.a, sdp::Setup::actpass);
  world.run_for(45ms);
  EXPECT_NE(world.a.state(), State::connected) << "no fingerprint, no trust";
  world.tell(world.a, world.b, sdp::Setup::active);
  EXPECT_TRUE(world.run_until([&] { return world.a.state() == State::connected; }, 50ms));
  EXPECT_TRUE(world.run_until([&] { return world.b.state() == State::connected; }, 50ms));
}

TEST(Peer, WithoutAPathNothingLeaves) {
  World world(kFull, kControlled);
  world.tell(world.b, world.a, sdp::Setup::actpass);
  world.run_for(45ms);  // the handshake comes before the answer
  ASSERT_FALSE(world.a.peer->open_channel({.label = "x"}, world.now(), world.a.out));
  ASSERT_TRUE(world.connect());
  ASSERT_TRUE(world.run_until([&] { return world.a.peer->channel("x").has_value(); }));
  world.filter = [](auto&, auto) { return std::nullopt; };
  ASSERT_TRUE(world.run_until([&] { return world.a.state() == State::failed; }, 60s));
  auto sent = world.a.peer->counters().datagrams_out;
  std::array<std::byte, 4> word{};
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(
        world.a.peer->send_message(*world.a.peer->channel("x"), true, word, world.a.out));
    world.settle(world.a);
    world.run_for(1s);
  }
  EXPECT_EQ(world.a.peer->counters().datagrams_out, sent);
  EXPECT_GT(world.a.peer->counters().no_path, 0U);
}

TEST(Peer, AWrongFingerprintIsRefused) {
  World world(kFull, kLite);
  auto wrong = world.b.peer->local_parameters();
  wrong.setup = sdp::Setup::active;
  wrong.fingerprint.value.replace(0, 2, wrong.fingerprint.value.substr(0, 2) == "00" ? "01" : "00");
  world.tell(world.b, world.a, sdp::Setup::actpass);
  ASSERT_FALSE(world.a.peer->set_remote(wrong, world.now(), world.a.out));
  world.settle(world.a);
  world.run_for(3s);
  EXPECT_EQ(world.a.state(), State::failed);
  EXPECT_FALSE(world.a.reason().empty());
  EXPECT_FALSE(world.a.saw(State::connected));
}

TEST(Peer, InvalidDescriptionsAndCandidatesAreRefused) {
  World world(kFull, kLite);
  auto good = world.b.peer->local_parameters();
  auto& peer = *world.a.peer;
  auto no_password = good;
  no_password.ice_pwd = "short";
  EXPECT_EQ(peer.set_remote(no_password, world.now(), world.a.out), errc::protocol_error);
  auto no_print = good;
  no_print.fingerprint.value = "AA";
  EXPECT_EQ(peer.set_remote(no_print, world.now(), world.a.out), errc::protocol_error);
  EXPECT_EQ(peer.state(), State::idle);
  EXPECT_EQ(peer.add_remote_candidate("garbage", world.now(), world.a.out), errc::protocol_error);
  EXPECT_FALSE(peer.add_remote_candidate("", world.now(), world.a.out));
}

TEST(Peer, TrickledCandidatesAreEnough) {
  World world(kFull, kLite);
  world.tell(world.b, world.a, sdp::Setup::actpass);
  auto server = world.b.peer->local_parameters();
  auto candidate = server.candidates.at(0);
  server.candidates.clear();
  server.setup = sdp::Setup::active;
  ASSERT_FALSE(world.a.peer->set_remote(server, world.now(), world.a.out));
  world.settle(world.a);
  world.run_for(500ms);
  EXPECT_EQ(world.a.state(), State::connecting);
  ASSERT_FALSE(world.a.peer->add_remote_candidate(candidate, world.now(), world.a.out));
  world.settle(world.a);
  EXPECT_TRUE(world.run_until([&] { return world.a.state() == State::connected; }, 200ms));
}

TEST(Peer, ALiteSideAdvertisesEachAddressOnce) {
  World world(kFull, kLite);
  auto& server = *world.b.peer;
  base::Endpoint another{*base::Address::parse("2001:db8::1"), 7882};
  EXPECT_NE(server.add_local(another, world.now(), world.b.out).find("2001:db8::1 7882 typ host"),
            std::string::npos);
  EXPECT_EQ(server.add_local(another, world.now(), world.b.out), "");
  EXPECT_EQ(server.local_parameters().candidates.size(), 2U);
}

TEST(Peer, WithoutAPathItFailsInWords) {
  World world(kFull, kLite);
  world.filter = [](auto&, auto) { return std::nullopt; };
  world.negotiate();
  EXPECT_TRUE(world.run_until([&] { return world.a.state() == State::failed; }, 20s));
  EXPECT_EQ(
      world.a.reason(),
      "no path to the other side works: 192.0.2.1:5000 -> host 192.0.2.2:5000: no answer after 10 "
      "checks");
}

TEST(Peer, ASilentNetworkIsNoticedAndARestartRevives) {
  World world(kFull, kLite);
  ASSERT_TRUE(world.connect());
  world.filter = [](auto&, auto) { return std::nullopt; };
  EXPECT_TRUE(world.run_until([&] { return world.a.state() == State::disconnected; }, 30s));
  EXPECT_TRUE(world.run_until([&] { return world.a.state() == State::failed; }, 60s));
  EXPECT_TRUE(world.run_until([&] { return world.b.state() == State::failed; }, 60s));
  world.filter = nullptr;
  world.a.peer->restart(world.now(), world.a.out);
  world.settle(world.a);
  ASSERT_TRUE(world.connect());
}

TEST(Peer, ARestartChangesBothUserNamesAndKeepsTheKeys) {
  World world(kFull, kLite);
  ASSERT_TRUE(world.connect());
  auto ufrag_a = world.a.description_ufrag();
  auto ufrag_b = world.b.description_ufrag();
  int handshakes = 0;
  world.tap = [&](auto&, Bytes bytes) { handshakes += test::is_dtls(bytes) ? 1 : 0; };
  world.a.peer->restart(world.now(), world.a.out);
  world.settle(world.a);
  EXPECT_NE(world.a.description_ufrag(), ufrag_a);
  world.negotiate();
  EXPECT_NE(world.b.description_ufrag(), ufrag_b) << "the answerer restarts too";
  EXPECT_EQ(world.b.peer->local_ufrag(), world.b.description_ufrag());
  auto again = world.b.description_ufrag();
  world.run_for(1s);
  world.negotiate();
  EXPECT_EQ(world.b.description_ufrag(), again) << "the same description changes nothing";
  EXPECT_EQ(world.a.state(), State::connected);
  EXPECT_EQ(world.b.state(), State::connected);
  EXPECT_FALSE(world.a.saw(State::disconnected));
}

TEST(Peer, CloseIsHeardByTheOtherSide) {
  World world(kFull, kLite);
  ASSERT_TRUE(world.connect());
  auto events = world.a.events.size();
  world.a.peer->close(world.a.out);
  world.settle(world.a);
  EXPECT_EQ(world.a.state(), State::closed);
  EXPECT_EQ(world.a.events.size(), events) << "who closes knows it";
  EXPECT_FALSE(world.a.peer->next_deadline());
  EXPECT_TRUE(world.run_until([&] { return world.b.state() == State::closed; }, 100ms));
  EXPECT_EQ(world.b.reason(), "the other side closed the connection");
  EXPECT_FALSE(world.b.peer->next_deadline());
}

TEST(Peer, AfterTheEndEveryCallSaysClosed) {
  World world(kFull, kLite);
  ASSERT_TRUE(world.connect());
  auto& peer = *world.a.peer;
  auto remote = world.b.peer->local_parameters();
  peer.close(world.a.out);
  peer.close(world.a.out);
  EXPECT_EQ(peer.set_remote(remote, world.now(), world.a.out), errc::closed);
  EXPECT_EQ(peer.add_remote_candidate(remote.candidates.at(0), world.now(), world.a.out),
            errc::closed);
  EXPECT_EQ(peer.add_sender(test::sender_config(1, false)), errc::closed);
  EXPECT_EQ(peer.add_receiver(test::receiver_config(1, false), world.now(), world.a.out),
            errc::closed);
  EXPECT_EQ(peer.open_channel({.label = "x"}, world.now(), world.a.out), errc::closed);
  EXPECT_EQ(peer.send_message(0, true, {}, world.a.out), errc::closed);
  peer.restart(world.now(), world.a.out);
  world.settle(world.a);
  world.run_for(1s);
  EXPECT_EQ(peer.state(), State::closed);
}

TEST(Peer, StrangersAreNotHeardAndGetNoAnswer) {
  World world(kFull, kLite);
  std::vector<std::byte> hello;
  std::vector<std::byte> media;
  world.tap = [&](const test::End& from, Bytes bytes) {
    if (&from == &world.b && test::is_dtls(bytes)) hello.assign(bytes.begin(), bytes.end());
  };
  world.negotiate();
  base::Endpoint stranger{*base::Address::parse("203.0.113.9"), 5000};
  auto silent = [&](test::End& to, Bytes bytes) {
    auto before = to.peer->counters();
    world.inject(stranger, to, bytes);
    auto after = to.peer->counters();
    EXPECT_EQ(after.strangers, before.strangers + 1);
    EXPECT_EQ(after.datagrams_out, before.datagrams_out);
  };
  std::array<std::byte, 64> client_hello{std::byte{22}, std::byte{254}, std::byte{253}};
  silent(world.b, client_hello);
  ASSERT_TRUE(world.run_until([&] { return world.a.state() == State::connected; }));
  ASSERT_FALSE(hello.empty());
  silent(world.a, hello);
  std::array<std::byte, 64> rtp{std::byte{0x80}, std::byte{111}};
  silent(world.a, rtp);
  silent(world.b, rtp);
}

TEST(Peer, NoiseFromTheOtherSideIsCountedByKind) {
  World world(kFull, kLite);
  ASSERT_TRUE(world.connect());
  auto& peer = *world.b.peer;
  auto from_client = [&](Bytes bytes) { world.inject(world.a.address, world.b, bytes); };
  std::array<std::byte, 64> noise{std::byte{0xff}};
  from_client(noise);
  from_client({});
  std::vector<std::byte> huge(2000, std::byte{0x80});
  from_client(huge);
  EXPECT_EQ(peer.counters().unknown_protocol, 3U);
  std::array<std::byte, 64> rtp{std::byte{0x80}, std::byte{111}};
  std::array<std::byte, 64> rtcp{std::byte{0x80}, std::byte{200}, {}, std::byte{15}};
  from_client(rtp);
  from_client(rtcp);
  EXPECT_EQ(peer.counters().unauthentic, 2U);
  std::array<std::byte, 64> dtls{std::byte{23}, std::byte{254}, std::byte{253}};
  from_client(dtls);
  std::array<std::byte, 20> stun{};
  from_client(stun);
  EXPECT_EQ(peer.state(), State::connected);
}

TEST(Peer, TellsWhetherADatagramWasACheck) {
  World world(kFull, kLite);
  world.negotiate();
  ASSERT_TRUE(world.run_until([&] { return world.b.peer->last_was_check(); }, 100ms));
  std::array<std::byte, 20> stun{};
  world.inject(world.a.address, world.b, stun);
  EXPECT_FALSE(world.b.peer->last_was_check());
}

}  // namespace
}  // namespace sidetone::peer
