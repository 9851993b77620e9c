#include "core/session/red_packer.hpp"

#include <gtest/gtest.h>

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;

media::EncodedAudio audio(std::int64_t slot, std::size_t size = 50) {
  media::EncodedAudio audio;
  audio.rtp_time = slot * 960;
  audio.size = static_cast<std::uint16_t>(size);
  std::fill_n(audio.storage.begin(), size, std::byte(slot));
  return audio;
}

RedPacker at_depth(int depth) {
  RedPacker packer;
  packer.on_report(depth == 2 ? 0.5 : depth == 1 ? 0.03 : 0, base::Instant(1s));
  EXPECT_EQ(packer.depth(), depth);
  return packer;
}

// The blocks' slots, oldest first.
std::vector<int> slots(base::Bytes packet) {
  std::vector<int> found;
  auto blocks = rtp::read_red(packet);
  if (!blocks) return found;
  for (const auto& block : blocks->all()) {
    EXPECT_EQ(block.payload_type, 111);
    found.push_back(std::to_integer<int>(block.payload[0]));
  }
  return found;
}

TEST(RedPacker, WithoutLossItCostsOneByte) {
  auto packer = at_depth(0);
  packer.pack(audio(1), 111);
  auto packet = packer.pack(audio(2), 111);
  EXPECT_EQ(packet.size(), 51U);
  EXPECT_EQ(slots(packet), std::vector{2});
}

TEST(RedPacker, CarriesThePacketsBefore) {
  auto one = at_depth(1);
  auto two = at_depth(2);
  for (int slot = 1; slot < 4; ++slot) {
    one.pack(audio(slot), 111);
    two.pack(audio(slot), 111);
  }
  EXPECT_EQ(slots(one.pack(audio(4), 111)), (std::vector{3, 4}));
  auto packet = two.pack(audio(4), 111);
  EXPECT_EQ(slots(packet), (std::vector{2, 3, 4}));
  EXPECT_EQ(rtp::read_red(packet)->blocks[0].offset, 1920);
}

TEST(RedPacker, NothingIsCarriedAcrossAGapOf341Milliseconds) {
  auto packer = at_depth(2);
  packer.pack(audio(1), 111);
  packer.pack(audio(2), 111);
  EXPECT_EQ(slots(packer.pack(audio(19), 111)), (std::vector{2, 19}));
  EXPECT_EQ(slots(packer.pack(audio(100), 111)), std::vector{100});
}

TEST(RedPacker, SleepIsNotRedundancy) {
  auto packer = at_depth(2);
  packer.pack(audio(1), 111);
  packer.pack(audio(2, 1), 111);
  EXPECT_EQ(slots(packer.pack(audio(3), 111)), (std::vector{1, 3}));
}

TEST(RedPacker, StaysBelowTheMtuByDroppingTheOldest) {
  auto packer = at_depth(2);
  packer.pack(audio(1, 500), 111);
  packer.pack(audio(2, 500), 111);
  auto packet = packer.pack(audio(3, 500), 111);
  EXPECT_LE(packet.size(), RedPacker::kMaxBytes);
  EXPECT_EQ(slots(packet), (std::vector{2, 3}));
  EXPECT_TRUE(packer.pack(audio(4, 1250), 111).empty());
}

TEST(RedPacker, TheDepthFollowsTheLossWithHysteresis) {
  RedPacker packer;
  auto now = base::Instant(1s);
  auto report = [&](double loss, int seconds) {
    for (int i = 0; i < seconds; ++i) packer.on_report(loss, now += 1s);
    return packer.depth();
  };
  EXPECT_EQ(report(0.005, 5), 0);
  EXPECT_EQ(report(0.02, 5), 1);
  EXPECT_EQ(report(0.07, 10), 1);
  EXPECT_EQ(report(0.2, 3), 2);
  EXPECT_EQ(report(0.06, 40), 2);
  EXPECT_EQ(report(0.03, 40), 1);
  EXPECT_EQ(report(0, 15), 1) << "still above half a percent, or not for long enough";
  EXPECT_EQ(report(0, 30), 0);
}

}  // namespace
}  // namespace sidetone::session
