#include "core/rtp/sender.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/rtp/packet.hpp"

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart = base::Instant{} + 1h;

SenderConfig config() {
  return {.ssrc = 7,
          .cname = "someone",
          .wall = {.unix_offset = 1'700'000'000s},
          .initial_sequence = 65534,
          .initial_timestamp = 0xffffff00};
}

struct Fixture {
  explicit Fixture(SenderConfig c = config()) : sender(std::move(c), random) {}

  std::optional<PacketView> send(std::int64_t rtp_time, base::Instant now = kStart) {
    OutgoingAudio audio{.rtp_time = rtp_time,
                        .captured = now,
                        .level = AudioLevel{.level = 20, .voice = true},
                        .payload = base::as_bytes("audio")};
    return view(sender.send(audio, now, packet));
  }

  std::optional<PacketView> forward(std::int64_t sequence,
                                    std::int64_t rtp_time,
                                    base::Instant now = kStart) {
    ForwardedAudio audio{
        .sequence = sequence, .rtp_time = rtp_time, .payload = base::as_bytes("audio")};
    return view(sender.forward(audio, now, packet));
  }

  std::optional<PacketView> inject(std::int64_t advance, base::Instant now = kStart) {
    InjectedAudio audio{.rtp_advance = advance, .payload = base::as_bytes("quiet")};
    return view(sender.inject(audio, now, packet));
  }

  std::vector<RtcpItem> reports(base::Instant now) {
    base::Outbox<base::Packet> rtcp;
    sender.on_deadline(now, rtcp);
    reports_bytes = rtcp.take();
    base::Outbox<RtcpItem> items;
    for (const auto& report : reports_bytes) EXPECT_TRUE(parse_rtcp(report.bytes(), items).valid);
    return items.take();
  }

  std::optional<PacketView> view(std::optional<std::uint16_t> sequence) {
    if (!sequence) {
      EXPECT_TRUE(packet.empty());
      return std::nullopt;
    }
    auto parsed = parse_packet(packet.bytes());
    EXPECT_TRUE(parsed);
    EXPECT_EQ(parsed->header.sequence, *sequence);
    return parsed;
  }

  base::SeededRandom random{1};
  Sender sender;
  base::Packet packet;
  std::vector<base::Packet> reports_bytes;
};

TEST(Sender, NumbersRunOnOverTheWrap) {
  Fixture f;
  std::vector<std::uint16_t> sequences;
  std::vector<std::uint32_t> timestamps;
  for (int i = 0; i < 4; ++i) {
    auto view = f.send(1'000'000 + i * 960);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header.ssrc, 7U);
    EXPECT_EQ(view->header.payload_type, 111);
    sequences.push_back(view->header.sequence);
    timestamps.push_back(view->header.timestamp);
  }
  EXPECT_EQ(sequences, (std::vector<std::uint16_t>{65534, 65535, 0, 1}));
  EXPECT_EQ(timestamps, (std::vector<std::uint32_t>{0xffffff00, 0x2c0, 0x680, 0xa40}));
}

TEST(Sender, StartsAtRandomInTheLowerHalf) {
  auto c = config();
  c.initial_sequence.reset();
  c.initial_timestamp.reset();
  base::SeededRandom random(5);
  std::vector<std::uint16_t> starts;
  for (int i = 0; i < 64; ++i) {
    Sender sender(c, random);
    base::Packet packet;
    auto sequence = sender.send({.payload = base::as_bytes("x")}, kStart, packet);
    ASSERT_TRUE(sequence);
    EXPECT_LT(*sequence, 0x8000);
    starts.push_back(*sequence);
  }
  std::sort(starts.begin(), starts.end());
  EXPECT_GT(std::unique(starts.begin(), starts.end()) - starts.begin(), 60);
  EXPECT_GT(starts.back(), 0x4000);
}

TEST(Sender, MarkerAndPayloadTypeAreThePackets) {
  Fixture f;
  OutgoingAudio audio{.marker = true, .payload_type = 63, .payload = base::as_bytes("red")};
  auto view = f.view(f.sender.send(audio, kStart, f.packet));
  EXPECT_TRUE(view->header.marker);
  EXPECT_EQ(view->header.payload_type, 63);
  EXPECT_EQ(base::as_text(view->payload), "red");
  EXPECT_FALSE(f.send(960)->header.marker);
}

