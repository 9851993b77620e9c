#include "core/rtp/receiver.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSsrc = 7;

// Packet n is sent at n * 20 ms and arrives `transit` later.
struct Stream {
  explicit Stream(ReceiverConfig config = {.ssrc = kSsrc}) : receiver(config) {}

  static base::Instant time_of(std::int64_t n) { return base::Instant{} + n * 20ms; }

  Verdict arrive(std::int64_t n, base::Duration transit = 0ms) {
    PacketView view;
    view.header = {.payload_type = 111,
                   .marker = n % 2 == 1,
                   .sequence = static_cast<std::uint16_t>(first_sequence + n),
                   .timestamp = static_cast<std::uint32_t>(first_timestamp + n * 960),
                   .ssrc = kSsrc};
    view.payload = base::as_bytes("audio");
    return receiver.on_packet(view, time_of(n) + transit, out);
  }

  void arrive_all(std::int64_t from, std::int64_t to) {
    for (auto n = from; n <= to; ++n) ASSERT_EQ(arrive(n), Verdict::accepted) << n;
  }

  std::vector<std::uint16_t> nacked(base::Instant now) {
    base::Outbox<base::Packet> rtcp;
    receiver.on_deadline(now, rtcp);
    std::vector<std::uint16_t> sequences;
    base::Outbox<RtcpItem> items;
    for (const auto& packet : rtcp) EXPECT_TRUE(parse_rtcp(packet.bytes(), items).valid);
    for (const auto& item : items) {
      const auto& nack = std::get<Nack>(item);
      EXPECT_EQ(nack.ssrc, kSsrc);
      EXPECT_EQ(nack.reporter, receiver.config().local_ssrc);
      sequences.push_back(nack.first);
      for (int bit = 0; bit < 16; ++bit)
        if ((nack.mask >> bit & 1) != 0)
          sequences.push_back(static_cast<std::uint16_t>(nack.first + 1 + bit));
    }
    return sequences;
  }

  std::int64_t first_sequence = 100;
  std::int64_t first_timestamp = 5000;
  Receiver receiver;
  base::Outbox<ReceivedPacket> out;
};

TEST(Receiver, APacketComesOutWithAllItSaid) {
  Stream stream({.ssrc = kSsrc, .level_extension_id = 1, .capture_time_extension_id = 2});
  PacketView view;
  view.header = {.payload_type = 63, .marker = true, .sequence = 9, .timestamp = 10, .ssrc = kSsrc};
  ExtensionBlock block;
  auto level = write_audio_level({.level = 30, .voice = true});
  block.add(1, {&level, 1});
  std::array<std::byte, 16> memory{};
  block.add(2, write_capture_time({.ntp = 77, .clock_offset = 3}, memory));
  view.extension = block.body();
  view.extension_form = block.form();
  view.payload = base::as_bytes("audio");
  EXPECT_EQ(stream.receiver.on_packet(view, base::Instant{} + 5ms, stream.out), Verdict::accepted);
  ASSERT_EQ(stream.out.size(), 1U);
  const auto& received = stream.out[0];
  EXPECT_EQ(received.ssrc, kSsrc);
  EXPECT_EQ(received.sequence, 9);
  EXPECT_EQ(received.rtp_time, 10);
  EXPECT_EQ(received.payload_type, 63);
  EXPECT_TRUE(received.marker);
  EXPECT_EQ(received.arrival, base::Instant{} + 5ms);
  EXPECT_EQ(received.level, 30);
  EXPECT_TRUE(received.voice);
  EXPECT_EQ(received.capture_time, (CaptureTime{.ntp = 77, .clock_offset = 3}));
  EXPECT_EQ(base::as_text(received.payload.bytes()), "audio");
}

