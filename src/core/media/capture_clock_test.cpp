#include "core/media/capture_clock.hpp"

#include <gtest/gtest.h>

#include "core/rtp/packet.hpp"

namespace sidetone::media {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart{50s};
constexpr auto kUnix = 1'700'000'000s;

rtp::ReceivedPacket packet(std::uint32_t ssrc, base::Instant arrival) {
  rtp::ReceivedPacket packet;
  packet.ssrc = ssrc;
  packet.arrival = arrival;
  return packet;
}

// With a report by which RTP time 48000 is kUnix.
rtp::ReceivedPacket reported(std::uint32_t ssrc, base::Instant arrival) {
  auto result = packet(ssrc, arrival);
  result.clock = rtp::ClockMapping{.ntp = rtp::to_ntp(kUnix), .rtp_time = 48'000, .at = arrival};
  return result;
}

TEST(CaptureClock, IsUnknownUntilTheSenderReports) {
  CaptureClock clock;
  EXPECT_FALSE(clock.at(0, kStart));
  clock.on_packet(packet(1, kStart));
  EXPECT_FALSE(clock.at(0, kStart));
  clock.on_packet(reported(1, kStart + 20ms));
  EXPECT_EQ(clock.at(48'000, kStart), kUnix) << "also of what came before the report";
}

TEST(CaptureClock, CountsByRtpTimeBothWays) {
  CaptureClock clock;
  clock.on_packet(reported(1, kStart));
  EXPECT_EQ(clock.at(48'480, kStart), kUnix + 10ms);
  EXPECT_EQ(clock.at(24'000, kStart), kUnix - 500ms);
  clock.on_packet(packet(1, kStart + 20ms));
  EXPECT_EQ(clock.at(48'480, kStart), kUnix + 10ms) << "the report stays in force";
}

TEST(CaptureClock, WhatNoPacketBroughtHasNone) {
  CaptureClock clock;
  clock.on_packet(reported(1, kStart));
  EXPECT_FALSE(clock.at(48'000, std::nullopt));
}

TEST(CaptureClock, TheNextTracksReportIsNotForTheLastTracksAudio) {
  CaptureClock clock;
  clock.on_packet(reported(1, kStart));
  clock.on_packet(packet(2, kStart + 1s));
  EXPECT_FALSE(clock.at(48'000, kStart + 1s)) << "nor the other way round";
  clock.on_packet(reported(2, kStart + 2s));
  EXPECT_FALSE(clock.at(48'000, kStart));
  EXPECT_EQ(clock.at(48'000, kStart + 1s), kUnix);
}

TEST(CaptureClock, AForgedReportFarAwayTellsNothing) {
  CaptureClock clock;
  auto far = reported(1, kStart);
  far.clock->rtp_time = std::int64_t{1} << 60;
  clock.on_packet(far);
  EXPECT_FALSE(clock.at(0, kStart));
  far.clock->rtp_time = -(std::int64_t{1} << 60);
  clock.on_packet(far);
  EXPECT_FALSE(clock.at(0, kStart));
}

TEST(CaptureClock, OfOurOwnTrackTheSlotTells) {
  CaptureClock clock;
  clock.on_local(960, kUnix);
  EXPECT_EQ(clock.at(1'440, kStart), kUnix + 10ms);
}

}  // namespace
}  // namespace sidetone::media
