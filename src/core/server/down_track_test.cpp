#include "core/server/down_track.hpp"

#include <gtest/gtest.h>

#include "core/server/world_test.hpp"

namespace sidetone::server {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

constexpr std::uint32_t kSsrc = 77;

// One track on its way to a connected subscriber.
struct Listening {
  explicit Listening(std::optional<std::uint8_t> red = {})
      : client(world.enter({})),
        peer(world.server->find_room("room")->find("alice")->peer(Target::subscriber)) {
    rtp::SenderConfig sender;
    sender.ssrc = kSsrc;
    static_cast<void>(peer.add_sender(sender));
    rtp::ReceiverConfig receiver;
    receiver.ssrc = kSsrc;
    peer::Output none;
    static_cast<void>(client.subscriber->add_receiver(receiver, world.now(), none));
    down.open({kSsrc, 111, red});
  }

  bool packet(std::vector<std::byte> payload, bool red = false) {
    rtp::ReceivedPacket packet;
    packet.sequence = sequence++;
    packet.rtp_time = packet.sequence * 960;
    packet.payload.assign(payload);
    const bool forwarded = down.on_packet(packet, red, world.now(), peer, out);
    deliver();
    return forwarded;
  }

  bool opus() { return packet({std::byte{0xfc}, std::byte{0x01}}); }

  void tick(base::Duration time) {
    world.run_for(time);
    if (base::is_due(down.next_deadline(), world.now())) down.on_deadline(world.now(), peer, out);
    deliver();
  }

  void deliver() {
    for (const auto& datagram : out.datagrams) world.out.datagrams.push(datagram);
    out.clear();
    world.settle();
    world.run_for(5ms);
  }

  std::size_t heard() { return std::exchange(client.rtp, {}).size(); }

  test::World world;
  test::Client& client;
  peer::Peer& peer;
  peer::Output out;
  DownTrack down;
  std::int64_t sequence = 100;
};

TEST(DownTrack, ForwardsNothingBeforeItIsOpen) {
  DownTrack closed;
  EXPECT_FALSE(closed.is_open());
  Listening listening;
  rtp::ReceivedPacket packet;
  EXPECT_FALSE(
      closed.on_packet(packet, false, listening.world.now(), listening.peer, listening.out));
  EXPECT_TRUE(listening.down.is_open());
  EXPECT_TRUE(listening.opus());
  EXPECT_EQ(listening.heard(), 1U);
}

TEST(DownTrack, WhatDidNotLeaveWasNotForwarded) {
  Listening listening;
  listening.peer.remove_sender(kSsrc);
  EXPECT_FALSE(listening.opus());
  listening.down.pause(listening.world.now());
  EXPECT_FALSE(listening.down.next_deadline()) << "nothing left, so nothing needs to settle";
}

TEST(DownTrack, APauseSettlesInFiftyOneStepsOfTwentyMilliseconds) {
  Listening listening;
  listening.opus();
  EXPECT_EQ(listening.heard(), 1U);
  const auto start = listening.world.now();
  listening.down.pause(start);
  EXPECT_EQ(listening.down.next_deadline(), start);
  EXPECT_FALSE(listening.opus());
  listening.tick(500ms);
  EXPECT_EQ(listening.heard(), 26U);
  listening.down.pause(listening.world.now());
  listening.tick(2s);
  EXPECT_EQ(listening.heard(), 25U) << "a second pause is none";
  EXPECT_FALSE(listening.down.next_deadline());
}

TEST(DownTrack, ResumingEndsTheSilence) {
  Listening listening;
  listening.opus();
  listening.down.pause(listening.world.now());
  listening.tick(100ms);
  listening.down.resume();
  EXPECT_FALSE(listening.down.next_deadline());
  listening.heard();
  EXPECT_TRUE(listening.opus());
  EXPECT_EQ(listening.heard(), 1U);
}

TEST(DownTrack, ClosingTakesElevenPackets) {
  Listening listening;
  listening.opus();
  listening.heard();
  listening.down.close(listening.world.now());
  EXPECT_TRUE(listening.down.is_closing());
  EXPECT_FALSE(listening.down.done());
  EXPECT_FALSE(listening.opus());
  listening.down.resume();
  listening.down.close(listening.world.now());
  listening.tick(1s);
  EXPECT_EQ(listening.heard(), 11U);
  EXPECT_TRUE(listening.down.done());
}

TEST(DownTrack, OneThatWasPausedOrSilentClosesAtOnce) {
  Listening silent;
  silent.down.close(silent.world.now());
  EXPECT_TRUE(silent.down.done());
  Listening paused;
  paused.opus();
  paused.down.pause(paused.world.now());
  paused.down.close(paused.world.now());
  EXPECT_TRUE(paused.down.done());
}

TEST(DownTrack, RedPassesThroughAndSoDoesItsSilence) {
  Listening listening(std::uint8_t{63});
  const std::vector<std::byte> red{std::byte{111}, std::byte{0xfc}, std::byte{0x55}};
  EXPECT_TRUE(listening.packet(red, true));
  ASSERT_EQ(listening.client.rtp.size(), 1U);
  EXPECT_EQ(listening.client.rtp[0].payload_type, 63);
  EXPECT_EQ(listening.client.rtp[0].payload.size(), 3U);
  listening.client.rtp.clear();
  listening.down.pause(listening.world.now());
  listening.tick(0ms);
  ASSERT_GE(listening.client.rtp.size(), 1U);
  const auto& silence = listening.client.rtp[0];
  EXPECT_EQ(silence.payload_type, 63);
  EXPECT_EQ(silence.payload.size(), 81U);
  EXPECT_EQ(silence.payload.bytes()[0], std::byte{111}) << "the header of a lone block";
}

TEST(DownTrack, RedIsUnpackedToItsNewestBlock) {
  Listening listening;
  // One redundant block of two bytes 960 ticks back, then the primary (RFC 2198 §3).
  const std::vector<std::byte> red{
      std::byte{0x80 | 111}, std::byte{960 >> 6}, std::byte{(960 & 0x3f) << 2},
      std::byte{2},          std::byte{111},      std::byte{0xfc},
      std::byte{0x11},       std::byte{0xfc},     std::byte{0x22}};
  EXPECT_TRUE(listening.packet(red, true));
  ASSERT_EQ(listening.client.rtp.size(), 1U);
  EXPECT_EQ(listening.client.rtp[0].payload_type, 111);
  ASSERT_EQ(listening.client.rtp[0].payload.size(), 2U);
  EXPECT_EQ(listening.client.rtp[0].payload.bytes()[1], std::byte{0x22});
  EXPECT_FALSE(listening.packet({std::byte{0x80}}, true)) << "broken RED goes nowhere";
}

TEST(DownTrack, ARouteThatLosesRedGoesOnInOpus) {
  Listening listening(std::uint8_t{63});
  const std::vector<std::byte> red{std::byte{111}, std::byte{0xfc}, std::byte{0x55}};
  listening.packet(red, true);
  listening.down.open({kSsrc, 111, {}});
  listening.down.pause(listening.world.now());
  listening.client.rtp.clear();
  listening.tick(0ms);
  ASSERT_GE(listening.client.rtp.size(), 1U);
  EXPECT_EQ(listening.client.rtp[0].payload_type, 111);
  EXPECT_EQ(listening.client.rtp[0].payload.size(), 80U);
}

}  // namespace
}  // namespace sidetone::server
