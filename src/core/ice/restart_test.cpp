// Promises about Agent::restart() and about a full agent towards an ICE-lite side.
#include <gtest/gtest.h>

#include "core/ice/test_two.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST(Restart, KeepsThePathForMediaUntilANewOneIsNominated) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Two two({.network = {.jitter = 20ms, .loss = 0.2, .seed = seed}});
    two.exchange();
    ASSERT_TRUE(two.settle(10s));
    auto old = two.left.local_credentials();
    two.left_node->events.clear();
    two.right_node->events.clear();
    two.restart_both();
    EXPECT_NE(two.left.local_credentials(), old);
    EXPECT_FALSE(two.left.nominated());
    bool gap = false;
    ASSERT_TRUE(two.network.run_until(
        [&] {
          gap = gap || !two.left.selected() || !two.right.selected();
          return two.settled();
        },
        10s));
    EXPECT_FALSE(gap);
    EXPECT_TRUE(two.agree());
    EXPECT_TRUE(two.left_node->events.empty()) << "same path, so nothing to tell";
    two.network.run_for(20s);
    EXPECT_EQ(two.left.state(), State::connected) << "consent goes on with the new credentials";
    EXPECT_EQ(two.left.counters().restarts, 1U);
  }
}

TEST(Restart, OfOneSideAloneKeepsThePathWhileTheOtherWaitsForTheDescription) {
  Two two;
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  two.left.restart(two.network.now(), two.out);
  two.network.emit(*two.left_node, two.out);
  two.network.run_for(60s);
  EXPECT_EQ(two.left.state(), State::connected);
  EXPECT_EQ(two.right.state(), State::connected) << "old credentials are still answered";
}

TEST(Restart, OverAnotherPathMovesThereWithoutAGap) {
  auto other = at("192.0.2.2", 1001);
  Two two({.left_addresses = {kLeft, other}});
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  ASSERT_EQ(two.left.selected()->local, kLeft);
  two.network.block_both(kLeft, kRight);
  two.restart_both();
  ASSERT_TRUE(two.network.run_until(
      [&] { return two.settled() || !two.left.selected() || !two.right.selected(); }, 5s));
  EXPECT_EQ(two.left.selected(), (Path{other, kRight}));
  EXPECT_TRUE(two.agree());
}

TEST(Restart, EndsTheChecksOfTheOldSession) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.agent.restart(hand.now, hand.out);
  EXPECT_FALSE(hand.agent.next_deadline());
  EXPECT_EQ(hand.agent.state(), State::idle);
  EXPECT_TRUE(hand.agent.checklist().pairs().empty());
}

TEST(Restart, RevivesAFailedAgent) {
  Two two;
  two.network.set_loss(1);
  two.exchange();
  two.network.run_for(20s);
  ASSERT_EQ(two.left.state(), State::failed);
  two.network.set_loss(0);
  two.left_node->events.clear();
  two.restart_both();
  EXPECT_EQ(two.left.state(), State::checking);
  ASSERT_TRUE(two.settle(1s));
  EXPECT_EQ(two.left_node->events, (std::vector{Event::selected_pair_changed, Event::connected}));
}

TEST(Restart, ThatFindsNothingLeavesTheOldPathInUse) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  hand.agent.restart(hand.now, hand.out);
  hand.remote = {"other", "another-password-0123456789"};
  hand.describe();
  hand.add(at("203.0.113.1", 1));
  hand.out.clear();
  // Only the old path answers, with the old password.
  for (int i = 0; i < 60; ++i) {
    hand.advance(1s);
    for (const auto& request : hand.requests())
      if (request.remote == kRight) hand.answer(request, {});
  }
  EXPECT_EQ(hand.agent.state(), State::connected);
  EXPECT_EQ(hand.agent.selected(), (Path{kLeft, kRight}));
  hand.advance(31s);
  EXPECT_EQ(hand.agent.state(), State::failed);
}

TEST(Restart, ByTheOtherSideAloneIsFollowed) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  hand.remote = {"other", "another-password-0123456789"};
  hand.describe();
  EXPECT_FALSE(hand.agent.nominated());
  EXPECT_TRUE(hand.agent.selected());
  hand.add(kRight);
  hand.answer_all({.pwd = hand.remote.pwd});
  hand.answer_all({.pwd = hand.remote.pwd});
  EXPECT_TRUE(hand.agent.nominated());
}

