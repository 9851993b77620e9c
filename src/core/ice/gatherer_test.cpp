#include "core/ice/gatherer.hpp"

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
const auto kStun = at("192.0.2.8", 3478);
const auto kTurn = at("192.0.2.9", 3478);
const auto kRelayed = at("192.0.2.9", 50000);
const auto kMapped = at("203.0.113.1", 6000);
const auto kPeer = at("198.51.100.7", 7000);

GatherConfig asking(const std::vector<std::string>& urls) {
  GatherConfig config;
  for (const auto& url : urls) config.servers.push_back({*parse_server_url(url), "user", "secret"});
  return config;
}

// A gatherer between a STUN server that does as it is told and a TURN server; datagrams arrive at
// once.
struct Bench {
  explicit Bench(const std::vector<std::string>& urls) : Bench(asking(urls)) {}

  explicit Bench(GatherConfig config, bool begin = true) : gatherer(std::move(config), random) {
    gatherer.add_local(kLocal);
    if (begin) start();
  }

  void start() {
    gatherer.start(now, out);
    settle();
  }

  void settle() {
    while (!out.datagrams.empty()) {
      for (auto& datagram : out.datagrams.take()) {
        if (datagram.remote == kTurn) turn.on_datagram(datagram);
        if (datagram.remote == kStun) on_stun(datagram);
      }
      for (auto& answer : std::exchange(turn.answers, {}))
        arrive({answer.local, answer.remote}, answer.packet.bytes());
    }
    for (auto& candidate : gatherer.found().take()) found.push_back(candidate);
    for (auto& each : gatherer.lost().take()) lost.push_back(each.local);
  }

  void on_stun(const base::Datagram& datagram) {
    ++questions;
    if (stun_silent) return;
    const auto question = stun::parse(datagram.packet.bytes());
    ASSERT_TRUE(question);
    base::Packet packet;
    stun::Builder builder(packet.storage(), stun_error ? stun::Class::error : stun::Class::success,
                          question->transaction);
    stun_error ? builder.error(*stun_error) : builder.mapped(mapped);
    packet.resize(builder.finish().size());
    arrive({datagram.local, datagram.remote}, packet.bytes());
  }

  void arrive(const Path& path, base::Bytes bytes) {
    if (auto arrival = gatherer.on_datagram(path, bytes, now, out)) {
      heard.emplace_back(base::as_text(arrival->bytes));
      heard_on.push_back(arrival->path);
    }
  }

  void run_for(base::Duration duration) {
    for (auto end = now + duration;;) {
      auto next = gatherer.next_deadline();
      if (!next || *next > end) {
        now = end;
        return;
      }
      now = std::max(now, *next);
      gatherer.on_deadline(now, out);
      settle();
    }
  }

  base::SeededRandom random{5};
  base::Instant now{100s};
  Output out;
  TurnServer turn{kTurn, kRelayed};
  base::Endpoint mapped = kMapped;
  std::optional<std::uint16_t> stun_error;
  bool stun_silent = false;
  int questions = 0;
  std::vector<Candidate> found;
  std::vector<base::Endpoint> lost;
  std::vector<std::string> heard;
  std::vector<Path> heard_on;
  Gatherer gatherer;
};

TEST(Gatherer, WithoutServersItIsDoneAtOnce) {
  Bench bench(GatherConfig{}, false);
  EXPECT_FALSE(bench.gatherer.done()) << "before it began";
  bench.start();
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_TRUE(bench.found.empty());
  EXPECT_FALSE(bench.gatherer.next_deadline());
  EXPECT_EQ(bench.gatherer.explain(), "");
}