TEST(Receiver, ExtensionsNotNegotiatedAreNotRead) {
  Stream stream;
  PacketView view;
  auto body = std::array{std::byte{0x10}, std::byte{0x7f}, std::byte{0}, std::byte{0}};
  view.extension = body;
  view.extension_form = kOneByteForm;
  stream.receiver.on_packet(view, {}, stream.out);
  EXPECT_FALSE(stream.out[0].level);
  EXPECT_FALSE(stream.out[0].voice);
  EXPECT_FALSE(stream.out[0].capture_time);
}

TEST(Receiver, NumbersRunOnOverTheWrap) {
  Stream stream;
  stream.first_sequence = 65000;
  stream.first_timestamp = 4294000000;
  stream.arrive_all(0, 4000);
  for (std::int64_t n = 0; n <= 4000; ++n) {
    const auto& received = stream.out[static_cast<std::size_t>(n)];
    EXPECT_EQ(received.sequence, 65000 + n);
    EXPECT_EQ(received.rtp_time, 4294000000 + n * 960);
  }
  EXPECT_EQ(stream.receiver.stats().packets_lost, 0);
  auto block = stream.receiver.take_report_block(Stream::time_of(4000));
  EXPECT_EQ(block->highest_sequence, 65000U + 4000);
}

TEST(Receiver, ReorderingAcrossTheWrapIsUnderstood) {
  Stream stream;
  stream.first_sequence = 65535;
  stream.first_timestamp = 0xffffffff - 100;
  for (int n : {1, 0, 3, 2}) EXPECT_EQ(stream.arrive(n), Verdict::accepted);
  EXPECT_EQ(stream.out[1].sequence, stream.out[0].sequence - 1);
  EXPECT_EQ(stream.out[1].rtp_time, stream.out[0].rtp_time - 960);
  EXPECT_EQ(stream.out[2].sequence, stream.out[0].sequence + 2);
  EXPECT_EQ(stream.out[3].rtp_time, stream.out[0].rtp_time + 960);
  EXPECT_EQ(stream.receiver.stats().reordered, 2U);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 0);
}

TEST(Receiver, DuplicatesAreDroppedAndCounted) {
  Stream stream;
  stream.arrive_all(0, 10);
  EXPECT_EQ(stream.arrive(10), Verdict::duplicate);
  EXPECT_EQ(stream.arrive(3), Verdict::duplicate);
  EXPECT_EQ(stream.arrive(0), Verdict::duplicate);
  EXPECT_EQ(stream.out.size(), 11U);
  EXPECT_EQ(stream.receiver.stats().duplicates, 3U);
  EXPECT_EQ(stream.receiver.stats().packets_received, 11U);
  EXPECT_EQ(stream.receiver.stats().bytes_received, 55U);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 0);
}

TEST(Receiver, ReorderingBy1023IsTakenAndBeyondItIsTooOld) {
  Stream stream;
  stream.arrive(0);
  stream.arrive(2000);
  EXPECT_EQ(stream.arrive(2000 - 1023), Verdict::accepted);
  EXPECT_EQ(stream.arrive(2000 - 1023), Verdict::duplicate);
  EXPECT_EQ(stream.arrive(2000 - 1024), Verdict::too_old);
  EXPECT_EQ(stream.receiver.stats().too_old, 1U);
  EXPECT_EQ(stream.out.size(), 3U);
}

TEST(Receiver, OldMarksOfTheWindowDoNotHideNewPackets) {
  Stream stream;
  stream.arrive_all(0, 1500);
  stream.arrive(2400);
  for (int n = 1501; n < 2400; ++n) ASSERT_EQ(stream.arrive(n), Verdict::accepted) << n;
  for (int n = 1501; n <= 2400; ++n) ASSERT_EQ(stream.arrive(n), Verdict::duplicate) << n;
  stream.arrive(2400 + 1024);
  EXPECT_EQ(stream.arrive(2401), Verdict::accepted) << "the whole window moved on";
}

