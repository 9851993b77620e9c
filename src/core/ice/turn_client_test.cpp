#include "core/ice/turn_client.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/ice/test_network.hpp"
#include "core/ice/test_turn_server.hpp"

namespace sidetone::ice {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::TurnServer;

const auto kLocal = at("10.0.0.1", 5000);
const auto kServer = at("192.0.2.9", 3478);
const auto kRelayed = at("192.0.2.9", 50000);
const auto kPeer = at("198.51.100.7", 7000);
const auto kRtp = std::string("\x80\x6f some sound");  // classify() says RTP
const auto kStun = std::string("\0\1 a check", 10);

TurnConfig config(bool stream = false) {
  return {kLocal, kServer, stream, "user", "secret", false};
}

// A client and the script it talks to; datagrams arrive at once, in order, unless lost.
struct Pair {
  explicit Pair(TurnConfig how = config()) : client(std::move(how), random) {
    server.script.padded = client.config().stream;
  }

  bool allocate() {
    client.start(now, out);
    settle();
    return client.state() == TurnState::ready;
  }

  void send(const std::string& text, const base::Endpoint& peer = kPeer) {
    client.send(peer, base::as_bytes(text), out);
    settle();
  }

  // Both sides until neither has anything to say.
  void settle() {
    for (;;) {
      for (auto& datagram : out.datagrams.take()) {
        EXPECT_EQ(datagram.local, kLocal);
        EXPECT_EQ(datagram.remote, kServer);
        sent_bytes = datagram.packet.size();
        if (!lose) server.on_datagram(datagram);
      }
      for (auto& answer : std::exchange(server.answers, {})) {
        auto arrival = client.on_datagram(answer.packet.bytes(), now, out);
        if (arrival) heard.emplace_back(base::as_text(arrival->bytes));
        if (arrival) from.push_back(arrival->peer);
      }
      if (base::is_due(client.next_deadline(), now)) client.on_deadline(now, out);
      if (out.datagrams.empty() && server.answers.empty()) return;
    }
  }

  void advance(base::Duration duration) {
    for (auto end = now + duration;;) {
      auto next = client.next_deadline();
      if (!next || *next > end) {
        now = end;
        return;
      }
      now = std::max(now, *next);
      client.on_deadline(now, out);
      settle();
    }
  }

  std::vector<std::string> relayed() {
    std::vector<std::string> texts;
    for (const auto& each : server.relayed) texts.emplace_back(base::as_text(each.packet.bytes()));
    server.relayed.clear();
    return texts;
  }

  base::SeededRandom random{3};
  base::Instant now{};
  Output out;
  TurnServer server{kServer, kRelayed};
  TurnClient client;
  bool lose = false;
  std::size_t sent_bytes = 0;
  std::vector<std::string> heard;
  std::vector<base::Endpoint> from;
};

using Texts = std::vector<std::string>;

TEST(TurnClient, AnAllocationAnswersTheChallengeAndTellsBothAddresses) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  EXPECT_EQ(pair.client.relayed(), kRelayed);
  EXPECT_EQ(pair.client.mapped(), kLocal);
  EXPECT_EQ(pair.server.requests[stun::kAllocate], 2);
  EXPECT_EQ(pair.client.trouble(), "");
  EXPECT_TRUE(pair.server.complaints.empty());
}

TEST(TurnClient, AWrongPasswordIsSaid) {
  Pair pair({kLocal, kServer, false, "user", "wrong", false});
  EXPECT_FALSE(pair.allocate());
  EXPECT_EQ(pair.client.state(), TurnState::failed);
  EXPECT_EQ(pair.client.trouble(), "it refuses the user name or the password (401)");
  EXPECT_EQ(pair.server.requests[stun::kAllocate], 2);
  EXPECT_FALSE(pair.client.next_deadline());
}

TEST(TurnClient, LostRequestsAreSentAgainUntilTheServerIsGivenUp) {
  Pair pair;
  pair.lose = true;
  EXPECT_FALSE(pair.allocate());
  pair.advance(7799ms);
  EXPECT_EQ(pair.client.state(), TurnState::allocating);
  pair.advance(1ms);
  EXPECT_EQ(pair.client.state(), TurnState::failed);
  EXPECT_EQ(pair.client.trouble(), "the server does not answer");
  EXPECT_EQ(pair.client.counters().retransmissions, 6U);
}

TEST(TurnClient, OneLostRequestCostsTwoHundredMilliseconds) {
  Pair pair;
  pair.lose = true;
  pair.allocate();
  pair.lose = false;
  pair.advance(199ms);
  EXPECT_EQ(pair.client.state(), TurnState::allocating);
  pair.advance(1ms);
  EXPECT_EQ(pair.client.state(), TurnState::ready);
}

TEST(TurnClient, OnAStreamNothingIsSentAgain) {
  Pair pair(config(true));
  pair.lose = true;
  pair.allocate();
  pair.advance(7800ms);
  EXPECT_EQ(pair.client.state(), TurnState::failed);
  EXPECT_EQ(pair.client.counters().retransmissions, 0U);
}

