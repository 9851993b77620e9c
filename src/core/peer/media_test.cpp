#include "core/peer/media.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/peer/world_test.hpp"

namespace sidetone::peer {
namespace {

using namespace std::chrono_literals;
using test::World;

constexpr std::uint32_t kSsrc = 0x1234567;
constexpr std::int64_t kPacketTicks = 960;

class Call : public World {
 public:
  explicit Call(test::Link how = {}, bool nack = true)
      : World(IceMode::controlling, IceMode::lite, how) {
    connected = connect();
    added = !a.peer->add_sender(test::sender_config(kSsrc, nack)) &&
            !b.peer->add_receiver(test::receiver_config(kSsrc, nack), now(), b.out);
  }

  // Packets of 20 ms, each with its number in the payload.
  void speak(int packets) {
    for (int i = 0; i < packets; ++i) {
      say();
      run_for(20ms);
    }
  }

  error_code say() {
    std::array<std::byte, 40> payload{};
    payload[0] = std::byte(count_ & 0xff);
    payload[1] = std::byte(count_ >> 8 & 0xff);
    rtp::OutgoingAudio audio;
    audio.rtp_time = count_++ * kPacketTicks;
    audio.captured = now();
    audio.marker = count_ == 1;
    audio.level = rtp::AudioLevel{.level = 33, .voice = true};
    audio.payload = payload;
    auto error = a.peer->send_audio(kSsrc, audio, now(), a.out);
    settle(a);
    return error;
  }

  std::set<int> heard() const {
    std::set<int> numbers;
    for (const auto& packet : b.rtp)
      numbers.insert(std::to_integer<int>(packet.payload.bytes()[0]) |
                     std::to_integer<int>(packet.payload.bytes()[1]) << 8);
    return numbers;
  }

  // Lets every datagram of A that is RTP and for which `lose` says so vanish, once each.
  void lose_rtp(std::function<bool(int)> lose) {
    filter = [this, lose = std::move(lose)](auto& from,
                                            Bytes bytes) -> std::optional<base::Duration> {
      bool gone = &from == &a && test::is_rtp(bytes) && lose(rtp_index_++);
      return gone ? std::nullopt : std::optional(base::Duration{});
    };
  }

  bool connected = false;
  bool added = false;

