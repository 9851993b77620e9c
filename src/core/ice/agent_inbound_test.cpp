// Promises about what an Agent believes and answers.
#include <gtest/gtest.h>

#include "core/ice/test_two.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST(Inbound, AWrongPasswordIsNeverAnswered) {
  Hand hand;
  hand.describe();
  hand.check({.pwd = "wrong"});
  hand.agent.on_datagram(kLeft, kRight, base::as_bytes("garbage"), hand.now, hand.out);
  EXPECT_TRUE(hand.out.datagrams.empty());
  EXPECT_EQ(hand.agent.counters().unauthenticated, 1U);
  EXPECT_EQ(hand.agent.counters().malformed, 1U);
  EXPECT_TRUE(hand.agent.checklist().pairs().empty());
  EXPECT_FALSE(hand.agent.is_verified({kLeft, kRight}));
}

TEST(Inbound, AStrangerNeverGetsMoreBytesThanItSent) {
  Hand hand;
  hand.describe();
  hand.add(at("203.0.113.1", 1));
  hand.out.clear();
  std::size_t got = 0;
  std::size_t received = 0;
  const auto& local = hand.agent.local_credentials();
  for (int i = 0; i < 2000; ++i) {
    base::Packet packet;
    stun::TransactionId id{};
    hand.random.fill(id);
    auto kind = static_cast<stun::Class>(hand.random.u32() % 4);
    stun::Builder builder(packet.storage(), kind, id);
    if (hand.random.u32() % 2 == 0) builder.username(local.ufrag, "remote");
    if (hand.random.u32() % 2 == 0) builder.priority(1).use_candidate();
    if (hand.random.u32() % 2 == 0) builder.integrity(hand.random.text(22));
    packet.resize(builder.fingerprint().finish().size());
    if (hand.random.u32() % 8 == 0) hand.random.fill(packet.bytes());
    received += packet.size();
    hand.receive(packet);
    for (const auto& datagram : hand.out.datagrams)
      if (datagram.remote == kRight) got += datagram.packet.size();
    hand.out.clear();
  }
  EXPECT_GT(received, 0U);
  EXPECT_EQ(got, 0U);
}

TEST(Inbound, ForgedAnswersAreIgnored) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  auto request = hand.requests().at(0);
  hand.answer(request, {.pwd = "an-attackers-password-012"});
  hand.answer(request, {.pwd = ""});
  hand.answer(request, {.from = at("203.0.113.66", 66)});
  EXPECT_FALSE(hand.agent.selected());
  EXPECT_EQ(hand.agent.counters().unauthenticated, 2U);
  EXPECT_EQ(hand.agent.counters().unmatched, 1U);
  hand.answer(request, {});
  EXPECT_TRUE(hand.agent.selected()) << "the true answer still counts";
}

TEST(Inbound, AnAnswerToNothingIsCounted) {
  Hand hand;
  hand.describe();
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::success, {});
  packet.resize(builder.mapped(kLeft).integrity(hand.remote.pwd).finish().size());
  hand.receive(packet);
  EXPECT_EQ(hand.agent.counters().unmatched, 1U);
}

TEST(Inbound, ForgedConsentAnswersDoNotKeepAPathAlive) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  const auto before = hand.agent.counters().responses_received;
  hand.advance(6s);
  for (const auto& request : hand.requests()) hand.answer(request, {});
  EXPECT_GT(hand.agent.counters().responses_received, before) << "the true ones are believed";
  const auto believed = hand.agent.counters().responses_received;
  EXPECT_LT(believed, before + 5);
  for (int i = 0; i < 35; ++i) {
    hand.advance(1s);
    for (const auto& request : hand.requests()) {
      hand.answer(request, {.pwd = "an-attackers-password-012"});
      hand.answer(request, {.from = at("203.0.113.66", 66)});
      hand.answer(request, {.error = 400});
    }
  }
  EXPECT_EQ(hand.agent.state(), State::failed);
  EXPECT_EQ(hand.agent.counters().responses_received, believed);
}