TEST(Receiver, LossIsCountedAndTakenBackWhenLate) {
  Stream stream;
  for (int n = 0; n < 100; ++n)
    if (n % 4 != 1) stream.arrive(n);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 25);
  auto block = stream.receiver.take_report_block({});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->ssrc, kSsrc);
  EXPECT_EQ(block->fraction_lost, 64) << "a quarter of 256";
  EXPECT_EQ(block->cumulative_lost, 25);
  stream.arrive(1);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 24);
  block = stream.receiver.take_report_block({});
  EXPECT_EQ(block->fraction_lost, 0) << "nothing lost since, one too many even";
  EXPECT_EQ(block->cumulative_lost, 24);
}

TEST(Receiver, TheFractionIsOfTheTimeSinceTheLastReport) {
  Stream stream;
  stream.arrive_all(0, 49);
  EXPECT_EQ(stream.receiver.take_report_block({})->fraction_lost, 0);
  for (int n = 50; n < 100; n += 2) stream.arrive(n);
  stream.arrive(99);
  EXPECT_EQ(stream.receiver.take_report_block({})->fraction_lost, 24 * 256 / 50);
  EXPECT_FALSE(stream.receiver.take_report_block({})) << "nothing heard, nothing to say";
  stream.arrive(99 + 1000);
  EXPECT_EQ(stream.receiver.take_report_block({})->fraction_lost, 999 * 256 / 1000);
}

TEST(Receiver, APacketBeforeTheFirstIsCountedFromItsPlace) {
  Stream stream;
  stream.arrive(10);
  stream.arrive(8);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 1) << "9 is missing now";
  stream.arrive(9);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 0);
}

TEST(Receiver, AJumpTooLargeForLossStartsTheCountAnew) {
  Stream stream;
  stream.arrive(0);
  stream.arrive(2);
  EXPECT_EQ(stream.arrive(3002), Verdict::accepted);
  EXPECT_EQ(stream.receiver.stats().resyncs, 0U);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 1 + 2999);
  EXPECT_EQ(stream.arrive(3002 + 3001), Verdict::accepted);
  EXPECT_EQ(stream.receiver.stats().resyncs, 1U);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 3000);
  stream.arrive(3002 + 3003);
  EXPECT_EQ(stream.receiver.stats().packets_lost, 3001);
  EXPECT_EQ(stream.out[3].sequence, 100 + 6003) << "still the wire's number, unwrapped";
}

TEST(Receiver, JitterFollowsRfc3550) {
  Stream stream;
  stream.arrive(0);
  EXPECT_EQ(stream.receiver.stats().jitter, 0ms);
  // Each packet deviates by 16 ms from the one before: J += (768 - J) / 16.
  double expected = 0;
  for (int n = 1; n <= 50; ++n) {
    stream.arrive(n, n % 2 == 1 ? 16ms : 0ms);
    expected += (768 - expected) / 16;
  }
  auto block = stream.receiver.take_report_block({});
  EXPECT_NEAR(block->jitter, expected, 1);
  EXPECT_NEAR(static_cast<double>(stream.receiver.stats().jitter / 1us), expected / 0.048, 21);
}

TEST(Receiver, LatePacketsAndRewrittenClocksAreNotJitter) {
  Stream stream;
  stream.arrive(0);
  stream.arrive(2);
  stream.arrive(1, 900ms);
  EXPECT_EQ(stream.receiver.stats().jitter, 0ms) << "late: a retransmission perhaps";
  stream.first_timestamp += 48000 * 5 + 1;
  stream.arrive(3);
  EXPECT_EQ(stream.receiver.stats().jitter, 0ms);
  stream.first_timestamp += 48000 * 5;
  stream.arrive(4);
  EXPECT_EQ(stream.receiver.stats().jitter, 312500us);
}

TEST(Receiver, ReportsSayWhenTheLastSenderReportCame) {
  Stream stream;
  stream.arrive(0);
  EXPECT_EQ(stream.receiver.take_report_block({})->last_sr, 0U);
  stream.receiver.on_sender_report({.ssrc = kSsrc, .ntp = 0x1111222233334444, .timestamp = 5960},
                                   base::Instant{} + 100ms);
  stream.arrive(1);
  auto block = stream.receiver.take_report_block(base::Instant{} + 600ms);
  EXPECT_EQ(block->last_sr, 0x22223333U);
  EXPECT_EQ(block->delay_since_last_sr, 0x8000U);
  EXPECT_EQ(stream.receiver.stats().sender_reports, 1U);
}