TEST(Sender, WithoutExtensionsNegotiatedNoneIsSent) {
  Fixture f;
  EXPECT_FALSE(f.send(0)->extension_form);
}

TEST(Sender, LevelMidAndCaptureTimeAreSentWhenNegotiated) {
  auto c = config();
  c.level_extension_id = 1;
  c.mid_extension_id = 2;
  c.mid = "0";
  c.capture_time_extension_id = 3;
  Fixture f(c);
  auto view = f.send(0);
  ASSERT_TRUE(view->extension_form);
  auto find = [&](std::uint8_t id) {
    return find_extension(*view->extension_form, view->extension, id);
  };
  EXPECT_EQ(parse_audio_level(*find(1)), (AudioLevel{.level = 20, .voice = true}));
  EXPECT_EQ(base::as_text(*find(2)), "0");
  EXPECT_EQ(parse_capture_time(*find(3))->ntp, to_ntp(1'700'000'000s + 1h));

  view = f.send(960, kStart + 999ms);
  EXPECT_FALSE(find(3)) << "once a second";
  view = f.send(1920, kStart + 1s);
  EXPECT_TRUE(find(3));
  EXPECT_TRUE(find(2));
  f.sender.on_report_block({.ssrc = 7}, kStart + 1s);
  view = f.send(2880, kStart + 1s);
  EXPECT_FALSE(find(2)) << "the other side knows the stream by now";
  EXPECT_TRUE(find(1));
}

TEST(Sender, TheCaptureTimeOfAForwardedPacketPassesThrough) {
  auto c = config();
  c.capture_time_extension_id = 1;
  Fixture f(c);
  CaptureTime time{.ntp = 99, .clock_offset = -7};
  ForwardedAudio audio{.capture_time = time, .payload = base::as_bytes("audio")};
  auto view = f.view(f.sender.forward(audio, kStart, f.packet));
  ASSERT_TRUE(view->extension_form);
  auto found = find_extension(*view->extension_form, view->extension, 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(parse_capture_time(*found), time);
}

TEST(Sender, APacketTooLargeIsRefusedAndCostsNoNumber) {
  Fixture f;
  f.send(0);
  std::string large(kMaxRtpBytes - kHeaderBytes + 1, 'x');
  OutgoingAudio audio{.rtp_time = 960, .payload = base::as_bytes(large)};
  EXPECT_FALSE(f.view(f.sender.send(audio, kStart, f.packet)));
  EXPECT_EQ(f.sender.stats().refused, 1U);
  EXPECT_EQ(f.send(1920)->header.sequence, 65535);
  audio.payload = audio.payload.first(large.size() - 1);
  EXPECT_TRUE(f.view(f.sender.send(audio, kStart, f.packet)));
  EXPECT_EQ(f.sender.stats().packets_sent, 3U);
  EXPECT_EQ(f.sender.stats().bytes_sent, 10 + large.size() - 1);
}

TEST(Sender, ASubscriptionStartsAtThePublishersNumbersAndKeepsItsGaps) {
  Fixture f;
  auto view = f.forward(65536 + 500, 0x1'0000'0010);
  EXPECT_EQ(view->header.sequence, 500);
  EXPECT_EQ(view->header.timestamp, 0x10U);
  EXPECT_EQ(view->header.ssrc, 7U);
  EXPECT_EQ(f.forward(65536 + 503, 0x1'0000'0010 + 2880)->header.sequence, 503);
  EXPECT_EQ(f.forward(65536 + 502, 0x1'0000'0010 + 1920)->header.timestamp, 0x10U + 1920);
  EXPECT_TRUE(f.forward(65536 + 500, 0x1'0000'0010));
  EXPECT_FALSE(f.forward(65536 + 499, 0)) << "older than the subscription";
  EXPECT_EQ(f.sender.stats().refused, 1U);
  EXPECT_EQ(f.forward(65536 + 1503, 0)->header.sequence, 1503);
}

TEST(Sender, ASubscriptionThatWouldStartAtTheWrapStartsHalfACycleAway) {
  EXPECT_EQ(Fixture().forward(61439, 0)->header.sequence, 61439);
  EXPECT_EQ(Fixture().forward(61440, 0)->header.sequence, 61440 - 32768);
  EXPECT_EQ(Fixture().forward(65535 + 65536, 0)->header.sequence, 32767);
}

TEST(Sender, InjectedPacketsLeaveNoHoleAndNoCollision) {
  Fixture f;
  f.forward(100, 10'000);
  f.forward(102, 11'920);
  auto silence = f.inject(0);
  EXPECT_EQ(silence->header.sequence, 103);
  EXPECT_EQ(silence->header.timestamp, 11'920U);
  EXPECT_TRUE(silence->header.marker);
  EXPECT_EQ(f.inject(961)->header.timestamp, 12'881U);
  EXPECT_FALSE(f.forward(101, 10'960)) << "late: its number may not be used any more";
  EXPECT_FALSE(f.forward(102, 11'920));
  // The publisher sent 103…199 meanwhile, which nobody forwarded.
  auto resumed = f.forward(200, 200'000);
  EXPECT_EQ(resumed->header.sequence, 105);
  EXPECT_EQ(resumed->header.timestamp, 200'000U);
  EXPECT_FALSE(f.forward(199, 199'040));
  EXPECT_EQ(f.forward(202, 201'920)->header.sequence, 107);
  EXPECT_EQ(f.forward(201, 200'960)->header.sequence, 106);
  EXPECT_EQ(f.inject(960)->header.sequence, 108);
}

TEST(Sender, NothingIsInjectedBeforeTheFirstPacketNorIntoOwnNumbering) {
  Fixture f;
  EXPECT_FALSE(f.inject(0));
  f.send(0);
  EXPECT_FALSE(f.inject(0));
  EXPECT_FALSE(f.forward(1, 0)) << "one numbering per sender";
  EXPECT_EQ(f.sender.stats().refused, 3U);
}

TEST(Sender, ANewSourceContinuesNumbersAndTime) {
  Fixture f;
  f.forward(100, 10'000);
  f.sender.change_source();
  auto view = f.forward(5, 77, kStart + 40ms);
  EXPECT_EQ(view->header.sequence, 101);
  EXPECT_EQ(view->header.timestamp, 11'920U);
  EXPECT_EQ(f.forward(6, 77 + 960)->header.sequence, 102);
  EXPECT_EQ(f.forward(7, 77 + 1920)->header.timestamp, 11'920U + 1920);
  EXPECT_FALSE(f.forward(4, 0));
}

TEST(Sender, SilenceMayGoOnWhileTheSourceChanges) {
  Fixture f;
  f.forward(100, 10'000);
  f.sender.change_source();
  EXPECT_EQ(f.inject(960, kStart + 20ms)->header.sequence, 101);
  auto view = f.forward(5, 77, kStart + 40ms);
  EXPECT_EQ(view->header.sequence, 102);
  EXPECT_EQ(view->header.timestamp, 11'920U);
}

TEST(Sender, AChangeBeforeTheFirstPacketChangesNothing) {
  Fixture f;
  f.sender.change_source();
  EXPECT_EQ(f.forward(100, 10'000)->header.sequence, 100);
}

TEST(Sender, ARenumberedSourceGoesOnWithoutAJump) {
  Fixture f;
  f.forward(100, 0);
  EXPECT_EQ(f.forward(3100, 960)->header.sequence, 3100);
  EXPECT_EQ(f.forward(6101, 1920)->header.sequence, 3101);
  EXPECT_EQ(f.forward(6102, 2880)->header.sequence, 3102);
}

TEST(Sender, ReportsComeASecondAfterTheFirstPacketThenEveryTwoToThree) {
  Fixture f;
  EXPECT_FALSE(f.sender.next_deadline());
  f.send(0);
  EXPECT_EQ(f.sender.next_deadline(), kStart + 1s);
  EXPECT_TRUE(f.reports(kStart + 999ms).empty());
  auto now = kStart + 1s;
  auto items = f.reports(now);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(std::get<Cname>(items[1]).text, "someone");
  EXPECT_EQ(std::get<Cname>(items[1]).ssrc, 7U);
  base::Duration shortest = 1h;
  base::Duration longest = 0s;
  for (int i = 0; i < 50; ++i) {
    f.send(i * 960, now);
    auto next = *f.sender.next_deadline();
    shortest = std::min(shortest, next - now);
    longest = std::max(longest, next - now);
    now = next;
    EXPECT_EQ(f.reports(now).size(), 2U);
  }
  EXPECT_GE(shortest, 2s);
  EXPECT_LT(shortest, 2300ms);
  EXPECT_LE(longest, 3s);
  EXPECT_GT(longest, 2700ms);
  EXPECT_EQ(f.sender.stats().reports_sent, 51U);
}

TEST(Sender, ASilentSenderStopsReportingAndStartsAgain) {
  Fixture f;
  f.send(0);
  EXPECT_EQ(f.reports(kStart + 1s).size(), 2U);
  auto next = *f.sender.next_deadline();
  EXPECT_TRUE(f.reports(next).empty());
  EXPECT_FALSE(f.sender.next_deadline());
  f.send(960, kStart + 60s);
  EXPECT_EQ(f.sender.next_deadline(), kStart + 61s);
}

TEST(Sender, AReportMapsTheMediaClockToTheWallClock) {
  Fixture f;
  OutgoingAudio audio{
      .rtp_time = 480'000, .captured = kStart - 20ms, .payload = base::as_bytes("audio")};
  f.sender.send(audio, kStart, f.packet);
  auto items = f.reports(kStart + 1s);
  const auto& report = std::get<SenderReport>(items[0]);
  EXPECT_EQ(report.ssrc, 7U);
  auto expected = to_ntp(1'700'000'000s + 1h + 1s);
  EXPECT_LE(expected - report.ntp, 4U) << "two roundings down of 2^-32 s each";
  EXPECT_EQ(report.timestamp, 0xffffff00U + 48000 + 960) << "the sample due at that moment";
  EXPECT_EQ(report.packets, 1U);
  EXPECT_EQ(report.octets, 5U);
}

TEST(Sender, AForwardingSenderReportsThePublishersClockAndOnlyThat) {
  Fixture f;
  f.forward(100, 10'000);
  f.inject(0);
  f.forward(300, 20'000);
  EXPECT_TRUE(f.reports(kStart + 1s).empty()) << "no report from the publisher yet";
  EXPECT_EQ(f.sender.next_deadline(), kStart + 2s);
  f.sender.set_source_clock({.ntp = 5ULL << 32, .rtp_time = 19'000, .at = kStart + 1s});
  auto items = f.reports(kStart + 2s);
  ASSERT_EQ(items.size(), 2U);
  const auto& report = std::get<SenderReport>(items[0]);
  EXPECT_EQ(report.ntp, 6ULL << 32);
  EXPECT_EQ(report.timestamp, 19'000U + 48'000);
  EXPECT_EQ(report.packets, 3U);

  f.sender.change_source();
  f.forward(1, 0, kStart + 2s);
  EXPECT_TRUE(f.reports(*f.sender.next_deadline()).empty()) << "the old clock is not the new one's";
}

TEST(Sender, TheRoundTripComesFromReportBlocks) {
  Fixture f;
  f.send(0);
  auto items = f.reports(kStart + 1s);
  auto lsr = compact_ntp(std::get<SenderReport>(items[0]).ntp);
  EXPECT_FALSE(f.sender.stats().rtt);
  f.sender.on_report_block({.ssrc = 7,
                            .fraction_lost = 64,
                            .cumulative_lost = 12,
                            .jitter = 480,
                            .last_sr = lsr,
                            .delay_since_last_sr = to_compact(500ms)},
                           kStart + 1530ms);
  const auto& stats = f.sender.stats();
  ASSERT_TRUE(stats.rtt);
  EXPECT_EQ(*stats.rtt, 30ms);
  EXPECT_EQ(stats.fraction_lost, 0.25);
  EXPECT_EQ(stats.packets_lost, 12);
  EXPECT_EQ(stats.jitter, 10ms);
  EXPECT_EQ(stats.reports_received, 1U);
}

TEST(Sender, ABlockThatAnswersNoReportOfOursSaysNothingOfTheRoundTrip) {
  Fixture f;
  f.sender.on_report_block({.ssrc = 7, .last_sr = 0}, kStart);
  EXPECT_FALSE(f.sender.stats().rtt) << "zero means none, though our memory is zeros";
  f.send(0);
  auto lsr = compact_ntp(std::get<SenderReport>(f.reports(kStart + 1s)[0]).ntp);
  f.sender.on_report_block({.ssrc = 7, .last_sr = lsr + 1}, kStart + 2s);
  EXPECT_FALSE(f.sender.stats().rtt);
  f.sender.on_report_block({.ssrc = 7, .last_sr = lsr, .delay_since_last_sr = to_compact(5s)},
                           kStart + 2s);
  EXPECT_FALSE(f.sender.stats().rtt) << "answered later than now";
  EXPECT_EQ(f.sender.stats().reports_received, 3U);
}

TEST(Sender, OneOfTheLastFourReportsMayBeAnswered) {
  Fixture f;
  std::vector<std::uint32_t> compact;
  std::vector<base::Instant> at;
  auto now = kStart;
  for (int i = 0; i < 5; ++i) {
    f.send(i * 960, now);
    now = *f.sender.next_deadline();
    compact.push_back(compact_ntp(std::get<SenderReport>(f.reports(now)[0]).ntp));
    at.push_back(now);
  }
  f.sender.on_report_block({.ssrc = 7, .last_sr = compact[0]}, at[0] + 10ms);
  EXPECT_FALSE(f.sender.stats().rtt);
  f.sender.on_report_block({.ssrc = 7, .last_sr = compact[1]}, at[1] + 10ms);
  EXPECT_EQ(f.sender.stats().rtt, 10ms);
}

TEST(Sender, ANackIsAnsweredWithTheStoredBytes) {
  auto c = config();
  c.nack = true;
  Fixture f(c);
  std::vector<base::Packet> wire;
  for (int i = 0; i < 20; ++i) {
    f.send(i * 960);
    base::Packet protected_packet(f.packet.bytes());
    protected_packet.bytes()[20 - 4] ^= std::byte{0x5a};
    f.sender.sent(protected_packet);
    wire.push_back(protected_packet);
  }
  base::Outbox<base::Bytes> out;
  // 65535, 0, and 15; then 65535 + 17 = 16 is beyond the mask.
  f.sender.on_nack({.ssrc = 7, .first = 65535, .mask = 0x8001}, kStart, out);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_TRUE(std::ranges::equal(out[0], wire[1].bytes()));
  EXPECT_TRUE(std::ranges::equal(out[1], wire[2].bytes()));
  EXPECT_TRUE(std::ranges::equal(out[2], wire[17].bytes()));
  EXPECT_EQ(f.sender.stats().retransmitted, 3U);
  EXPECT_EQ(f.sender.stats().nacks_received, 3U);
  out.clear();
  f.sender.on_nack({.ssrc = 7, .first = 65535, .mask = 0}, kStart + 50ms, out);
  f.sender.on_nack({.ssrc = 7, .first = 500, .mask = 0}, kStart + 50ms, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(f.sender.stats().retransmissions_refused, 2U);
  EXPECT_EQ(f.sender.stats().packets_sent, 20U) << "a retransmission is not a packet sent";
}

TEST(Sender, WithoutNackNothingIsKept) {
  Fixture f;
  f.send(0);
  f.sender.sent(f.packet);
  base::Outbox<base::Bytes> out;
  f.sender.on_nack({.ssrc = 7, .first = 65534, .mask = 0}, kStart, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(f.sender.stats().retransmissions_refused, 1U);
}

}  // namespace
}  // namespace sidetone::rtp
