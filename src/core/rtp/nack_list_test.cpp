#include "core/rtp/nack_list.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint16_t> due(NackList& list, base::Instant now) {
  auto sequences = list.due(now);
  return {sequences.begin(), sequences.end()};
}

TEST(NackList, AsksAtOnceThenAfterARoundTripThenBeyondThePeersSpacing) {
  NackList list;
  list.set_rtt(20ms);
  base::Instant t0{};
  list.add(5, 6, t0);
  EXPECT_EQ(list.next_deadline(), t0);
  EXPECT_EQ(due(list, t0), (std::vector<std::uint16_t>{5, 6}));
  EXPECT_TRUE(due(list, t0).empty());
  EXPECT_EQ(list.next_deadline(), t0 + 30ms);
  EXPECT_TRUE(due(list, t0 + 29ms).empty());
  EXPECT_EQ(due(list, t0 + 30ms).size(), 2U);
  EXPECT_EQ(list.next_deadline(), t0 + 130ms);
  EXPECT_EQ(due(list, t0 + 130ms).size(), 2U);
  EXPECT_EQ(list.next_deadline(), t0 + 160ms);
  EXPECT_TRUE(due(list, t0 + 160ms).empty()) << "three requests are enough";
  EXPECT_FALSE(list.next_deadline());
}

TEST(NackList, AFarPeerIsAskedAtItsOwnPace) {
  NackList list;
  list.set_rtt(200ms);
  base::Instant t0{};
  list.add(5, 5, t0);
  due(list, t0);
  EXPECT_EQ(list.next_deadline(), t0 + 210ms);
  due(list, t0 + 210ms);
  EXPECT_EQ(list.next_deadline(), t0 + 420ms);
}

TEST(NackList, WhatArrivesIsNotAskedForAgain) {
  NackList list;
  base::Instant t0{};
  list.add(10, 12, t0);
  EXPECT_FALSE(list.remove(11)) << "not asked for yet";
  EXPECT_EQ(due(list, t0), (std::vector<std::uint16_t>{10, 12}));
  EXPECT_TRUE(list.remove(12));
  EXPECT_FALSE(list.remove(12));
  EXPECT_FALSE(list.remove(13));
  EXPECT_FALSE(list.remove(9));
  EXPECT_EQ(due(list, t0 + 1s), (std::vector<std::uint16_t>{10}));
}

TEST(NackList, OfALongGapTheNewestHundredAreAskedFor) {
  NackList list;
  list.add(1, 5, {});
  list.add(1000, 1500, {});
  auto asked = due(list, {});
  ASSERT_EQ(asked.size(), 100U);
  EXPECT_EQ(asked.front(), 1401);
  EXPECT_EQ(asked.back(), 1500);
  list.add(1600, 1601, {});
  asked = due(list, base::Instant{} + 1s);
  ASSERT_EQ(asked.size(), 100U);
  EXPECT_EQ(asked.front(), 1403);
  EXPECT_EQ(asked.back(), 1601);
}

TEST(NackList, AnEmptyGapAsksForNothing) {
  NackList list;
  list.add(5, 4, {});
  EXPECT_FALSE(list.next_deadline());
  list.add(65535, 65536, {});
  EXPECT_EQ(due(list, {}), (std::vector<std::uint16_t>{65535, 0}));
  list.clear();
  EXPECT_FALSE(list.next_deadline());
}

}  // namespace
}  // namespace sidetone::rtp