 private:
  std::int64_t count_ = 0;
  int rtp_index_ = 0;
};

TEST(Media, AudioArrivesWithItsNumbersTimesAndLevel) {
  Call call;
  ASSERT_TRUE(call.connected && call.added);
  auto first_sent = call.now();
  call.speak(50);
  ASSERT_EQ(call.b.rtp.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto& packet = call.b.rtp[i];
    EXPECT_EQ(packet.ssrc, kSsrc);
    EXPECT_EQ(packet.sequence, call.b.rtp[0].sequence + static_cast<std::int64_t>(i));
    EXPECT_EQ(packet.rtp_time,
              call.b.rtp[0].rtp_time + static_cast<std::int64_t>(i) * kPacketTicks);
    EXPECT_EQ(packet.payload_type, 111);
    EXPECT_EQ(packet.marker, i == 0);
    EXPECT_EQ(packet.level, 33);
    EXPECT_TRUE(packet.voice);
    EXPECT_EQ(packet.payload.size(), 40U);
    EXPECT_EQ(packet.arrival, first_sent + 10ms + static_cast<int>(i) * 20ms);
  }
}

TEST(Media, NothingIsSentBeforeTheKeysOrWithoutASender) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_FALSE(world.a.peer->add_sender(test::sender_config(kSsrc, false)));
  EXPECT_EQ(world.a.peer->send_audio(kSsrc, {}, world.now(), world.a.out), errc::would_block);
  EXPECT_EQ(world.a.peer->send_audio(kSsrc + 1, {}, world.now(), world.a.out), errc::not_found);
  EXPECT_EQ(world.a.peer->forward(kSsrc + 1, {}, world.now(), world.a.out), errc::not_found);
  EXPECT_EQ(world.a.peer->inject(kSsrc + 1, {}, world.now(), world.a.out), errc::not_found);
  EXPECT_TRUE(world.a.out.datagrams.empty());
}

TEST(Media, AnOversizedPacketIsRefused) {
  Call call;
  std::vector<std::byte> large(1400);
  rtp::OutgoingAudio audio;
  audio.payload = large;
  EXPECT_EQ(call.a.peer->send_audio(kSsrc, audio, call.now(), call.a.out), errc::invalid_argument);
  EXPECT_TRUE(call.a.out.datagrams.empty());
}

TEST(Media, LostPacketsAreAskedForAndRepaired) {
  Call call;
  ASSERT_TRUE(call.added);
  call.lose_rtp([](int i) { return i == 5 || i == 17 || i == 18; });
  call.speak(40);
  call.run_for(300ms);
  EXPECT_EQ(call.heard().size(), 40U);
  EXPECT_EQ(call.a.peer->counters().retransmitted, 3U);
  EXPECT_EQ(call.a.peer->sender(kSsrc)->stats().retransmitted, 3U);
  EXPECT_EQ(call.b.peer->receiver(kSsrc)->stats().recovered, 3U);
  EXPECT_EQ(call.b.peer->counters().replayed, 0U);
}

TEST(Media, ARetransmissionIsTheSameBytes) {
  Call call;
  std::vector<std::vector<std::byte>> sent;
  call.lose_rtp([](int i) { return i == 5; });
  call.tap = [&](auto& from, Bytes bytes) {
    if (&from == &call.a && test::is_rtp(bytes)) sent.emplace_back(bytes.begin(), bytes.end());
  };
  call.speak(10);
  ASSERT_EQ(sent.size(), 11U);
  EXPECT_EQ(std::count(sent.begin(), sent.end(), sent[5]), 2);
}

TEST(Media, WithoutNackNothingIsRepaired) {
  Call call({}, false);
  call.lose_rtp([](int i) { return i == 5; });
  call.speak(20);
  EXPECT_EQ(call.heard().size(), 19U);
  EXPECT_EQ(call.a.peer->counters().retransmitted, 0U);
}

TEST(Media, HeavyLossAndReorderingLoseLittleAndDuplicateNothing) {
  Call call({.delay = 20ms, .jitter = 40ms, .loss = 0.1, .seed = 5});
  ASSERT_TRUE(call.connected && call.added);
  call.speak(500);
  call.run_for(500ms);
  EXPECT_GT(call.heard().size(), 490U);
  EXPECT_EQ(call.heard().size(), call.b.rtp.size()) << "each packet once";
}

TEST(Media, ReplaysAreDroppedAndCounted) {
  Call call;
  std::vector<base::Packet> sent;
  call.tap = [&](auto& from, Bytes bytes) {
    if (&from == &call.a && test::is_rtp(bytes)) sent.emplace_back(bytes);
  };
  call.speak(5);
  ASSERT_EQ(call.b.rtp.size(), 5U);
  for (const auto& packet : sent) call.inject(call.a.address, call.b, packet.bytes());
  EXPECT_EQ(call.b.rtp.size(), 5U);
  EXPECT_EQ(call.b.peer->counters().replayed, 5U);
}

TEST(Media, AForgedPacketDoesNotTakeTheRealOnesPlace) {
  Call call;
  base::Packet real;
  call.tap = [&](auto& from, Bytes bytes) {
    if (&from == &call.a && test::is_rtp(bytes)) real.assign(bytes);
  };
  call.lose_rtp([](int) { return true; });
  call.speak(1);
  auto forged = real;
  forged.bytes()[20] ^= std::byte{1};
  call.inject(call.a.address, call.b, forged.bytes());
  EXPECT_EQ(call.b.peer->counters().unauthentic, 1U);
  EXPECT_TRUE(call.b.rtp.empty());
  call.inject(call.a.address, call.b, real.bytes());
  EXPECT_EQ(call.b.rtp.size(), 1U);
}

TEST(Media, ReportsTellBothSidesLossAndRoundTrip) {
  Call call({.delay = 25ms}, false);
  call.lose_rtp([](int i) { return i % 10 == 9; });
  call.speak(400);
  const auto& sent = call.a.peer->sender(kSsrc)->stats();
  EXPECT_GE(sent.reports_sent, 2U);
  EXPECT_GE(sent.reports_received, 4U);
  EXPECT_NEAR(sent.fraction_lost, 0.1, 0.05);
  ASSERT_TRUE(sent.rtt);
  EXPECT_NEAR(static_cast<double>(sent.rtt->count()), 50e6, 1e6);
  ASSERT_TRUE(call.b.peer->rtt()) << "who only receives learns it by XR";
  EXPECT_NEAR(static_cast<double>(call.b.peer->rtt()->count()), 50e6, 1e6);
  auto clock = call.b.peer->receiver(kSsrc)->source_clock();
  ASSERT_TRUE(clock);
  EXPECT_GE(call.b.peer->receiver(kSsrc)->stats().sender_reports, 2U);
}

TEST(Media, RtpThatOvertakesTheHandshakeIsHeldForAMoment) {
  for (auto late : {30ms, 600ms}) {
    World world(IceMode::controlling, IceMode::controlled);
    // The answerer said passive: it is the DTLS server and ready first, and here its last word
    // is late.
    world.tell(world.b, world.a, sdp::Setup::active);
    world.tell(world.a, world.b, sdp::Setup::passive);
    std::size_t held_back = 0;
    world.filter = [&](auto& from, Bytes bytes) {
      bool last = &from == &world.b && test::is_dtls(bytes) && bytes[0] == std::byte{20};
      held_back += last ? 1 : 0;
      return std::optional<base::Duration>(last ? late : 0ms);
    };
    ASSERT_FALSE(world.b.peer->add_sender(test::sender_config(kSsrc + 1, false)));
    ASSERT_FALSE(world.a.peer->add_receiver(test::receiver_config(kSsrc + 1, false), world.now(),
                                            world.a.out));
    ASSERT_TRUE(world.run_until([&] { return world.b.state() == State::connected; }));
    rtp::OutgoingAudio audio;
    ASSERT_FALSE(world.b.peer->send_audio(kSsrc + 1, audio, world.now(), world.b.out));
    world.settle(world.b);
    ASSERT_TRUE(world.run_until([&] { return world.a.state() == State::connected; }));
    world.run_for(100ms);
    ASSERT_GT(held_back, 0U);
    EXPECT_EQ(world.a.rtp.size(), late == 30ms ? 1U : 0U);
    EXPECT_EQ(world.a.peer->counters().before_keys, late == 30ms ? 0U : 1U);
  }
}

TEST(Media, PacketsOfAnUnknownSsrcWaitForTheirReceiver) {
  Call call;
  ASSERT_FALSE(call.a.peer->add_sender(test::sender_config(7, false)));
  rtp::OutgoingAudio audio;
  for (int i = 0; i < 3; ++i) {
    audio.rtp_time = i * kPacketTicks;
    ASSERT_FALSE(call.a.peer->send_audio(7, audio, call.now(), call.a.out));
  }
  call.settle(call.a);
  call.run_for(20ms);
  EXPECT_TRUE(call.b.rtp.empty());
  auto arrived = call.now() - 10ms;
  call.run_for(400ms);
  ASSERT_FALSE(call.b.peer->add_receiver(test::receiver_config(7, false), call.now(), call.b.out));
  call.settle(call.b);
  ASSERT_EQ(call.b.rtp.size(), 3U);
  EXPECT_EQ(call.b.rtp[2].sequence, call.b.rtp[0].sequence + 2);
  EXPECT_EQ(call.b.rtp[0].arrival, arrived) << "when they came, not when they were wanted";
  EXPECT_EQ(call.b.peer->counters().unknown_ssrc, 0U);
}

TEST(Media, PacketsOfAnUnknownSsrcAreDroppedInTheEnd) {
  Call call;
  ASSERT_FALSE(call.a.peer->add_sender(test::sender_config(7, false)));
  for (int i = 0; i < 40; ++i) {
    rtp::OutgoingAudio audio;
    audio.rtp_time = i * kPacketTicks;
    ASSERT_FALSE(call.a.peer->send_audio(7, audio, call.now(), call.a.out));
  }
  call.settle(call.a);
  call.run_for(20ms);
  EXPECT_EQ(call.b.peer->counters().unknown_ssrc, 40U - Media::kMaxHeld);
  call.run_for(600ms);
  EXPECT_EQ(call.b.peer->counters().unknown_ssrc, 40U);
  ASSERT_FALSE(call.b.peer->add_receiver(test::receiver_config(7, false), call.now(), call.b.out));
  call.settle(call.b);
  EXPECT_TRUE(call.b.rtp.empty());
}

TEST(Media, AnSsrcServesOneSenderForTheLifeOfTheKeys) {
  Call call;
  auto& peer = *call.a.peer;
  EXPECT_EQ(peer.add_sender(test::sender_config(0, false)), errc::invalid_argument);
  EXPECT_EQ(peer.add_sender(test::sender_config(kSsrc, false)), errc::invalid_argument);
  peer.remove_sender(kSsrc);
  EXPECT_EQ(peer.sender(kSsrc), nullptr);
  EXPECT_EQ(peer.add_sender(test::sender_config(kSsrc, false)), errc::invalid_argument);
  for (std::uint32_t i = 1; i <= 256; ++i)
    ASSERT_FALSE(peer.add_sender(test::sender_config(i, false)));
  EXPECT_EQ(peer.add_sender(test::sender_config(9999, false)), errc::overflow);
}

TEST(Media, AReceiverMayLeaveAndComeBack) {
  Call call;
  call.speak(3);
  auto& peer = *call.b.peer;
  EXPECT_EQ(peer.add_receiver(test::receiver_config(kSsrc, true), call.now(), call.b.out),
            errc::invalid_argument);
  peer.remove_receiver(kSsrc);
  EXPECT_EQ(peer.receiver(kSsrc), nullptr);
  call.speak(3);
  EXPECT_EQ(call.b.rtp.size(), 3U);
  ASSERT_FALSE(peer.add_receiver(test::receiver_config(kSsrc, true), call.now(), call.b.out));
  call.settle(call.b);
  call.speak(3);
  EXPECT_EQ(call.heard().size(), 9U) << "three of them waited";
  for (std::uint32_t i = 1; i < 64; ++i)
    ASSERT_FALSE(peer.add_receiver(test::receiver_config(i, false), call.now(), call.b.out));
  EXPECT_EQ(peer.add_receiver(test::receiver_config(99, false), call.now(), call.b.out),
            errc::overflow);
}

TEST(Media, ManySubscriptionsInARowDoNotRunOutOfStreams) {
  Call call;
  for (std::uint32_t i = 1; i <= 600; ++i) {
    ASSERT_FALSE(call.a.peer->add_sender(test::sender_config(i, false)));
    ASSERT_FALSE(
        call.b.peer->add_receiver(test::receiver_config(i, false), call.now(), call.b.out));
    ASSERT_FALSE(call.a.peer->send_audio(i, {}, call.now(), call.a.out));
    call.settle(call.a);
    call.run_for(11ms);
    ASSERT_EQ(call.b.rtp.size(), i);
    call.a.peer->remove_sender(i);
    call.b.peer->remove_receiver(i);
  }
}

TEST(Media, ForwardedPacketsKeepTheirNumbersAndLoseTheirExtensions) {
  Call call;
  ASSERT_FALSE(call.b.peer->add_sender(test::sender_config(9, true)));
  ASSERT_FALSE(call.a.peer->add_receiver(test::receiver_config(9, true), call.now(), call.a.out));
  std::array<std::byte, 3> payload{std::byte{0xf8}, std::byte{0xff}, std::byte{0xfe}};
  rtp::ForwardedAudio audio;
  audio.payload = payload;
  for (std::int64_t sequence : {1000, 1001, 1003}) {
    audio.sequence = sequence;
    audio.rtp_time = sequence * kPacketTicks;
    ASSERT_FALSE(call.b.peer->forward(9, audio, call.now(), call.b.out));
    call.settle(call.b);
    call.run_for(20ms);
  }
  rtp::InjectedAudio silence;
  silence.rtp_advance = kPacketTicks;
  silence.payload = payload;
  ASSERT_FALSE(call.b.peer->inject(9, silence, call.now(), call.b.out));
  call.settle(call.b);
  call.run_for(20ms);
  ASSERT_EQ(call.a.rtp.size(), 4U);
  EXPECT_EQ(call.a.rtp[0].sequence, 1000);
  EXPECT_EQ(call.a.rtp[2].sequence, 1003) << "gaps stay gaps";
  EXPECT_EQ(call.a.rtp[3].sequence, 1004);
  EXPECT_EQ(call.a.rtp[3].rtp_time, 1004 * kPacketTicks);
  EXPECT_TRUE(call.a.rtp[3].marker);
  EXPECT_FALSE(call.a.rtp[0].level);
}

}  // namespace
}  // namespace sidetone::peer
