#include "core/rtp/history.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> packet(std::uint16_t sequence, std::size_t size = 100) {
  std::vector<std::byte> bytes(size, std::byte(sequence * 7));
  bytes[0] = std::byte{0x80};
  bytes[2] = std::byte(sequence >> 8);
  bytes[3] = std::byte(sequence & 0xff);
  return bytes;
}

bool answers(History& history, std::uint16_t sequence, base::Instant now = {}) {
  return !history.request(sequence, std::nullopt, now).packet.empty();
}

TEST(History, ReturnsTheSameBytes) {
  History history;
  history.store(packet(65535, 50));
  history.store(packet(0, 60));
  EXPECT_TRUE(
      std::ranges::equal(history.request(65535, std::nullopt, {}).packet, packet(65535, 50)));
  EXPECT_TRUE(std::ranges::equal(history.request(0, std::nullopt, {}).packet, packet(0, 60)));
  EXPECT_EQ(history.request(1, std::nullopt, {}).refusal, Refusal::unknown);
}

TEST(History, RemembersTheLast256) {
  History history;
  for (std::uint16_t i = 0; i < 300; ++i) history.store(packet(i));
  EXPECT_FALSE(answers(history, 43));
  EXPECT_TRUE(answers(history, 44));
  EXPECT_TRUE(answers(history, 299));
  EXPECT_FALSE(answers(history, 300));
}

TEST(History, LargePacketsAreRememberedForLess) {
  History history;
  for (std::uint16_t i = 0; i < 200; ++i) history.store(packet(i, 1000));
  int kept = 0;
  for (std::uint16_t i = 0; i < 200; ++i) {
    auto answer = history.request(i, std::nullopt, {});
    if (answer.packet.empty()) continue;
    ++kept;
    EXPECT_TRUE(std::ranges::equal(answer.packet, packet(i, 1000))) << "overwritten: " << i;
  }
  EXPECT_GE(kept, 31);
  EXPECT_LE(kept, 32);
}

TEST(History, APacketIsSentAgainAtMostThreeTimes) {
  History history;
  history.store(packet(1));
  base::Instant now{};
  for (int i = 0; i < 3; ++i, now += 100ms) EXPECT_TRUE(answers(history, 1, now));
  EXPECT_EQ(history.request(1, std::nullopt, now).refusal, Refusal::too_often);
}

TEST(History, ARepetitionWaitsForOneRoundTrip) {
  struct Case {
    std::optional<base::Duration> rtt;
    base::Duration spacing;
  };

  for (auto [rtt, spacing] :
       {Case{std::nullopt, 100ms}, Case{30ms, 30ms}, Case{0ms, 5ms}, Case{900ms, 100ms}}) {
    History history;
    history.store(packet(1));
    base::Instant now{};
    EXPECT_FALSE(history.request(1, rtt, now).packet.empty()) << "the first is answered at once";
    auto early = history.request(1, rtt, now + spacing - 1us);
    EXPECT_TRUE(early.packet.empty());
    EXPECT_EQ(early.refusal, Refusal::too_soon);
    EXPECT_FALSE(history.request(1, rtt, now + spacing).packet.empty());
  }
}

TEST(History, IgnoresWhatCannotBeAPacket) {
  History history;
  history.store(packet(1, 11));
  EXPECT_FALSE(answers(history, 1));
  history.store(packet(2, History::kBytes + 1));
  EXPECT_FALSE(answers(history, 2));
  EXPECT_FALSE(answers(history, 0)) << "an empty history knows no packet 0";
  history.store(packet(3, History::kBytes));
  EXPECT_TRUE(answers(history, 3));
  history.store(packet(4, 12));
  EXPECT_FALSE(answers(history, 3));
  EXPECT_TRUE(answers(history, 4));
}

}  // namespace
}  // namespace sidetone::rtp