TEST(Receiver, TheSourceClockComesFromTheSenderReport) {
  Stream stream;
  stream.first_timestamp = 0xfffffff0;
  stream.arrive(0);
  EXPECT_FALSE(stream.receiver.source_clock());
  stream.receiver.on_sender_report({.ssrc = kSsrc, .ntp = 99, .timestamp = 0x10},
                                   base::Instant{} + 7ms);
  auto clock = stream.receiver.source_clock();
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->ntp, 99U);
  EXPECT_EQ(clock->rtp_time, 0xfffffff0LL + 0x20) << "unwrapped like the packets";
  EXPECT_EQ(clock->at, base::Instant{} + 7ms);
}

TEST(Receiver, ASenderReportBeforeTheFirstPacketWaitsForIt) {
  Stream stream;
  stream.receiver.on_sender_report({.ssrc = kSsrc, .ntp = 99, .timestamp = 4999},
                                   base::Instant{} + 7ms);
  EXPECT_FALSE(stream.receiver.source_clock());
  stream.arrive(0);
  auto clock = stream.receiver.source_clock();
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->rtp_time, 4999);
  EXPECT_EQ(clock->at, base::Instant{} + 7ms);
  EXPECT_EQ(stream.receiver.stats().sender_reports, 1U);
}

TEST(Receiver, AHoleIsRequestedAtOnceAndAgainAfterTheRoundTrip) {
  Stream stream({.ssrc = kSsrc, .local_ssrc = 99, .nack = true});
  stream.receiver.set_rtt(40ms);
  stream.arrive_all(0, 3);
  EXPECT_FALSE(stream.receiver.next_deadline());
  stream.arrive(6);
  auto t0 = Stream::time_of(6);
  EXPECT_EQ(stream.receiver.next_deadline(), t0);
  EXPECT_EQ(stream.nacked(t0), (std::vector<std::uint16_t>{104, 105}));
  EXPECT_EQ(stream.receiver.next_deadline(), t0 + 50ms);
  EXPECT_EQ(stream.arrive(4), Verdict::accepted);
  EXPECT_EQ(stream.nacked(t0 + 50ms), (std::vector<std::uint16_t>{105}));
  EXPECT_EQ(stream.receiver.stats().recovered, 1U);
  EXPECT_EQ(stream.receiver.stats().nacks_sent, 3U);
  EXPECT_EQ(stream.receiver.stats().rtt, 40ms);
}

TEST(Receiver, WithoutNackNothingIsRequested) {
  Stream stream;
  stream.arrive(0);
  stream.arrive(5);
  EXPECT_FALSE(stream.receiver.next_deadline());
  EXPECT_TRUE(stream.nacked(Stream::time_of(5)).empty());
}

TEST(Receiver, AfterARenumberingOldHolesAreForgotten) {
  Stream stream({.ssrc = kSsrc, .nack = true});
  stream.arrive(0);
  stream.arrive(2);
  stream.arrive(9000);
  EXPECT_FALSE(stream.receiver.next_deadline());
}

TEST(Receiver, AnOversizedPayloadIsRefused) {
  Stream stream;
  std::string large(base::kMaxPacketBytes + 1, 'x');
  PacketView view;
  view.payload = base::as_bytes(large);
  EXPECT_EQ(stream.receiver.on_packet(view, {}, stream.out), Verdict::oversized);
  EXPECT_EQ(stream.receiver.stats().oversized, 1U);
  EXPECT_TRUE(stream.out.empty());
  view.payload = view.payload.first(base::kMaxPacketBytes);
  EXPECT_EQ(stream.receiver.on_packet(view, {}, stream.out), Verdict::accepted);
}

}  // namespace
}  // namespace sidetone::rtp