TEST(TurnClient, AStaleNonceIsReplacedAndOnlySoOften) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.server.script.nonce = "nonce-2";
  pair.send(kStun);
  EXPECT_EQ(pair.relayed(), Texts{kStun});
  EXPECT_EQ(pair.client.counters().nonces, 2U);
  // One that changes with each answer.
  pair.server.script.nonce = "nonce-3";
  pair.client.send(at("203.0.113.5", 1), base::as_bytes(kStun), pair.out);
  for (int i = 0; i < 20; ++i) {
    pair.server.script.nonce += "x";
    if (base::is_due(pair.client.next_deadline(), pair.now))
      pair.client.on_deadline(pair.now, pair.out);
    for (auto& datagram : pair.out.datagrams.take()) pair.server.on_datagram(datagram);
    for (auto& answer : std::exchange(pair.server.answers, {})) {
      pair.server.script.nonce += "y";
      pair.client.on_datagram(answer.packet.bytes(), pair.now, pair.out);
    }
  }
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 2 + 4);
  EXPECT_EQ(pair.client.trouble(), "it does not relay to 203.0.113.5: it answers with error 438");
}

TEST(TurnClient, TheFirstPacketWaitsForItsPermission) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kStun);
  EXPECT_EQ(pair.relayed(), Texts{kStun});
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 1);
  EXPECT_EQ(pair.server.requests[stun::kChannelBind], 0);
  pair.send(kStun, at("198.51.100.7", 7001));  // another port: the same permission
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 1);
  EXPECT_EQ(pair.server.indications, 2);
  EXPECT_TRUE(pair.server.complaints.empty());
}

TEST(TurnClient, MediaGetsAChannel) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kRtp);
  EXPECT_EQ(pair.server.channels.size(), 1U);
  pair.send(kRtp);
  EXPECT_EQ(pair.server.channel_data, 1);
  EXPECT_EQ(pair.sent_bytes, kRtp.size() + 4);
  EXPECT_EQ(pair.relayed(), (Texts{kRtp, kRtp}));
  EXPECT_TRUE(pair.server.complaints.empty());
}

TEST(TurnClient, OnAStreamChannelDataIsPadded) {
  Pair pair(config(true));
  ASSERT_TRUE(pair.allocate());
  for (std::size_t size = 2; size < 8; ++size) {
    auto text = kRtp.substr(0, size);
    pair.send(text);
    pair.send(text);
    EXPECT_EQ(pair.sent_bytes, 4 + (size + 3) / 4 * 4);
    EXPECT_EQ(pair.relayed(), (Texts{text, text}));
  }
  EXPECT_TRUE(pair.server.complaints.empty());
}

TEST(TurnClient, WhatAPeerSaysArrivesWithItsAddress) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kStun);
  pair.server.on_peer(kPeer, base::as_bytes("by indication"));
  pair.server.on_peer(at("198.51.100.7", 9999), base::as_bytes("from another port"));
  pair.settle();
  pair.send(kRtp);
  pair.server.on_peer(kPeer, base::as_bytes("by channel"));
  pair.settle();
  EXPECT_EQ(pair.heard, (Texts{"by indication", "from another port", "by channel"}));
  EXPECT_EQ(pair.from[1], at("198.51.100.7", 9999));
  EXPECT_EQ(pair.from[2], kPeer);
}

TEST(TurnClient, DataOfStrangersIsDroppedAndCounted) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.server.permissions.insert(kPeer.address);
  pair.server.on_peer(kPeer, base::as_bytes("uninvited"));
  pair.server.channels[0x4000] = kPeer;
  pair.server.on_peer(kPeer, base::as_bytes("no such channel"));
  pair.settle();
  EXPECT_TRUE(pair.heard.empty());
  EXPECT_EQ(pair.client.counters().strangers, 2U);
  pair.client.on_datagram(base::as_bytes(std::string_view("@\0\0\x09too", 7)), pair.now, pair.out);
  pair.client.on_datagram(base::as_bytes("nothing at all"), pair.now, pair.out);
  EXPECT_EQ(pair.client.counters().malformed, 2U);
}

TEST(TurnClient, ARefusedPeerIsNamedAndCostsNothingMore) {
  Pair pair;
  pair.server.script.refuse[stun::kCreatePermission] = 403;
  ASSERT_TRUE(pair.allocate());
  pair.send(kStun);
  pair.send(kStun);
  EXPECT_EQ(pair.client.state(), TurnState::ready);
  EXPECT_EQ(pair.client.trouble(), "it does not relay to 198.51.100.7: it forbids it (403)");
  EXPECT_EQ(pair.client.counters().dropped, 2U);
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 1);
}

TEST(TurnClient, WithoutChannelsIndicationsCarryMedia) {
  Pair pair;
  pair.server.script.refuse[stun::kChannelBind] = 400;
  ASSERT_TRUE(pair.allocate());
  for (int i = 0; i < 3; ++i) pair.send(kRtp);
  EXPECT_EQ(pair.relayed(), (Texts{kRtp, kRtp, kRtp}));
  EXPECT_EQ(pair.server.requests[stun::kChannelBind], 1);
}