TEST(Gatherer, AStunServerTellsOurAddress) {
  Bench bench({"stun:192.0.2.8"});
  ASSERT_EQ(bench.found.size(), 1U);
  EXPECT_EQ(bench.found[0].type, CandidateType::server_reflexive);
  EXPECT_EQ(bench.found[0].endpoint, kMapped);
  EXPECT_EQ(bench.found[0].related, kLocal);
  EXPECT_EQ(bench.questions, 1);
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_FALSE(bench.gatherer.next_deadline());
  EXPECT_TRUE(bench.heard.empty()) << "its answers are ours";
  EXPECT_FALSE(bench.gatherer.carries(kMapped)) << "packets from there leave by the socket";
}

TEST(Gatherer, AnAddressThatIsKnownIsNoNews) {
  Bench bench(asking({"stun:192.0.2.8"}), false);
  bench.mapped = kLocal;
  bench.start();
  EXPECT_TRUE(bench.found.empty()) << "no NAT";
  Bench twice({"stun:192.0.2.8", "stun:192.0.2.8"});
  EXPECT_EQ(twice.questions, 2);
  EXPECT_EQ(twice.found.size(), 1U);
}

TEST(Gatherer, AStunServersErrorIsTold) {
  Bench bench(asking({"stun:192.0.2.8"}), false);
  bench.stun_error = 420;
  bench.start();
  EXPECT_TRUE(bench.found.empty());
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_EQ(bench.gatherer.explain(), "stun:192.0.2.8:3478: it answers with error 420");
}

TEST(Gatherer, ASilentStunServerIsAskedSevenTimesInEightSeconds) {
  Bench bench(asking({"stun:192.0.2.8"}), false);
  bench.stun_silent = true;
  bench.start();
  EXPECT_EQ(bench.gatherer.next_deadline(), bench.now + 200ms);
  const auto begin = bench.now;
  bench.run_for(7799ms);
  EXPECT_EQ(bench.questions, 7);
  EXPECT_FALSE(bench.gatherer.done());
  bench.run_for(1ms);
  EXPECT_EQ(bench.now, begin + 7800ms);
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_EQ(bench.questions, 7);
  EXPECT_EQ(bench.gatherer.explain(), "stun:192.0.2.8:3478: the server does not answer");
}

TEST(Gatherer, ALateOrForgedAnswerIsNotForUs) {
  Bench bench(asking({"stun:192.0.2.8"}), false);
  bench.stun_silent = true;
  bench.start();
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::success, stun::TransactionId{});
  packet.resize(builder.mapped(kMapped).finish().size());
  bench.arrive({kLocal, kStun}, packet.bytes());
  EXPECT_TRUE(bench.found.empty());
  EXPECT_EQ(bench.heard.size(), 1U) << "the server may be the other side as well";
  EXPECT_EQ(bench.heard_on[0], (Path{kLocal, kStun}));
}

TEST(Gatherer, ARelayIsACandidateOnceTheServerGaveIt) {
  Bench bench(asking({"turn:192.0.2.9"}), false);
  bench.turn.script.silent_methods = {stun::kAllocate};
  bench.start();
  EXPECT_TRUE(bench.found.empty());
  EXPECT_FALSE(bench.gatherer.done());
  EXPECT_FALSE(bench.gatherer.carries(kRelayed));
  bench.turn.script.silent_methods.clear();
  bench.run_for(1s);
  ASSERT_EQ(bench.found.size(), 1U) << "we are not behind a NAT";
  EXPECT_EQ(bench.found[0].type, CandidateType::relayed);
  EXPECT_EQ(bench.found[0].endpoint, kRelayed);
  EXPECT_EQ(bench.found[0].related, kLocal) << "as the server sees us";
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_TRUE(bench.gatherer.carries(kRelayed));
  EXPECT_FALSE(bench.gatherer.carries(kLocal));
}

