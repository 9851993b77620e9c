#include "core/sctp/association.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/sctp/library.hpp"
#include "core/sctp/virtual_wire_test.hpp"

namespace sidetone::sctp {
namespace {

using base::as_bytes;

TEST(Association, BothSidesMayBeginAtOnce) {
  Wire wire;
  wire.start();
  wire.run(50ms);
  EXPECT_TRUE(wire.client.connected());
  EXPECT_TRUE(wire.server.connected());
  EXPECT_EQ(wire.client.count<Connected>(), 1U);
  EXPECT_EQ(wire.server.count<Connected>(), 1U);
}

TEST(Association, ASideThatBeginsLaterIsWaitedFor) {
  Wire wire;
  wire.client.association.start(virtual_now(), wire.client.out);
  wire.run(20s);
  EXPECT_FALSE(wire.client.connected());
  wire.server.association.start(virtual_now(), wire.server.out);
  wire.run(10s);
  EXPECT_TRUE(wire.client.connected());
  EXPECT_TRUE(wire.server.connected());
}

TEST(Association, ChannelsOpenWithTheirPropertiesOnBothSides) {
  Linked wire;
  for (auto* side : {&wire.client, &wire.server}) {
    const auto* r = side->opened("_reliable");
    const auto* l = side->opened("_lossy");
    ASSERT_TRUE(r && l);
    EXPECT_EQ(r->id, 0);
    EXPECT_EQ(l->id, 2);
    EXPECT_TRUE(r->options.ordered);
    EXPECT_FALSE(r->options.max_retransmits);
    EXPECT_FALSE(l->options.ordered);
    EXPECT_EQ(l->options.max_retransmits, 0);
    EXPECT_EQ(r->by_peer, side == &wire.server);
    EXPECT_EQ(side->count<ChannelOpened>(), 2U);
  }
}

TEST(Association, TheDtlsServerTakesOddStreamsAndBothMayOpenAtOnce) {
  Wire wire;
  auto even = wire.client.association.open_channel(reliable(), wire.client.out);
  auto odd = wire.server.association.open_channel(reliable(), wire.server.out);
  EXPECT_EQ(*even, 0);
  EXPECT_EQ(*odd, 1);
  EXPECT_EQ(wire.client.count<ChannelOpened>(), 0U) << "nothing opens before the association";
  wire.start();
  wire.run(100ms);
  EXPECT_EQ(wire.client.count<ChannelOpened>(), 2U);
  EXPECT_EQ(wire.server.count<ChannelOpened>(), 2U);
}

TEST(Association, MessagesKeepTheirKindTheirBytesAndTheirEmptiness) {
  Linked wire;
  EXPECT_FALSE(wire.client.association.send(wire.r, true, as_bytes("binary"), wire.client.out));
  EXPECT_FALSE(wire.client.association.send(wire.r, false, as_bytes("text"), wire.client.out));
  EXPECT_FALSE(wire.client.association.send(wire.r, true, {}, wire.client.out));
  EXPECT_FALSE(wire.client.association.send(wire.r, false, {}, wire.client.out));
  wire.run(100ms);
  EXPECT_EQ(wire.server.texts(wire.r), (std::vector<std::string>{"binary", "text", "", ""}));
  std::vector<bool> kinds;
  for (const auto& event : wire.server.out.events)
    if (const auto* message = std::get_if<Message>(&event)) kinds.push_back(message->binary);
  EXPECT_EQ(kinds, (std::vector<bool>{true, false, true, false}));
}

TEST(Association, TheServerAnswersOnTheSameStream) {
  Linked wire;
  EXPECT_FALSE(wire.server.send(wire.r, "from the server"));
  EXPECT_FALSE(wire.server.send(wire.l, "lossy too"));
  wire.run(100ms);
  EXPECT_EQ(wire.client.texts(wire.r), std::vector<std::string>{"from the server"});
  EXPECT_EQ(wire.client.texts(wire.l), std::vector<std::string>{"lossy too"});
}

TEST(Association, TheLargestMessageArrivesWholeInPacketsThatFit) {
  Linked wire;
  base::SeededRandom random(3);
  std::string large(65'535, '\0');
  random.fill(std::as_writable_bytes(std::span(large)));
  EXPECT_FALSE(wire.client.send(wire.r, large));
  wire.run(2s);
  EXPECT_EQ(wire.server.texts(wire.r), std::vector<std::string>{large});
  std::size_t largest = 0;
  for (const auto& packet : wire.log) largest = std::max(largest, packet.size());
  EXPECT_LE(largest, Config{}.max_packet_bytes);
  EXPECT_GT(largest, Config{}.max_packet_bytes - 8) << "and no smaller than they must be";
  EXPECT_EQ(wire.client.send(wire.r, std::string(65'536, 'x')), errc::payload_too_large);
}

TEST(Association, AMessageLargerThanAnnouncedIsTakenWithinTheSlackAndDroppedBeyond) {
  Config generous;
  generous.max_send_message_bytes = 300'000;
  Linked wire(generous);
  std::string within(65'535 + 4096, 'w');
  EXPECT_FALSE(wire.client.send(wire.r, within));
  EXPECT_FALSE(wire.client.send(wire.r, within + 'x'));
  EXPECT_FALSE(wire.client.send(wire.r, std::string(200'000, 'y')));
  EXPECT_FALSE(wire.client.send(wire.r, "after"));
  wire.run(10s);
  EXPECT_EQ(wire.server.texts(wire.r), (std::vector<std::string>{within, "after"}));
  EXPECT_EQ(wire.server.association.counters().dropped_oversized, 2U);
}

TEST(Association, ReliableMessagesArriveInOrderThroughLoss) {
  for (std::uint64_t seed : {1, 2, 3}) {
    Linked wire;
    base::SeededRandom random(seed);
    wire.path = [&](const Side&, const base::Packet&) -> std::optional<base::Duration> {
      if (random.uniform() < 0.2) return {};
      return std::chrono::milliseconds(5 + random.next() % 30);
    };
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
      sent.push_back("message " + std::to_string(i));
      ASSERT_FALSE(wire.client.send(wire.r, sent.back()));
      wire.run(20ms);
    }
    wire.run(30s);
    EXPECT_EQ(wire.server.texts(wire.r), sent) << "seed " << seed;
  }
}

TEST(Association, LossyMessagesAreNeverSentTwiceAndNeverHoldBackOthers) {
  Linked wire;
  base::SeededRandom random(5);
  wire.path = [&](const Side& from, const base::Packet&) -> std::optional<base::Duration> {
    if (&from == &wire.client && random.uniform() < 0.3) return {};
    return 10ms;
  };
  for (int i = 0; i < 300; ++i) {
    ASSERT_FALSE(wire.client.send(wire.l, std::to_string(i)));
    wire.run(50ms);
  }
  wire.run(10s);
  auto arrived = wire.server.texts(wire.l);
  EXPECT_GT(arrived.size(), 180U);
  EXPECT_LT(arrived.size(), 240U) << "about 30 % are lost and stay lost";
  EXPECT_TRUE(wire.client.connected());
  EXPECT_EQ(wire.client.association.buffered_bytes(), 0U);
}

TEST(Association, AFullBufferRefusesTellsAndSaysWhenThereIsRoom) {
  Config small;
  small.max_buffered_bytes = 100'000;
  Linked wire(small);
  wire.path = [](const Side&, const base::Packet&) { return std::nullopt; };
  std::string message(10'000, 'x');
  int accepted = 0;
  while (accepted < 100 && !wire.client.send(wire.r, message)) ++accepted;
  EXPECT_GE(accepted, 8);
  EXPECT_LE(accepted, 10);
  EXPECT_EQ(wire.client.send(wire.r, message), errc::would_block);
  EXPECT_EQ(wire.client.association.counters().would_block, 2U);
  EXPECT_GT(wire.client.association.buffered_bytes(), 80'000U);
  EXPECT_EQ(wire.client.count<Writable>(), 0U);

  wire.path = [](const Side&, const base::Packet&) { return std::optional<base::Duration>(5ms); };
  wire.run(10s);
  EXPECT_EQ(wire.client.count<Writable>(), 1U);
  EXPECT_EQ(wire.server.texts(wire.r).size(), static_cast<std::size_t>(accepted));
  EXPECT_EQ(wire.client.association.buffered_bytes(), 0U);
  EXPECT_FALSE(wire.client.send(wire.r, message));
}

TEST(Association, APeerThatVanishesIsGivenUp) {
  Linked wire;
  wire.path = [](const Side&, const base::Packet&) { return std::nullopt; };
  ASSERT_FALSE(wire.client.send(wire.r, "anybody?"));
  wire.run(20s);
  EXPECT_TRUE(wire.client.connected()) << "an outage is survived";
  wire.run(60s);
  EXPECT_EQ(wire.client.association.state(), State::closed);
  EXPECT_EQ(wire.client.closed(), "the peer aborted its SCTP association or stopped answering");
  EXPECT_EQ(wire.client.send(wire.r, "x"), errc::closed);
  EXPECT_EQ(wire.client.association.open_channel(reliable(), wire.client.out).error(),
            errc::closed);
}

TEST(Association, ClosingIsHeardAtOnce) {
  Linked wire;
  wire.client.association.close(wire.client.out);
  EXPECT_EQ(wire.client.association.state(), State::closed);
  EXPECT_EQ(wire.client.closed(), "") << "who closes knows it";
  wire.run(10ms);
  EXPECT_EQ(wire.server.association.state(), State::closed);
  EXPECT_EQ(wire.server.count<Closed>(), 1U);
  wire.client.association.close(wire.client.out);
  EXPECT_TRUE(wire.client.out.packets.empty());
}

TEST(Association, SendingIsRefusedByName) {
  Wire wire;
  EXPECT_EQ(wire.client.send(0, "x"), errc::not_found);
  auto id = *wire.client.association.open_channel(reliable(), wire.client.out);
  EXPECT_EQ(wire.client.send(id, "x"), errc::would_block) << "not connected yet";
  EXPECT_EQ(wire.client.send(4, "x"), errc::not_found);
}

TEST(Association, ChannelsAreBounded) {
  Wire wire;
  wire.start();
  wire.run(100ms);
  for (std::size_t i = 0; i < kMaxChannels; ++i)
    ASSERT_TRUE(wire.client.association.open_channel(lossy(), wire.client.out));
  EXPECT_EQ(wire.client.association.open_channel(lossy(), wire.client.out).error(),
            errc::invalid_argument);
  ASSERT_TRUE(wire.server.association.open_channel(reliable(), wire.server.out));
  wire.run(1s);
  EXPECT_EQ(wire.server.association.counters().refused_channels, 1U)
      << "one place was taken by the server's own";
  EXPECT_EQ(wire.server.count<ChannelOpened>(), kMaxChannels - 1);
}

TEST(Association, ALabelThatDoesNotFitIsRefused) {
  Wire wire;
  ChannelOptions options;
  options.label = std::string(kMaxLabelBytes + 1, 'x');
  EXPECT_EQ(wire.client.association.open_channel(options, wire.client.out).error(),
            errc::invalid_argument);
  options.label.pop_back();
  EXPECT_TRUE(wire.client.association.open_channel(options, wire.client.out));
}

TEST(Association, NegotiatedChannelsNeedNoHandshake) {
  Wire wire;
  ChannelOptions options = reliable();
  options.negotiated_id = ChannelId{100};
  for (auto* side : {&wire.client, &wire.server})
    EXPECT_EQ(*side->association.open_channel(options, side->out), 100);
  EXPECT_EQ(wire.client.association.open_channel(options, wire.client.out).error(),
            errc::invalid_argument)
      << "a stream carries one channel";
  wire.start();
  wire.run(100ms);
  EXPECT_EQ(wire.client.count<ChannelOpened>(), 1U);
  EXPECT_FALSE(wire.client.send(100, "hello"));
  wire.run(100ms);
  EXPECT_EQ(wire.server.texts(100), std::vector<std::string>{"hello"});
}

TEST(Association, MessagesOnAStreamNobodyOpenedAreCounted) {
  Wire wire;
  ChannelOptions options = reliable();
  options.negotiated_id = ChannelId{100};
  wire.client.association.open_channel(options, wire.client.out).value();
  wire.start();
  wire.run(100ms);
  ASSERT_FALSE(wire.client.send(100, "hello"));
  wire.run(100ms);
  EXPECT_EQ(wire.server.association.counters().dropped_no_channel, 1U);
  EXPECT_EQ(wire.server.count<Message>(), 0U);
}

TEST(Association, GarbageAndReplaysChangeNothing) {
  Linked wire;
  ASSERT_FALSE(wire.client.send(wire.r, "once"));
  wire.run(100ms);
  base::SeededRandom random(9);
  for (int i = 0; i < 500; ++i) {
    base::Packet garbage;
    garbage.resize(random.next() % 1400);
    random.fill(garbage.bytes());
    wire.server.association.on_packet(garbage.bytes(), virtual_now(), wire.server.out);
  }
  for (const auto& packet : std::vector(wire.log))
    wire.server.association.on_packet(packet.bytes(), virtual_now(), wire.server.out);
  wire.server.association.on_packet(std::vector<std::byte>(1501), virtual_now(), wire.server.out);
  wire.run(1s);
  EXPECT_TRUE(wire.client.connected());
  EXPECT_TRUE(wire.server.connected());
  EXPECT_EQ(wire.server.texts(wire.r), std::vector<std::string>{"once"});
  ASSERT_FALSE(wire.client.send(wire.r, "twice"));
  wire.run(100ms);
  EXPECT_EQ(wire.server.texts(wire.r).size(), 2U);
}

TEST(Association, WakesOnceForWhatTimersSend) {
  Linked wire;
  wire.path = [](const Side&, const base::Packet&) { return std::nullopt; };
  ASSERT_FALSE(wire.client.send(wire.r, "lost"));
  wire.client.out.packets.clear();
  auto before = wire.client.wakes;
  for (int i = 0; i < 300; ++i) {
    virtual_time += 10ms;
    drive_timers(10ms);
  }
  EXPECT_EQ(wire.client.wakes, before + 1) << "until somebody polls";
  wire.client.association.poll(virtual_now(), wire.client.out);
  EXPECT_GE(wire.client.out.packets.size(), 2U) << "retransmissions waited in the mailbox";
}

}  // namespace
}  // namespace sidetone::sctp