struct WithLite {
  explicit WithLite(NetworkOptions options = {}, Role role = Role::controlling)
      : network(options),
        client({role}, client_random),
        server(server_random),
        client_node(&network.add(client, {kLeft})),
        server_node(&network.add(server, {kRight})) {
    client.add_local(kLeft, network.now(), out);
  }

  void exchange() {
    server.set_remote(client.local_credentials());
    client.set_remote(server.local_credentials(), true, network.now(), out);
    Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = candidate_priority(CandidateType::host, 65535);
    candidate.endpoint = kRight;
    client.add_remote(candidate, network.now(), out);
    network.emit(*client_node, out);
  }

  base::SeededRandom client_random{1};
  base::SeededRandom server_random{2};
  Network network;
  Agent client;
  LiteAgent server;
  Node* client_node;
  Node* server_node;
  Output out;
};

TEST(TowardsLite, TheClientIsControllingAndConnectsInTwoRoundTrips) {
  for (auto role : {Role::controlling, Role::controlled}) {
    WithLite test({}, role);
    test.exchange();
    EXPECT_EQ(test.client.role(), Role::controlling);
    ASSERT_TRUE(test.network.run_until([&] { return test.client.selected().has_value(); }, 20ms));
    ASSERT_TRUE(test.network.run_until([&] { return test.client.nominated(); }, 20ms));
    EXPECT_EQ(test.server.selected(), (Path{kRight, kLeft}));
    EXPECT_EQ(test.server.counters().nominations, 1U);
    EXPECT_EQ(test.server.counters().role_conflicts, 0U);
  }
}

TEST(TowardsLite, ConsentKeepsBothSidesConnectedAtThirtyPercentLoss) {
  WithLite test({.jitter = 30ms, .loss = 0.3});
  test.exchange();
  ASSERT_TRUE(test.network.run_until([&] { return test.client.nominated(); }, 10s));
  for (int i = 0; i < 300; ++i) {
    test.network.run_for(1s);
    ASSERT_TRUE(test.client.selected());
    ASSERT_TRUE(test.server.selected());
  }
}

TEST(TowardsLite, TheServerFollowsTheClientsChangedAddress) {
  WithLite test;
  auto before = at("203.0.113.5", 1);
  auto after = at("203.0.113.5", 2);
  test.network.map_address(kLeft, before);
  test.exchange();
  ASSERT_TRUE(test.network.run_until([&] { return test.client.nominated(); }, 1s));
  EXPECT_EQ(test.server.selected()->remote, before);
  test.network.map_address(kLeft, after);
  ASSERT_TRUE(test.network.run_until([&] { return test.server.selected()->remote == after; }, 7s));
  test.network.run_for(60s);
  EXPECT_EQ(test.client.state(), State::connected);
}

TEST(TowardsLite, ARestartLosesNothing) {
  WithLite test;
  test.exchange();
  ASSERT_TRUE(test.network.run_until([&] { return test.client.nominated(); }, 1s));
  test.client.restart(test.network.now(), test.out);
  test.server.restart(test.server_random);
  test.network.run_for(12s);
  EXPECT_EQ(test.client.state(), State::connected) << "the old credentials hold";
  test.exchange();
  ASSERT_TRUE(test.network.run_until(
      [&] { return test.client.nominated() || !test.client.selected() || !test.server.selected(); },
      1s));
  EXPECT_TRUE(test.client.nominated());
  test.network.run_for(60s);
  EXPECT_EQ(test.client.state(), State::connected);
  EXPECT_EQ(test.server.state(), State::connected);
}

TEST(TowardsLite, ASilentClientIsLeftAlone) {
  WithLite test;
  test.exchange();
  ASSERT_TRUE(test.network.run_until([&] { return test.client.nominated(); }, 1s));
  test.network.set_loss(1);
  test.network.run_for(40s);
  EXPECT_EQ(test.server.state(), State::failed);
  EXPECT_FALSE(test.server.selected());
  EXPECT_EQ(test.client.state(), State::failed);
}

}  // namespace
}  // namespace sidetone::ice
