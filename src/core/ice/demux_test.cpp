#include "core/ice/demux.hpp"

#include <gtest/gtest.h>

#include "core/ice/stun.hpp"

namespace sidetone::ice {
namespace {

using std::chrono::seconds;

constexpr base::Instant kStart{};

base::Endpoint client(std::uint16_t port) {
  return {*base::Address::parse("192.0.2.7"), port};
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (auto value : values) bytes.push_back(std::byte(value));
  return bytes;
}

std::vector<std::byte> check_for(std::string_view ufrag,
                                 stun::Class message_class = stun::Class::request) {
  std::array<std::byte, 256> memory{};
  stun::Builder builder(memory, message_class, {});
  auto bytes = builder.username(ufrag, "client").integrity("pwd").fingerprint().finish();
  return {bytes.begin(), bytes.end()};
}

const auto kRtp = bytes_of({0x80, 111, 0, 1});

TEST(Classify, FollowsTheRangesOfRfc7983) {
  auto kind = [](int first, int second = 0) { return classify(bytes_of({first, second})); };
  EXPECT_EQ(kind(0), PacketKind::stun);
  EXPECT_EQ(kind(3), PacketKind::stun);
  EXPECT_EQ(kind(4), PacketKind::unknown);
  EXPECT_EQ(kind(19), PacketKind::unknown);
  EXPECT_EQ(kind(20), PacketKind::dtls);
  EXPECT_EQ(kind(63), PacketKind::dtls);
  EXPECT_EQ(kind(64), PacketKind::unknown);
  EXPECT_EQ(kind(127), PacketKind::unknown);
  EXPECT_EQ(kind(128, 111), PacketKind::rtp);
  EXPECT_EQ(kind(191, 111 | 128), PacketKind::rtp) << "a marker does not make it RTCP";
  EXPECT_EQ(kind(192, 111), PacketKind::unknown);
  EXPECT_EQ(kind(128, 191), PacketKind::rtp);
  EXPECT_EQ(kind(128, 192), PacketKind::rtcp);
  EXPECT_EQ(kind(129, 200), PacketKind::rtcp);
  EXPECT_EQ(kind(128, 223), PacketKind::rtcp);
  EXPECT_EQ(kind(128, 224), PacketKind::rtp);
  EXPECT_EQ(classify({}), PacketKind::unknown);
  EXPECT_EQ(classify(bytes_of({128})), PacketKind::unknown);
}

TEST(Demux, ChecksGoToTheTransportTheyName) {
  Demux demux;
  ASSERT_TRUE(demux.add_ufrag("aaaa", 1));
  ASSERT_TRUE(demux.add_ufrag("bbbb", 2));
  EXPECT_EQ(demux.route(client(1), check_for("bbbb")), 2U);
  EXPECT_EQ(demux.route(client(1), check_for("aaaa")), 1U) << "whoever sends it";
  EXPECT_FALSE(demux.route(client(1), check_for("cccc")));
  EXPECT_FALSE(demux.route(client(1), bytes_of({0, 1, 0, 0})));
}

TEST(Demux, MediaGoesWhereItsAddressWasVerifiedAndNowhereBefore) {
  Demux demux;
  demux.add_ufrag("aaaa", 1);
  EXPECT_FALSE(demux.route(client(1), kRtp));
  ASSERT_TRUE(demux.verify(client(1), 1, kStart));
  EXPECT_EQ(demux.route(client(1), kRtp), 1U);
  EXPECT_EQ(demux.route(client(1), bytes_of({22, 254})), 1U);
  EXPECT_EQ(demux.route(client(1), check_for("x", stun::Class::success)), 1U);
  EXPECT_FALSE(demux.route(client(1), bytes_of({70, 0})));
  EXPECT_FALSE(demux.route(client(2), kRtp));
}

TEST(Demux, AnAddressInUseCannotBeClaimedByAnother) {
  Demux demux;
  demux.add_ufrag("aaaa", 1);
  demux.add_ufrag("bbbb", 2);
  ASSERT_TRUE(demux.verify(client(1), 1, kStart));
  ASSERT_TRUE(demux.verify(client(1), 1, kStart + seconds(5)));
  EXPECT_FALSE(demux.verify(client(1), 2, kStart + seconds(14)));
  EXPECT_EQ(demux.by_address(client(1)), 1U);
  EXPECT_TRUE(demux.verify(client(1), 2, kStart + seconds(15))) << "its owner left it";
  EXPECT_EQ(demux.by_address(client(1)), 2U);
  demux.remove(1);
  EXPECT_EQ(demux.by_address(client(1)), 2U) << "the old owner has no hold on it";
}

TEST(Demux, AFragmentBelongsToOneTransport) {
  Demux demux;
  EXPECT_TRUE(demux.add_ufrag("aaaa", 1));
  EXPECT_TRUE(demux.add_ufrag("aaaa", 1));
  EXPECT_FALSE(demux.add_ufrag("aaaa", 2));
  EXPECT_FALSE(demux.add_ufrag("", 2));
  demux.remove_ufrag("aaaa");
  demux.remove_ufrag("aaaa");
  EXPECT_FALSE(demux.by_ufrag("aaaa"));
  EXPECT_TRUE(demux.add_ufrag("aaaa", 2));
}

TEST(Demux, ARestartedTransportKeepsItsLastFragments) {
  Demux demux;
  for (auto ufrag : {"u1", "u2", "u3", "u4"}) ASSERT_TRUE(demux.add_ufrag(ufrag, 1));
  EXPECT_FALSE(demux.by_ufrag("u1"));
  EXPECT_EQ(demux.by_ufrag("u2"), 1U);
  EXPECT_EQ(demux.by_ufrag("u4"), 1U);
}

TEST(Demux, TheOldestAddressMakesRoom) {
  Demux demux;
  demux.add_ufrag("aaaa", 1);
  for (std::uint16_t port = 1; port <= 8; ++port)
    demux.verify(client(port), 1, kStart + seconds(port));
  demux.verify(client(1), 1, kStart + seconds(9));
  demux.verify(client(9), 1, kStart + seconds(10));
  EXPECT_EQ(demux.addresses(), 8U);
  EXPECT_FALSE(demux.by_address(client(2)));
  EXPECT_EQ(demux.by_address(client(1)), 1U);
  EXPECT_EQ(demux.by_address(client(9)), 1U);
}

TEST(Demux, RemovalForgetsEverything) {
  Demux demux;
  demux.add_ufrag("aaaa", 1);
  demux.verify(client(1), 1, kStart);
  demux.remove(1);
  demux.remove(1);
  EXPECT_FALSE(demux.by_ufrag("aaaa"));
  EXPECT_FALSE(demux.by_address(client(1)));
  EXPECT_EQ(demux.transports(), 0U);
  EXPECT_EQ(demux.addresses(), 0U);
  EXPECT_FALSE(demux.verify(client(1), 1, kStart)) << "a transport that is gone owns nothing";
}

TEST(Demux, TheTableIsBounded) {
  DemuxLimits limits;
  limits.transports = 2;
  Demux demux(limits);
  EXPECT_TRUE(demux.add_ufrag("aaaa", 1));
  EXPECT_TRUE(demux.add_ufrag("bbbb", 2));
  EXPECT_FALSE(demux.add_ufrag("cccc", 3));
  EXPECT_TRUE(demux.add_ufrag("cccc", 2));
  demux.remove(1);
  EXPECT_TRUE(demux.add_ufrag("dddd", 3));
}

}  // namespace
}  // namespace sidetone::ice
