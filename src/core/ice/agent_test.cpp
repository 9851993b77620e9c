#include "core/ice/agent.hpp"

#include <gtest/gtest.h>

#include "core/ice/test_two.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

using Events = std::vector<Event>;

TEST(Agent, ConnectsInOneRoundTripAndSettlesInTwo) {
  Two two;
  two.exchange();
  ASSERT_TRUE(
      two.network.run_until([&] { return two.left.selected() && two.right.selected(); }, 20ms));
  EXPECT_EQ(two.left.state(), State::connected);
  EXPECT_EQ(two.right.state(), State::connected);
  ASSERT_TRUE(two.settle(20ms));
  EXPECT_LE(two.network.elapsed(), 40ms);
  EXPECT_TRUE(two.agree());
  EXPECT_EQ(two.left_node->events, (Events{Event::selected_pair_changed, Event::connected}));
  EXPECT_EQ(two.right_node->events, (Events{Event::selected_pair_changed, Event::connected}));
  EXPECT_TRUE(two.left.is_verified({kLeft, kRight}));
  EXPECT_FALSE(two.left.is_verified({kLeft, at("198.51.100.1", 2001)}));
}

TEST(Agent, ConnectsOverIpv6AndNeverMixesTheFamilies) {
  Two two(
      {.left_addresses = {kLeft, at("2001:db8::1", 1)}, .right_addresses = {at("2001:db8::2", 2)}});
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  EXPECT_EQ(two.left.selected(), (Path{at("2001:db8::1", 1), at("2001:db8::2", 2)}));
  EXPECT_EQ(two.left.checklist().pairs().size(), 1U);
}

TEST(Agent, EveryMixOfRolesSettlesWithOneOfEach) {
  for (auto left : {Role::controlling, Role::controlled}) {
    for (auto right : {Role::controlling, Role::controlled}) {
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Two two({.network = {.jitter = 5ms, .seed = seed}, .left = left, .right = right});
        two.exchange();
        ASSERT_TRUE(two.settle(2s));
        EXPECT_TRUE(two.agree());
        EXPECT_NE(two.left.role(), two.right.role());
        auto conflicts = two.left.counters().role_conflicts + two.right.counters().role_conflicts;
        EXPECT_EQ(conflicts > 0, left == right);
      }
    }
  }
}

TEST(Agent, SettlesAtThirtyPercentLossWithReordering) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Two two({.network = {.delay = 20ms, .jitter = 60ms, .loss = 0.3, .seed = seed},
             .left_addresses = {kLeft, at("192.0.2.2", 1001)},
             .right_addresses = {kRight, at("198.51.100.2", 2001)}});
    two.exchange();
    ASSERT_TRUE(two.settle(10s)) << seed;
    EXPECT_TRUE(two.agree()) << seed;
  }
}

TEST(Agent, CandidatesInAnyOrderAndTwiceAreFine) {
  Two two;
  two.trickle(two.left, two.right);
  two.describe(two.left, two.right);
  two.trickle(two.right, two.left);
  two.trickle(two.right, two.left);
  two.describe(two.right, two.left);
  two.describe(two.right, two.left);
  ASSERT_TRUE(two.settle(40ms));
  EXPECT_EQ(two.right.checklist().pairs().size(), 1U);
}

TEST(Agent, ChecksBeforeTheDescriptionAreAnsweredAndRemembered) {
  Two two;
  two.describe(two.left, two.right);
  two.trickle(two.left, two.right);
  two.network.run_for(20ms);
  EXPECT_EQ(two.left.state(), State::connected) << "answered though right knows nothing of left";
  EXPECT_FALSE(two.right.selected());
  EXPECT_TRUE(two.right.is_verified({kRight, kLeft}));
  two.network.run_for(200ms);
  auto described = two.network.now();
  two.describe(two.right, two.left);
  ASSERT_TRUE(two.settle(20ms)) << "no candidate of left was ever named";
  EXPECT_LE(two.network.now() - described, 20ms);
  EXPECT_TRUE(two.agree());
}

TEST(Agent, ChecksBeforeTheDescriptionAreBounded) {
  Hand hand;
  for (std::uint16_t port = 1; port <= 40; ++port) hand.check({.from = at("198.51.100.1", port)});
  EXPECT_EQ(hand.take(stun::Class::success).size(), 40U);
  EXPECT_EQ(hand.agent.counters().early_dropped, 40U - kMaxEarlyChecks);
  hand.describe();
  EXPECT_EQ(hand.agent.checklist().pairs().size(), kMaxEarlyChecks);
}