TEST(TurnClient, AllocationPermissionAndChannelAreRenewedInTime) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kRtp);
  for (int minute = 0; minute < 60; ++minute) {
    pair.advance(1min);
    pair.send(kRtp);
  }
  EXPECT_EQ(pair.client.state(), TurnState::ready);
  EXPECT_EQ(pair.server.requests[stun::kRefresh], 6);            // each 9 minutes
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 16);  // each 4, the first included
  EXPECT_EQ(pair.server.requests[stun::kChannelBind], 8);        // each 8, the first included
  EXPECT_EQ(pair.relayed().size(), 61U);
  EXPECT_TRUE(pair.server.complaints.empty());
}

TEST(TurnClient, APeerNobodyUsesIsForgotten) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kStun);
  pair.advance(30min);
  EXPECT_EQ(pair.server.requests[stun::kCreatePermission], 2);
  pair.server.on_peer(kPeer, base::as_bytes("too late"));
  pair.settle();
  EXPECT_TRUE(pair.heard.empty());
}

TEST(TurnClient, AnAllocationThatIsNotRenewedEnds) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.server.script.silent_methods = {stun::kRefresh};
  pair.advance(9min + 7800ms);
  EXPECT_EQ(pair.client.state(), TurnState::failed);
  EXPECT_EQ(pair.client.trouble(), "the server does not answer");
  EXPECT_FALSE(pair.client.next_deadline());
}

TEST(TurnClient, CloseGivesTheAllocationBack) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.client.close(pair.out);
  pair.settle();
  EXPECT_FALSE(pair.server.allocated);
  EXPECT_EQ(pair.client.state(), TurnState::closed);
  EXPECT_FALSE(pair.client.next_deadline());
  pair.send(kRtp);
  EXPECT_TRUE(pair.relayed().empty());
}

TEST(TurnClient, AnUnsignedSuccessIsNotBelieved) {
  Pair pair;
  pair.server.script.sign_answers = false;
  EXPECT_FALSE(pair.allocate());
  EXPECT_EQ(pair.client.counters().unauthenticated, 1U);
  pair.server.script.sign_answers = true;
  pair.server.allocated = false;
  pair.advance(1s);
  EXPECT_EQ(pair.client.state(), TurnState::ready);
}

TEST(TurnClient, TheFamilyWantedIsDroppedWhenTheServerLacksIt) {
  Pair pair({kLocal, kServer, false, "user", "secret", true});
  pair.server.script.refuse[stun::kAllocate] = 440;
  pair.client.start(pair.now, pair.out);
  for (int i = 0; i < 3; ++i) {
    auto sent = pair.out.datagrams.take();
    ASSERT_EQ(sent.size(), 1U);
    auto request = stun::parse(sent[0].packet.bytes());
    // REQUESTED-ADDRESS-FAMILY is comprehension-required and not known to our reader.
    EXPECT_EQ(request->unknown.count, i < 2 ? 2U : 1U) << i;
    pair.server.on_datagram(sent[0]);
    for (auto& answer : std::exchange(pair.server.answers, {}))
      pair.client.on_datagram(answer.packet.bytes(), pair.now, pair.out);
    pair.server.script.refuse.clear();
    if (i == 0) pair.server.script.refuse[stun::kAllocate] = 440;
  }
  EXPECT_EQ(pair.client.state(), TurnState::ready);
}

TEST(TurnClient, PacketsThatWaitAndPeersAreBounded) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.server.script.silent_methods = {stun::kCreatePermission};
  for (std::size_t i = 0; i < kMaxHeldPackets + 5; ++i)
    pair.client.send(kPeer, base::as_bytes(kStun), pair.out);
  EXPECT_EQ(pair.client.counters().dropped, 5U);
  for (std::size_t i = 0; i < kMaxTurnPeers; ++i)
    pair.client.send(at("203.0.113.1", static_cast<std::uint16_t>(i + 1)), base::as_bytes(kStun),
                     pair.out);
  EXPECT_EQ(pair.client.counters().dropped, 5U + kMaxTurnPeers);
}

TEST(TurnClient, WhatDoesNotFitIsDropped) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  pair.send(kStun);
  std::string large(base::kMaxPacketBytes - 10, '\1');
  pair.send(large);
  EXPECT_EQ(pair.relayed(), Texts{kStun});
  EXPECT_EQ(pair.client.counters().dropped, 1U);
}

TEST(TurnClient, AnswersToNothingAreCounted) {
  Pair pair;
  ASSERT_TRUE(pair.allocate());
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::success, {}, stun::kRefresh);
  packet.resize(builder.lifetime(1).finish().size());
  pair.client.on_datagram(packet.bytes(), pair.now, pair.out);
  EXPECT_EQ(pair.client.counters().unmatched, 1U);
  EXPECT_EQ(pair.client.state(), TurnState::ready);
}

TEST(TurnClient, WithoutAUserNameNothingIsSent) {
  Pair pair({kLocal, kServer, false, "", "", false});
  pair.client.start(pair.now, pair.out);
  EXPECT_TRUE(pair.out.datagrams.empty());
  EXPECT_EQ(pair.client.state(), TurnState::failed);
}

}  // namespace
}  // namespace sidetone::ice