TEST(Inbound, WhatComesToAnAddressThatIsNotOursIsDropped) {
  Hand hand;
  hand.describe();
  hand.agent.on_datagram(at("10.9.9.9", 9), kRight, base::as_bytes("x"), hand.now, hand.out);
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::request, {});
  const auto& local = hand.agent.local_credentials();
  packet.resize(builder.username(local.ufrag, "remote").integrity(local.pwd).finish().size());
  hand.agent.on_datagram(at("10.9.9.9", 9), kRight, packet.bytes(), hand.now, hand.out);
  EXPECT_TRUE(hand.out.datagrams.empty());
  EXPECT_EQ(hand.agent.counters().unknown_local, 1U);
}

TEST(Inbound, AnUnknownDemandIsRefusedWithItsName) {
  Hand hand;
  hand.describe();
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::request, {});
  const auto& local = hand.agent.local_credentials();
  builder.username(local.ufrag, "remote").unknown_attributes({});
  auto size = builder.finish().size();
  packet.storage()[size - 4] = std::byte{0x7f};
  packet.resize(builder.integrity(local.pwd).finish().size());
  hand.receive(packet);
  auto answers = hand.take(stun::Class::error);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(stun::parse(answers[0].packet.bytes())->error_code, stun::kUnknownAttribute);
  EXPECT_TRUE(hand.agent.checklist().pairs().empty());
}

TEST(Inbound, ChecksOfAnotherSessionAreAnsweredAndTeachNothing) {
  Hand hand;
  hand.describe();
  hand.check({.sender = "stranger"});
  EXPECT_EQ(hand.take(stun::Class::success).size(), 1U);
  EXPECT_TRUE(hand.agent.checklist().pairs().empty());
}

TEST(Inbound, TheGreaterTieBreakerControls) {
  Hand controlling(Role::controlling);
  controlling.describe();
  controlling.check({.controlling = 0});
  auto refusals = controlling.take(stun::Class::error);
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(stun::parse(refusals[0].packet.bytes())->error_code, stun::kRoleConflict);
  EXPECT_EQ(controlling.agent.role(), Role::controlling);
  controlling.check({.controlling = ~0ULL});
  EXPECT_EQ(controlling.agent.role(), Role::controlled);

  Hand controlled(Role::controlled);
  controlled.describe();
  controlled.check({.controlling = {}, .controlled = ~0ULL});
  EXPECT_EQ(controlled.take(stun::Class::error).size(), 1U);
  EXPECT_EQ(controlled.agent.role(), Role::controlled);
  controlled.check({.controlling = {}, .controlled = 0});
  EXPECT_EQ(controlled.agent.role(), Role::controlling);
}

TEST(Inbound, ARoleConflictMakesUsChangeOnceAndAskAgain) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  auto first = hand.requests().at(0);
  hand.answer(first, {.error = stun::kRoleConflict});
  EXPECT_EQ(hand.agent.role(), Role::controlled);
  hand.answer(first, {.error = stun::kRoleConflict});
  EXPECT_EQ(hand.agent.role(), Role::controlled) << "the question was asked in the old role";
  hand.advance(5ms);
  auto second = hand.requests();
  ASSERT_FALSE(second.empty());
  auto message = stun::parse(second[0].packet.bytes());
  EXPECT_TRUE(message->controlled);
  EXPECT_FALSE(message->controlling);
}

TEST(Inbound, ACheckIsAnsweredByACheckOfOurs) {
  Hand hand;
  hand.describe();
  hand.check({});
  auto requests = hand.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].remote, kRight);
  auto message = stun::parse(requests[0].packet.bytes());
  EXPECT_EQ(message->username, "remote:" + hand.agent.local_credentials().ufrag);
  EXPECT_TRUE(stun::has_integrity(*message, hand.remote.pwd));
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_EQ(message->priority, candidate_priority(CandidateType::peer_reflexive, 65535));
  EXPECT_TRUE(message->controlled);
}