TEST(Agent, FindsAPeerWhoseAddressNobodyNamed) {
  Two two({.right = Role::controlled});
  auto outside = at("203.0.113.5", 40000);
  two.network.map_address(kLeft, outside);
  two.describe(two.left, two.right);
  two.describe(two.right, two.left);
  two.trickle(two.left, two.right);  // left's own candidates stay unknown to right
  ASSERT_TRUE(two.settle(1s));
  EXPECT_EQ(two.right.selected(), (Path{kRight, outside}));
  EXPECT_EQ(two.right.checklist().pairs()[0]->remote_type, CandidateType::peer_reflexive);
}

TEST(Agent, PeerReflexiveDiscoveryWorksForTheControllingSideToo) {
  Two two({.left = Role::controlled, .right = Role::controlling});
  auto outside = at("203.0.113.5", 40000);
  two.network.map_address(kLeft, outside);
  two.exchange();
  ASSERT_TRUE(two.settle(2s));
  EXPECT_EQ(two.right.selected(), (Path{kRight, outside}));
}

TEST(Agent, AmongManyCandidatesTheOneThatWorksIsFound) {
  TwoOptions options;
  options.left_addresses.clear();
  options.right_addresses.clear();
  for (std::uint16_t i = 0; i < kMaxLocalCandidates; ++i) {
    options.left_addresses.push_back(at("192.0.2.1", static_cast<std::uint16_t>(1000 + i)));
    options.right_addresses.push_back(at("198.51.100.1", static_cast<std::uint16_t>(2000 + i)));
  }
  Two two(options);
  for (const auto& left : options.left_addresses)
    for (const auto& right : options.right_addresses)
      if (left.port != 1002 || right.port != 2003) two.network.block_both(left, right);
  two.exchange();
  EXPECT_LE(two.left.checklist().pairs().size(), kMaxPairs);
  EXPECT_GT(two.left.checklist().dropped(), 0U);
  ASSERT_TRUE(two.settle(5s));
  EXPECT_EQ(two.left.selected()->local.port, 1002);
  EXPECT_EQ(two.left.selected()->remote.port, 2003);
  EXPECT_TRUE(two.agree());
}

TEST(Agent, LocalAddressesAreBoundedAndUnique) {
  Hand hand;
  EXPECT_FALSE(hand.agent.add_local(kLeft, hand.now, hand.out));
  for (std::uint16_t port = 1; port < 60; ++port)
    hand.agent.add_local(at("10.0.0.1", port), hand.now, hand.out);
  EXPECT_EQ(hand.agent.local_candidates().size(), kMaxLocalCandidates);
  EXPECT_GT(hand.agent.local_candidates()[0].priority, hand.agent.local_candidates()[1].priority);
}

TEST(Agent, AnAddressOfOursThatComesLateIsUsed) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.out.clear();
  auto late = at("10.0.0.1", 7);
  auto candidate = hand.agent.add_local(late, hand.now + 5ms, hand.out);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->ufrag, hand.agent.local_credentials().ufrag);
  EXPECT_EQ(candidate->endpoint, late);
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].local, late);
}

TEST(Agent, GivesUpInTimeAndSaysWhatItTried) {
  Two two;
  two.network.block_both(kLeft, kRight);
  two.exchange();
  two.network.run_for(14999ms);
  EXPECT_EQ(two.left.state(), State::checking);
  two.network.run_for(1ms);
  EXPECT_EQ(two.left.state(), State::failed);
  EXPECT_EQ(two.left_node->events, Events{Event::failed});
  EXPECT_EQ(two.left.explain(),
            "192.0.2.1:1000 -> host 198.51.100.1:2000: no answer after 10 checks");
  auto sent = two.network.sent();
  two.network.run_for(60s);
  EXPECT_EQ(two.network.sent(), sent) << "a failed agent is silent";
  EXPECT_FALSE(two.left.next_deadline());
}

