#include "core/session/remote_streams.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart{10s};

struct Ear final : media::PacketSink {
  void on_packet(const rtp::ReceivedPacket& packet, base::Instant /*now*/) override {
    heard.push_back(packet.sequence);
  }

  void end(media::EndReason why, base::Instant /*now*/) override { ended = why; }

  std::vector<std::int64_t> heard;
  media::EndReason ended = media::EndReason::none;
};

rtp::ReceivedPacket packet(std::int64_t sequence) {
  rtp::ReceivedPacket packet;
  packet.sequence = sequence;
  return packet;
}

TEST(RemoteStreams, EveryListenerOfATrackHearsIt) {
  RemoteStreams streams;
  Ear a;
  Ear b;
  EXPECT_FALSE(streams.attach("TR_1", a, StreamEnd::with_track, kStart));
  EXPECT_FALSE(streams.attach("TR_1", b, StreamEnd::with_track, kStart));
  EXPECT_FALSE(streams.attach("TR_1", b, StreamEnd::with_track, kStart)) << "once is enough";
  EXPECT_TRUE(streams.deliver("TR_1", packet(1), kStart));
  EXPECT_FALSE(streams.deliver("TR_2", packet(2), kStart));
  EXPECT_EQ(a.heard, std::vector<std::int64_t>{1});
  EXPECT_EQ(b.heard, std::vector<std::int64_t>{1});
}

TEST(RemoteStreams, TheFirstSecondIsKeptForTheFirstListener) {
  RemoteStreams streams;
  streams.begin("TR_1", kStart);
  EXPECT_TRUE(streams.deliver("TR_1", packet(1), kStart));
  EXPECT_TRUE(streams.deliver("TR_1", packet(2), kStart + 1s));
  Ear first;
  Ear second;
  EXPECT_FALSE(streams.attach("TR_1", first, StreamEnd::with_track, kStart + 1s));
  EXPECT_FALSE(streams.attach("TR_1", second, StreamEnd::with_track, kStart + 1s));
  EXPECT_EQ(first.heard, (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(second.heard.empty());
}

TEST(RemoteStreams, LaterThanASecondNothingIsKept) {
  RemoteStreams streams;
  streams.begin("TR_1", kStart);
  streams.deliver("TR_1", packet(1), kStart);
  EXPECT_FALSE(streams.deliver("TR_1", packet(2), kStart + 1001ms));
  Ear late;
  EXPECT_FALSE(streams.attach("TR_1", late, StreamEnd::with_track, kStart + 2s));
  EXPECT_TRUE(late.heard.empty());
}

TEST(RemoteStreams, WhatIsKeptIsBounded) {
  RemoteStreams streams;
  streams.begin("TR_1", kStart);
  for (std::size_t i = 0; i < RemoteStreams::kMaxEarly; ++i)
    EXPECT_TRUE(streams.deliver("TR_1", packet(1), kStart));
  EXPECT_FALSE(streams.deliver("TR_1", packet(1), kStart));
}

TEST(RemoteStreams, AListenerEndsWithItsTrackUnlessItsOwnerFollows) {
  RemoteStreams streams;
  Ear ear;
  Ear follower;
  (void)streams.attach("TR_1", ear, StreamEnd::with_track, kStart);
  (void)streams.attach("TR_1", follower, StreamEnd::by_owner, kStart);
  streams.end("TR_1", media::EndReason::unpublished, kStart);
  streams.end("TR_2", media::EndReason::unpublished, kStart);
  EXPECT_EQ(ear.ended, media::EndReason::unpublished);
  EXPECT_EQ(follower.ended, media::EndReason::none);
  EXPECT_FALSE(streams.deliver("TR_1", packet(1), kStart));
}

TEST(RemoteStreams, TheEndOfTheRoomEndsAll) {
  RemoteStreams streams;
  Ear a;
  Ear b;
  (void)streams.attach("TR_1", a, StreamEnd::with_track, kStart);
  (void)streams.attach("TR_2", b, StreamEnd::with_track, kStart);
  streams.end_all(media::EndReason::room_closed, kStart);
  EXPECT_EQ(a.ended, media::EndReason::room_closed);
  EXPECT_EQ(b.ended, media::EndReason::room_closed);
}

TEST(RemoteStreams, ListenersAreBounded) {
  RemoteStreams streams;
  std::vector<std::unique_ptr<Ear>> ears;
  for (std::size_t i = 0; i < RemoteStreams::kMaxListeners; ++i) {
    ears.push_back(std::make_unique<Ear>());
    EXPECT_FALSE(streams.attach("TR_1", *ears.back(), StreamEnd::with_track, kStart));
  }
  Ear more;
  EXPECT_EQ(streams.attach("TR_1", more, StreamEnd::with_track, kStart), errc::overflow);
  streams.detach(*ears.front());
  EXPECT_FALSE(streams.attach("TR_1", more, StreamEnd::with_track, kStart));
}

}  // namespace
}  // namespace sidetone::session