TEST(Inbound, AFailedPairIsTriedAgainWhenTheOtherSideChecksIt) {
  Hand hand(Role::controlled);
  hand.describe();
  hand.add(kRight);
  hand.advance(12s);
  ASSERT_EQ(hand.agent.checklist().pairs()[0]->state, PairState::failed);
  hand.out.clear();
  hand.check({.nominate = true});
  hand.answer_all();
  EXPECT_TRUE(hand.agent.nominated());
}

TEST(Inbound, ANominationBeforeOurOwnCheckCountsWhenThatSucceeds) {
  Hand hand;
  hand.describe();
  hand.check({.nominate = true});
  EXPECT_FALSE(hand.agent.selected());
  hand.answer_all();
  EXPECT_TRUE(hand.agent.nominated());
}

TEST(Inbound, ACheckWithoutNominationIsAnsweredByACheckThatAsksForIt) {
  Hand hand;
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  ASSERT_TRUE(hand.agent.selected());
  ASSERT_FALSE(hand.agent.nominated());
  EXPECT_TRUE(hand.requests().empty());
  hand.check({});
  auto asked = hand.requests();
  ASSERT_EQ(asked.size(), 1U)
      << "for a side that nominates when a check comes on a pair that works";
  hand.answer(asked[0], {});
  hand.check({.nominate = true});
  ASSERT_TRUE(hand.agent.nominated());
  hand.out.clear();
  hand.check({});
  EXPECT_TRUE(hand.requests().empty()) << "nothing is asked for any more";
}

TEST(Inbound, ACheckOfTheirsBeforeOurAnswerCameAsksForNominationToo) {
  Hand hand;
  hand.describe();
  hand.add(kRight);
  auto first = hand.requests();
  ASSERT_EQ(first.size(), 1U);
  hand.check({});
  hand.answer(first[0], {});
  EXPECT_EQ(hand.requests().size(), 1U);
}

TEST(Inbound, OfSeveralNominationsTheBestIsFollowed) {
  Hand hand;
  hand.describe();
  auto better = at("198.51.100.2", 2001);
  auto worse = at("198.51.100.3", 2002);
  hand.check({.from = kRight, .nominate = true, .priority = 100});
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  hand.check({.from = worse, .nominate = true, .priority = 50});
  hand.advance(10ms);
  hand.answer_all();
  EXPECT_EQ(hand.agent.selected()->remote, kRight);
  hand.check({.from = better, .nominate = true, .priority = 200});
  hand.advance(10ms);
  hand.answer_all();
  EXPECT_EQ(hand.agent.selected()->remote, better);
  hand.check({.from = kRight, .nominate = true, .priority = 100});
  EXPECT_EQ(hand.agent.selected()->remote, better) << "it settles";
}

TEST(Inbound, WhenTheNominatedPathIsDeadAWorseNominationIsFollowed) {
  Hand hand;
  hand.describe();
  hand.check({.nominate = true, .priority = 100});
  hand.answer_all();
  hand.advance(12s);
  ASSERT_EQ(hand.agent.state(), State::disconnected);
  auto other = at("198.51.100.3", 2002);
  hand.out.clear();
  hand.check({.from = other, .nominate = true, .priority = 50});
  hand.answer_all();
  EXPECT_EQ(hand.agent.selected()->remote, other);
  EXPECT_EQ(hand.agent.state(), State::connected);
}

TEST(Inbound, AControllingAgentIgnoresNominations) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.check({.nominate = true, .controlling = {}, .controlled = 1});
  hand.answer_all();
  EXPECT_TRUE(hand.agent.selected());
  EXPECT_FALSE(hand.agent.nominated());
}

TEST(Inbound, AfterItsNominationAControllingAgentChecksNothingNew) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all();
  hand.answer_all();
  ASSERT_TRUE(hand.agent.nominated());
  hand.check({.from = at("198.51.100.9", 9), .controlling = {}, .controlled = 1});
  hand.advance(100ms);
  EXPECT_TRUE(hand.requests().empty());
  EXPECT_EQ(hand.agent.checklist().pairs().size(), 1U);
}

