#include "core/jitter/packet_slots.hpp"

#include <gtest/gtest.h>

#include "core/jitter/fake_decoder_test.hpp"

namespace sidetone::jitter {
namespace {

Copy copy_of(std::int64_t slot, base::Bytes payload, bool red = false) {
  Copy copy{.rtp_time = slot * 960, .red = red, .payload = payload};
  copy.info.duration = 960;
  if (!red) copy.sequence = slot;
  return copy;
}

std::vector<std::int64_t> order(PacketSlots& slots) {
  std::vector<std::int64_t> result;
  while (!slots.empty()) {
    result.push_back(slots.first()->rtp_time / 960);
    slots.pop_first();
  }
  return result;
}

TEST(PacketSlots, AnyOrderInIsOneOrderOut) {
  PacketSlots slots;
  auto payload = fake_payload(1);
  for (int slot : {5, 3, 9, 4, 0, 7})
    EXPECT_EQ(slots.insert(copy_of(slot, payload)), PacketSlots::Outcome::stored);
  EXPECT_EQ(slots.newest()->rtp_time, 9 * 960);
  EXPECT_EQ(order(slots), (std::vector<std::int64_t>{0, 3, 4, 5, 7, 9}));
  EXPECT_EQ(slots.first(), nullptr);
  EXPECT_EQ(slots.newest(), nullptr);
}

TEST(PacketSlots, APrimaryReplacesRedundancyAndNothingElseReplacesAnything) {
  PacketSlots slots;
  auto own = fake_payload(1);
  auto red = fake_payload(2);
  slots.insert(copy_of(1, red, true));
  EXPECT_EQ(slots.insert(copy_of(1, red, true)), PacketSlots::Outcome::duplicate);
  EXPECT_EQ(slots.insert(copy_of(1, own)), PacketSlots::Outcome::replaced);
  EXPECT_EQ(slots.insert(copy_of(1, red, true)), PacketSlots::Outcome::duplicate);
  EXPECT_EQ(slots.insert(copy_of(1, own)), PacketSlots::Outcome::duplicate);
  EXPECT_EQ(slots.size(), 1U);
  EXPECT_FALSE(slots.first()->red);
  EXPECT_EQ(slots.first()->payload, own);
}

TEST(PacketSlots, OneTimestampUnderTwoNumbersKeepsTheNewer) {
  PacketSlots slots;
  auto payload = fake_payload(1);
  slots.insert(copy_of(4, payload));
  auto again = copy_of(4, payload);
  again.sequence = 5;
  slots.insert(again);
  EXPECT_EQ(slots.first()->sequence, 5);
}

TEST(PacketSlots, TwoSecondsAreKeptAndTheOldestGo) {
  PacketSlots slots;
  auto payload = fake_payload(1);
  for (int i = 0; i < 100; ++i) slots.insert(copy_of(i, payload));
  EXPECT_EQ(slots.evict(), 0U);
  slots.insert(copy_of(100, payload));
  EXPECT_EQ(slots.evict(), 1U);
  slots.insert(copy_of(149, payload));
  EXPECT_EQ(slots.evict(), 49U);
  EXPECT_EQ(slots.first()->rtp_time, 50 * 960);
}

TEST(PacketSlots, BytesAndCountAreBounded) {
  PacketSlots slots;
  std::vector<std::byte> big(1400);
  std::size_t evicted = 0;
  for (int i = 0; i < 400; ++i) {
    Copy copy{.rtp_time = i * 120, .payload = big};
    copy.info.duration = 120;
    slots.insert(copy);
    evicted += slots.evict();
  }
  EXPECT_EQ(slots.size(), PacketSlots::kMaxBytes / 1400);
  EXPECT_EQ(evicted, 400 - slots.size());
  slots.clear();
  for (int i = 0; i < 1100; ++i) {
    Copy copy{.rtp_time = i, .payload = {}};
    copy.info.duration = 1;
    slots.insert(copy);
  }
  EXPECT_EQ(slots.evict(), 1100 - PacketSlots::kMaxSlots);
}

TEST(PacketSlots, SearchAndCutGoByTime) {
  PacketSlots slots;
  auto payload = fake_payload(1);
  for (int slot : {1, 2, 5, 6}) slots.insert(copy_of(slot, payload));
  EXPECT_EQ(slots.first_from(3 * 960)->rtp_time, 5 * 960);
  EXPECT_EQ(slots.first_from(6 * 960)->rtp_time, 6 * 960);
  EXPECT_EQ(slots.first_from(7 * 960), nullptr);
  slots.drop_before(5 * 960);
  EXPECT_EQ(order(slots), (std::vector<std::int64_t>{5, 6}));
}

}  // namespace
}  // namespace sidetone::jitter