TEST(Agent, ExplainsWhatIsMissing) {
  base::SeededRandom random(1);
  Output out;
  Agent agent({}, random);
  EXPECT_EQ(agent.explain(), "no local address");
  agent.add_local(kLeft, {}, out);
  EXPECT_EQ(agent.explain(), "nothing known of the other side");
  agent.set_remote({"abcd", "0123456789012345678901"}, false, {}, out);
  EXPECT_EQ(agent.explain(), "the other side named no address");
  Candidate candidate;
  candidate.endpoint = at("2001:db8::1", 1);
  agent.add_remote(candidate, {}, out);
  EXPECT_EQ(agent.explain(), "no address in common by IP version");
  for (std::uint16_t port = 1; port < 12; ++port) {
    candidate.endpoint = at("192.0.2.9", port);
    agent.add_remote(candidate, {}, out);
  }
  EXPECT_NE(agent.explain(2).find("; and 9 more"), std::string::npos);
  EXPECT_NE(agent.explain(2).find("not tried yet"), std::string::npos);
}

TEST(Agent, CredentialsThatAreNoneAreIgnored) {
  Hand hand;
  hand.agent.set_remote({"abc", "0123456789012345678901"}, false, hand.now, hand.out);
  hand.agent.set_remote({"abcd", "short"}, false, hand.now, hand.out);
  hand.agent.set_remote({std::string(257, 'x'), "0123456789012345678901"}, false, hand.now,
                        hand.out);
  hand.agent.set_remote({"ab\r\n", "0123456789012345678901"}, false, hand.now, hand.out);
  EXPECT_FALSE(hand.agent.remote_credentials());
  EXPECT_EQ(hand.agent.state(), State::idle);
}

TEST(Agent, OnceSettledOnlyConsentIsChecked) {
  Two two({.left_addresses = {kLeft, at("192.0.2.2", 1001)}});
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  two.network.run_for(1s);
  auto checks = two.left.counters().checks_sent + two.right.counters().checks_sent;
  two.trickle(two.left, two.right);
  two.network.run_for(100s);
  EXPECT_EQ(two.left.counters().checks_sent + two.right.counters().checks_sent, checks);
  for (const auto* agent : {&two.left, &two.right}) {
    EXPECT_GE(agent->counters().consent_checks_sent, 17U);  // every 4 to 6 s
    EXPECT_LE(agent->counters().consent_checks_sent, 25U);
    EXPECT_EQ(agent->state(), State::connected);
  }
}

TEST(Agent, ConsentSurvivesThirtyPercentLoss) {
  Two two({.network = {.loss = 0.3}});
  two.exchange();
  ASSERT_TRUE(two.settle(10s));
  for (int i = 0; i < 600; ++i) {
    two.network.run_for(1s);
    ASSERT_TRUE(two.left.selected());
    ASSERT_TRUE(two.right.selected());
  }
}

TEST(Agent, ADeadPathIsNoticedAfterTenSecondsAndLeftAfterThirty) {
  Two two;
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  two.network.run_for(20s);
  two.left_node->events.clear();
  two.network.block_both(kLeft, kRight);
  auto dead = two.network.now();
  ASSERT_TRUE(two.network.run_until([&] { return two.left.state() == State::disconnected; }, 20s));
  EXPECT_GE(two.network.now() - dead, 3900ms);
  EXPECT_LE(two.network.now() - dead, 10s);
  EXPECT_TRUE(two.left.selected()) << "may still come back";
  ASSERT_TRUE(two.network.run_until([&] { return two.left.state() == State::failed; }, 40s));
  EXPECT_GE(two.network.now() - dead, 23900ms);
  EXPECT_LE(two.network.now() - dead, 30s);
  EXPECT_FALSE(two.left.selected());
  EXPECT_EQ(two.left_node->events, (Events{Event::disconnected, Event::failed}));
}

TEST(Agent, APathThatComesBackIsConnectedAgain) {
  Two two;
  two.exchange();
  ASSERT_TRUE(two.settle(1s));
  two.network.set_loss(1);
  ASSERT_TRUE(two.network.run_until([&] { return two.left.state() == State::disconnected; }, 20s));
  two.network.set_loss(0);
  two.left_node->events.clear();
  ASSERT_TRUE(two.network.run_until([&] { return two.left.state() == State::connected; }, 2s));
  EXPECT_EQ(two.left_node->events, Events{Event::connected});
}

TEST(Agent, TheSameSeedGivesTheSameBytes) {
  auto run = [] {
    Two two({.network = {.jitter = 20ms, .loss = 0.2, .seed = 4}});
    std::string bytes;
    two.network.tap = [&](const base::Datagram& datagram) {
      bytes += base::as_text(datagram.packet.bytes());
    };
    two.exchange();
    two.network.run_for(20s);
    return bytes;
  };
  auto first = run();
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, run());
}

}  // namespace
}  // namespace sidetone::ice