TEST(Gatherer, ARelayCarriesPacketsBothWays) {
  Bench bench({"turn:192.0.2.9"});
  bench.gatherer.send({kRelayed, kPeer}, base::as_bytes("there"), bench.out);
  bench.run_for(10ms);
  ASSERT_EQ(bench.turn.relayed.size(), 1U);
  EXPECT_EQ(bench.turn.relayed[0].remote, kPeer);
  EXPECT_EQ(base::as_text(bench.turn.relayed[0].packet.bytes()), "there");
  bench.turn.on_peer(kPeer, base::as_bytes("back"));
  for (auto& answer : std::exchange(bench.turn.answers, {}))
    bench.arrive({answer.local, answer.remote}, answer.packet.bytes());
  EXPECT_EQ(bench.heard, std::vector<std::string>{"back"});
  EXPECT_EQ(bench.heard_on[0], (Path{kRelayed, kPeer})) << "as if it had come to the relay";
}

TEST(Gatherer, RelayOnlyTellsNobodyWhereWeAre) {
  auto config = asking({"stun:192.0.2.8", "turn:192.0.2.9"});
  config.relay_only = true;
  Bench bench(config);
  EXPECT_EQ(bench.questions, 0);
  ASSERT_EQ(bench.found.size(), 1U);
  EXPECT_EQ(bench.found[0].type, CandidateType::relayed);
  EXPECT_EQ(bench.found[0].related, base::Endpoint{});
  EXPECT_TRUE(bench.gatherer.relay_only());
}

TEST(Gatherer, ARelayThatEndsIsLostOnceAndExplained) {
  Bench bench({"turn:192.0.2.9"});
  bench.turn.script.refuse = {{stun::kRefresh, 437}};
  bench.run_for(30min);
  EXPECT_EQ(bench.lost, std::vector<base::Endpoint>{kRelayed});
  EXPECT_TRUE(bench.gatherer.explain().starts_with("turn:192.0.2.9:3478?transport=udp: "))
      << bench.gatherer.explain();
}

TEST(Gatherer, ARefusedAllocationIsExplainedAndLosesNothing) {
  Bench bench(asking({"turn:192.0.2.9"}), false);
  bench.turn.script.password = "another";
  bench.start();
  bench.run_for(30s);
  EXPECT_TRUE(bench.found.empty());
  EXPECT_TRUE(bench.lost.empty());
  EXPECT_TRUE(bench.gatherer.done());
  EXPECT_NE(bench.gatherer.explain(), "");
}

TEST(Gatherer, WhatNoSocketReachesIsSaid) {
  Bench bench({"stun:[2001:db8::1]", "turns:192.0.2.9"});
  EXPECT_EQ(bench.gatherer.explain(),
            "stun:[2001:db8::1]:3478: no local address can reach it; "
            "turns:192.0.2.9:5349?transport=tcp: it needs TCP, which is off here");
  EXPECT_TRUE(bench.gatherer.done());
}

TEST(Gatherer, EightServersAreAskedAndNoMore) {
  Bench bench(asking(std::vector<std::string>(9, "stun:192.0.2.8")));
  EXPECT_EQ(bench.questions, 8);
  bench.gatherer.ask(asking({"stun:192.0.2.8"}).servers, bench.now, bench.out);
  bench.settle();
  EXPECT_EQ(bench.questions, 8);
}

TEST(Gatherer, ServersThatAreNamedLaterAreAskedThen) {
  Bench bench(GatherConfig{}, false);
  bench.gatherer.ask(asking({"stun:192.0.2.8"}).servers, bench.now, bench.out);
  EXPECT_TRUE(bench.out.datagrams.empty()) << "not before it began";
  bench.start();
  bench.gatherer.ask(asking({"stun:192.0.2.8"}).servers, bench.now, bench.out);
  bench.settle();
  EXPECT_EQ(bench.found.size(), 1U);
}

TEST(Gatherer, ClosingGivesTheRelayBack) {
  Bench bench({"turn:192.0.2.9"});
  EXPECT_TRUE(bench.turn.allocated);
  bench.gatherer.close(bench.out);
  bench.settle();
  EXPECT_FALSE(bench.turn.allocated);
  EXPECT_FALSE(bench.gatherer.next_deadline());
  EXPECT_TRUE(bench.turn.complaints.empty());
}

}  // namespace
}  // namespace sidetone::ice