TEST(Inbound, UnusableCandidatesAreCountedNotTried) {
  Hand hand(Role::controlling);
  hand.describe();
  for (auto text :
       {"1 2 udp 5 198.51.100.1 2000 typ host", "1 1 tcp 5 198.51.100.1 9 typ host tcptype active",
        "1 1 udp 5 browser.local 2000 typ host", "1 1 udp 5 198.51.100.1 0 typ host",
        "1 1 udp 5 0.0.0.0 9 typ host", "1 1 udp 5 198.51.100.1 2000 typ host ufrag foreign"})
    hand.agent.add_remote(*parse_candidate(text), hand.now, hand.out);
  EXPECT_EQ(hand.agent.counters().candidates_ignored, 6U);
  EXPECT_TRUE(hand.agent.checklist().pairs().empty());
}

TEST(Inbound, CandidatesOfAnotherSessionAreDroppedWhenTheDescriptionComes) {
  Hand hand(Role::controlling);
  hand.agent.add_remote(*parse_candidate("1 1 udp 5 198.51.100.1 1 typ host ufrag foreign"),
                        hand.now, hand.out);
  hand.agent.add_remote(*parse_candidate("1 1 udp 5 198.51.100.1 2 typ host ufrag remote"),
                        hand.now, hand.out);
  hand.agent.add_remote(*parse_candidate("1 1 udp 5 198.51.100.1 3 typ host"), hand.now, hand.out);
  hand.describe();
  EXPECT_EQ(hand.agent.checklist().pairs().size(), 2U);
}

TEST(Inbound, RemoteCandidatesAreBounded) {
  Hand hand;
  hand.describe();
  for (std::uint16_t port = 1; port <= 40; ++port) hand.add(at("203.0.113.1", port));
  for (std::uint16_t port = 1; port <= 90; ++port) hand.check({.from = at("203.0.113.2", port)});
  EXPECT_EQ(hand.agent.checklist().pairs().size(), kMaxRemoteCandidates);
  hand.add(at("203.0.113.3", 1));
  EXPECT_EQ(hand.agent.checklist().pairs().size(), kMaxRemoteCandidates);
}

TEST(Inbound, AnAnnouncementReplacesWhatACheckHadShown) {
  Hand hand;
  hand.describe();
  hand.check({.priority = 7});
  ASSERT_EQ(hand.agent.checklist().pairs()[0]->remote_type, CandidateType::peer_reflexive);
  hand.add(kRight, 500);
  ASSERT_EQ(hand.agent.checklist().pairs().size(), 1U);
  const auto& pair = *hand.agent.checklist().pairs()[0];
  EXPECT_EQ(pair.remote_type, CandidateType::host);
  EXPECT_EQ(pair.remote_priority, 500U);
  EXPECT_EQ(pair.priority, pair_priority(500, pair.local_priority));
}

TEST(Inbound, ARefusalIsKeptForTheExplanation) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  auto request = hand.requests().at(0);
  hand.answer(request, {.error = 401, .pwd = ""});
  EXPECT_NE(hand.agent.explain().find("refused with 401"), std::string::npos);
  EXPECT_EQ(hand.agent.checklist().pairs()[0]->state, PairState::in_progress)
      << "unsigned: only noted";
  hand.answer(request, {.error = 400});
  EXPECT_EQ(hand.agent.checklist().pairs()[0]->state, PairState::failed);
}

TEST(Inbound, ASuccessWithoutAnAddressIsNone) {
  Hand hand(Role::controlling);
  hand.describe();
  hand.add(kRight);
  hand.answer_all({.mapped = false});
  EXPECT_FALSE(hand.agent.selected());
  EXPECT_NE(hand.agent.explain().find("unusable answer"), std::string::npos);
  EXPECT_EQ(hand.agent.checklist().pairs()[0]->state, PairState::failed);
  hand.advance(5s);
  EXPECT_TRUE(hand.requests().empty()) << "asking again would not help";
}

}  // namespace
}  // namespace sidetone::ice
