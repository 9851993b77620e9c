#include "core/ice/checklist.hpp"

#include <gtest/gtest.h>

namespace sidetone::ice {
namespace {

Path path(std::uint16_t port) {
  return {{*base::Address::parse("192.0.2.1"), 1}, {*base::Address::parse("192.0.2.2"), port}};
}

Pair pair(std::uint16_t port, std::uint32_t remote_priority) {
  Pair pair;
  pair.path = path(port);
  pair.local_priority = 1'000'000;
  pair.remote_priority = remote_priority;
  return pair;
}

TEST(Checklist, StaysSortedAndNeverHoldsAPathTwice) {
  Checklist list;
  list.add(pair(1, 10), Role::controlling);
  list.add(pair(2, 30), Role::controlling);
  auto* added = list.add(pair(3, 20), Role::controlling);
  EXPECT_EQ(list.add(pair(3, 99), Role::controlling), added);
  ASSERT_EQ(list.pairs().size(), 3U);
  EXPECT_EQ(list.pairs()[0]->path.remote.port, 2);
  EXPECT_EQ(list.pairs()[1]->path.remote.port, 3);
  EXPECT_EQ(list.pairs()[2]->path.remote.port, 1);
  EXPECT_EQ(list.find(path(3)), added);
  EXPECT_EQ(list.find(path(4)), nullptr);
}

TEST(Checklist, AFullListKeepsTheBest) {
  Checklist list;
  for (std::uint16_t port = 1; port <= kMaxPairs; ++port)
    ASSERT_TRUE(list.add(pair(port, port), Role::controlling));
  EXPECT_EQ(list.add(pair(500, 0), Role::controlling), nullptr);
  EXPECT_TRUE(list.add(pair(501, 500), Role::controlling));
  EXPECT_EQ(list.pairs().size(), kMaxPairs);
  EXPECT_EQ(list.find(path(1)), nullptr);
  EXPECT_TRUE(list.find(path(2)));
  EXPECT_EQ(list.dropped(), 2U);
}

TEST(Checklist, PairsThatWorkOrAreBeingCheckedAreNotPushedOut) {
  Checklist list;
  for (std::uint16_t port = 1; port <= kMaxPairs; ++port)
    list.add(pair(port, port), Role::controlling);
  for (auto& one : list.pairs()) one->state = PairState::in_progress;
  EXPECT_EQ(list.add(pair(500, 500), Role::controlling), nullptr);
  list.find(path(50))->state = PairState::failed;
  EXPECT_TRUE(list.add(pair(500, 500), Role::controlling));
  EXPECT_EQ(list.find(path(50)), nullptr);
}

TEST(Checklist, TriggeredPairsComeFirstInOrderAndSucceededOnesAreSkipped) {
  Checklist list;
  for (std::uint16_t port = 1; port <= 4; ++port) list.add(pair(port, port), Role::controlling);
  list.find(path(3))->state = PairState::succeeded;
  list.trigger(path(3));
  list.trigger(path(1));
  list.trigger(path(1));
  list.trigger(path(2));
  list.trigger(path(9));
  for (std::uint16_t expected : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{4}}) {
    ASSERT_TRUE(list.has_work(true));
    auto* next = list.next_to_check(true);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->path.remote.port, expected);
    next->state = PairState::in_progress;
  }
  EXPECT_FALSE(list.has_work(true));
  EXPECT_EQ(list.next_to_check(true), nullptr);
}

TEST(Checklist, BestValidAndHopeAboveIt) {
  Checklist list;
  for (std::uint16_t port = 1; port <= 3; ++port) list.add(pair(port, port), Role::controlling);
  EXPECT_EQ(list.best_valid(), nullptr);
  auto* middle = list.find(path(2));
  middle->state = PairState::succeeded;
  EXPECT_EQ(list.best_valid(), middle);
  EXPECT_TRUE(list.hope_above(middle->priority));
  list.find(path(3))->state = PairState::failed;
  EXPECT_FALSE(list.hope_above(middle->priority)) << "only a worse one is open";
}

TEST(Checklist, TheRoleDecidesThePriority) {
  Checklist list;
  list.add(pair(1, 5), Role::controlling);
  auto before = list.pairs()[0]->priority;
  list.set_role(Role::controlled);
  EXPECT_EQ(list.pairs()[0]->priority, before - 1);
}

TEST(Checklist, ConcludingDropsWhatIsOpenBelowAndStopsTheRest) {
  Checklist list;
  for (std::uint16_t port = 1; port <= 4; ++port) list.add(pair(port, port), Role::controlling);
  list.find(path(1))->state = PairState::succeeded;
  list.find(path(1))->start({}, {});
  auto* winner = list.find(path(3));
  winner->state = PairState::succeeded;
  list.conclude(winner->priority);
  EXPECT_EQ(list.find(path(2)), nullptr);
  EXPECT_TRUE(list.find(path(4))) << "something better may still be nominated";
  EXPECT_TRUE(list.find(path(1)));
  EXPECT_FALSE(list.next_resend());
}

TEST(Pair, RemembersItsLastFourTransactions) {
  Pair one;
  auto id = [](int n) { return stun::TransactionId{std::byte(n)}; };
  for (int n = 1; n <= 6; ++n) one.start({}, {id(n), n == 6, Role::controlling});
  EXPECT_EQ(one.find(id(2)), nullptr);
  for (int n = 3; n <= 6; ++n) ASSERT_TRUE(one.find(id(n))) << n;
  EXPECT_TRUE(one.current().nominating);
  EXPECT_EQ(one.current().id, id(6));
}

}  // namespace
}  // namespace sidetone::ice
