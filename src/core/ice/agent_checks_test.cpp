// Promises about when an Agent sends which check.
#include <gtest/gtest.h>

#include "core/ice/test_two.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST(Checks, TheFirstGoesAtOnceTheNextEachFiveMilliseconds) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight, 100);
  EXPECT_EQ(hand.out.datagrams.size(), 1U);
  hand.add(at("198.51.100.1", 2001), 300);
  hand.add(at("198.51.100.1", 2002), 200);
  EXPECT_EQ(hand.out.datagrams.size(), 1U);
  hand.advance(4999us);
  EXPECT_EQ(hand.out.datagrams.size(), 1U);
  hand.advance(1us);
  ASSERT_EQ(hand.out.datagrams.size(), 2U);
  EXPECT_EQ(hand.out.datagrams[1].remote.port, 2001) << "the best first";
  hand.advance(5ms);
  ASSERT_EQ(hand.out.datagrams.size(), 3U);
  EXPECT_EQ(hand.out.datagrams[2].remote.port, 2002);
}

TEST(Checks, AreResentWithDoublingPausesAndTheSameIdThenGivenUp) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  auto first = stun::parse(hand.requests().at(0).packet.bytes())->transaction;
  std::vector<base::Duration> sent;
  while (hand.now.time_since_epoch() < 14s) {
    hand.advance(10ms);
    for (const auto& request : hand.requests()) {
      sent.push_back(hand.now.time_since_epoch());
      EXPECT_EQ(stun::parse(request.packet.bytes())->transaction, first);
    }
  }
  EXPECT_EQ(sent, (std::vector<base::Duration>{50ms, 150ms, 350ms, 750ms, 1550ms, 3150ms, 4750ms,
                                               6350ms, 7950ms}));
  EXPECT_EQ(hand.agent.checklist().pairs()[0]->state, PairState::failed);
  EXPECT_EQ(hand.agent.counters().checks_sent, 10U);
  EXPECT_EQ(hand.agent.counters().retransmissions, 9U);
}

TEST(Checks, ABetterPairThatIsStillSilentDelaysTheNominationOnlyBriefly) {
  auto best = at("192.0.2.2", 1001);
  Two two({.left_addresses = {best, kLeft}});
  two.network.block_both(best, kRight);
  two.exchange();
  ASSERT_TRUE(two.network.run_until([&] { return two.left.selected().has_value(); }, 30ms))
      << "used at once";
  EXPECT_EQ(two.left.selected()->local, kLeft);
  EXPECT_FALSE(two.left.nominated());
  two.network.run_for(90ms);
  EXPECT_FALSE(two.left.nominated());
  ASSERT_TRUE(two.settle(100ms));
  EXPECT_TRUE(two.agree());
}

TEST(Checks, OfTwoWorkingPairsTheBetterIsNominatedThoughItAnswersLater) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight, 100);
  auto better = at("198.51.100.2", 2001);
  hand.add(better, 200);
  hand.advance(5ms);
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 2U);
  hand.answer(requests[0], {});
  EXPECT_EQ(hand.agent.selected()->remote, kRight);
  EXPECT_TRUE(hand.requests().empty()) << "waits for the better one";
  hand.advance(20ms);
  hand.answer(requests[1], {});
  EXPECT_EQ(hand.agent.selected()->remote, better);
  auto nomination = hand.requests();
  ASSERT_EQ(nomination.size(), 1U);
  EXPECT_EQ(nomination[0].remote, better);
  EXPECT_TRUE(stun::parse(nomination[0].packet.bytes())->use_candidate);
  hand.answer(nomination[0], {});
  EXPECT_TRUE(hand.agent.nominated());
  EXPECT_EQ(hand.agent.selected()->remote, better);
}

TEST(Checks, OrdinaryOnesDoNotNominate) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_FALSE(stun::parse(requests[0].packet.bytes())->use_candidate);
  hand.answer(requests[0], {});
  auto nomination = hand.requests().at(0);
  hand.answer(requests[0], {});
  EXPECT_FALSE(hand.agent.nominated()) << "an old answer repeated is no nomination";
  hand.advance(60ms);
  EXPECT_EQ(hand.requests().size(), 1U) << "so the nomination is sent again";
  hand.answer(nomination, {});
  EXPECT_TRUE(hand.agent.nominated());
}

TEST(Checks, WhenANominationIsNotAnsweredTheNextBestIsNominated) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight, 200);
  auto other = at("198.51.100.2", 2001);
  hand.add(other, 100);
  hand.advance(5ms);
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 2U);
  hand.answer(requests[1], {});
  hand.answer(requests[0], {});
  EXPECT_EQ(hand.requests().at(0).remote, kRight);
  // From now on only the other one answers.
  for (int i = 0; i < 1300 && !hand.agent.nominated(); ++i) {
    hand.advance(10ms);
    for (const auto& request : hand.requests())
      if (request.remote == other) hand.answer(request, {});
  }
  EXPECT_TRUE(hand.agent.nominated());
  EXPECT_EQ(hand.agent.selected()->remote, other);
}

TEST(Checks, ConsentOfANominatedPathNominatesItAgain) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  hand.advance(3999ms);
  EXPECT_TRUE(hand.requests().empty());
  hand.advance(2001ms);
  auto requests = hand.requests();
  ASSERT_GE(requests.size(), 1U);
  EXPECT_TRUE(stun::parse(requests[0].packet.bytes())->use_candidate);

  Hand controlled(Role::controlled);
  controlled.describe();
  controlled.check({.nominate = true});
  controlled.answer_all();
  controlled.out.clear();
  controlled.advance(6s);
  EXPECT_FALSE(stun::parse(controlled.requests().at(0).packet.bytes())->use_candidate);
}

TEST(Checks, ARelayedAddressIsOneMoreLocalOneAndComesLast) {
  Hand hand(Role::controlling);
  auto relayed = at("203.0.113.80", 3478);
  auto candidate = hand.agent.add_local(relayed, hand.now, hand.out, CandidateType::relayed);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->type, CandidateType::relayed);
  EXPECT_LT(candidate->priority, hand.agent.local_candidates()[0].priority);
  hand.describe();
  hand.add(kRight);
  hand.advance(5ms);
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].local, kLeft);
  EXPECT_EQ(requests[1].local, relayed);
}

}  // namespace
}  // namespace sidetone::ice
