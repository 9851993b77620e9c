#include "core/rtp/reporter.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/rtp/sender.hpp"

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart = base::Instant{} + 1h;

struct Fixture {
  Fixture() { reporter.start(kStart); }

  Receiver& add_receiver(std::uint32_t ssrc) {
    owned.push_back(std::make_unique<Receiver>(ReceiverConfig{.ssrc = ssrc, .local_ssrc = 9}));
    receivers.push_back(owned.back().get());
    return *owned.back();
  }

  void hear(Receiver& receiver, std::uint16_t sequence) {
    PacketView view;
    view.header.sequence = sequence;
    receiver.on_packet(view, kStart, received);
  }

  std::vector<RtcpItem> report(base::Instant now) {
    base::Outbox<base::Packet> rtcp;
    reporter.on_deadline(now, receivers, rtcp);
    datagrams = rtcp.take();
    base::Outbox<RtcpItem> items;
    for (const auto& datagram : datagrams) EXPECT_TRUE(parse_rtcp(datagram.bytes(), items).valid);
    return items.take();
  }

  template <class T>
  static std::vector<T> only(const std::vector<RtcpItem>& items) {
    std::vector<T> found;
    for (const auto& item : items)
      if (const auto* value = std::get_if<T>(&item)) found.push_back(*value);
    return found;
  }

  base::SeededRandom random{1};
  Reporter reporter{{.local_ssrc = 9, .cname = "me", .wall = {.unix_offset = 1'700'000'000s}},
                    random};
  std::vector<std::unique_ptr<Receiver>> owned;
  std::vector<Receiver*> receivers;
  base::Outbox<ReceivedPacket> received;
  std::vector<base::Packet> datagrams;
};

TEST(Reporter, ReportsEachSecondOnTheStreamsHeard) {
  Fixture f;
  auto& a = f.add_receiver(1);
  f.add_receiver(2);
  f.hear(a, 5);
  EXPECT_EQ(f.reporter.next_deadline(), kStart + 1s);
  EXPECT_TRUE(f.report(kStart + 999ms).empty());
  auto items = f.report(kStart + 1s);
  auto blocks = Fixture::only<ReportBlock>(items);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].ssrc, 1U);
  EXPECT_EQ(blocks[0].reporter, 9U);
  EXPECT_EQ(Fixture::only<Cname>(items).at(0).text, "me");
  auto references = Fixture::only<ReferenceTime>(items);
  ASSERT_EQ(references.size(), 1U);
  EXPECT_EQ(references[0].ssrc, 9U);
  EXPECT_EQ(references[0].ntp, to_ntp(1'700'000'000s + 1h + 1s));

  auto now = kStart + 1s;
  for (int i = 0; i < 50; ++i) {
    auto next = *f.reporter.next_deadline();
    EXPECT_GE(next - now, 950ms);
    EXPECT_LT(next - now, 1050ms);
    now = next;
    EXPECT_TRUE(f.report(now).empty()) << "nothing heard, nothing said";
  }
}

TEST(Reporter, SaysNothingBeforeItsStart) {
  base::SeededRandom random(1);
  Reporter reporter({}, random);
  EXPECT_FALSE(reporter.next_deadline());
  base::Outbox<base::Packet> rtcp;
  reporter.on_deadline(kStart, {}, rtcp);
  EXPECT_TRUE(rtcp.empty());
}

TEST(Reporter, ManyStreamsTakeSeveralReports) {
  Fixture f;
  for (std::uint32_t ssrc = 1; ssrc <= 70; ++ssrc) f.hear(f.add_receiver(ssrc), 5);
  auto items = f.report(kStart + 1s);
  EXPECT_EQ(f.datagrams.size(), 3U);
  auto blocks = Fixture::only<ReportBlock>(items);
  ASSERT_EQ(blocks.size(), 70U);
  for (std::uint32_t i = 0; i < 70; ++i) EXPECT_EQ(blocks[i].ssrc, i + 1);
  EXPECT_EQ(Fixture::only<ReferenceTime>(items).size(), 1U);
  EXPECT_EQ(Fixture::only<Cname>(items).size(), 3U);
}

TEST(Reporter, ExactlyOneFullReportIsNotFollowedByAnEmptyOne) {
  Fixture f;
  for (std::uint32_t ssrc = 1; ssrc <= 31; ++ssrc) f.hear(f.add_receiver(ssrc), 5);
  f.report(kStart + 1s);
  EXPECT_EQ(f.datagrams.size(), 1U);
}

TEST(Reporter, ReferenceTimesAreAnsweredOnceWithTheDelay) {
  Fixture f;
  f.reporter.on_reference_time({.ssrc = 50, .ntp = 1}, kStart);
  f.reporter.on_reference_time({.ssrc = 51, .ntp = 0x1111222233334444}, kStart + 400ms);
  f.reporter.on_reference_time({.ssrc = 50, .ntp = 0x5555666677778888}, kStart + 500ms);
  auto items = f.report(kStart + 1s);
  auto delays = Fixture::only<ReferenceDelay>(items);
  ASSERT_EQ(delays.size(), 2U);
  EXPECT_EQ(delays[0].ssrc, 50U);
  EXPECT_EQ(delays[0].reporter, 9U);
  EXPECT_EQ(delays[0].last_rr, 0x66667777U) << "the newest of this SSRC";
  EXPECT_EQ(delays[0].delay_since_last_rr, 0x8000U);
  EXPECT_EQ(delays[1].last_rr, 0x22223333U);
  EXPECT_TRUE(Fixture::only<ReferenceTime>(items).empty()) << "we receive nothing";
  EXPECT_TRUE(f.report(*f.reporter.next_deadline()).empty());
}

TEST(Reporter, OneReferenceTimeIsReasonEnoughToReport) {
  Fixture f;
  f.reporter.on_reference_time({.ssrc = 50, .ntp = 1}, kStart);
  auto items = f.report(kStart + 1s);
  EXPECT_EQ(Fixture::only<ReferenceDelay>(items).size(), 1U);
  EXPECT_EQ(Fixture::only<Cname>(items).size(), 1U);
}

TEST(Reporter, AnswersThatDoNotFitFollowInTheNextReport) {
  Fixture f;
  for (std::uint32_t ssrc = 1; ssrc <= 31; ++ssrc) f.hear(f.add_receiver(ssrc), 5);
  for (std::uint32_t ssrc = 100; ssrc < 300; ++ssrc)
    f.reporter.on_reference_time({.ssrc = ssrc, .ntp = ssrc}, kStart);
  auto first = Fixture::only<ReferenceDelay>(f.report(kStart + 1s));
  EXPECT_LE(f.datagrams.at(0).size(), kMaxRtcpBytes);
  EXPECT_GT(first.size(), 20U);
  EXPECT_LT(first.size(), Reporter::kMaxReferences);
  auto second = Fixture::only<ReferenceDelay>(f.report(*f.reporter.next_deadline()));
  EXPECT_EQ(first.size() + second.size(), Reporter::kMaxReferences);
  EXPECT_EQ(second.at(0).ssrc, 100 + first.size());
}

TEST(Reporter, TheRoundTripComesFromTheAnswerAndReachesTheReceivers) {
  Fixture f;
  auto& receiver = f.add_receiver(1);
  f.hear(receiver, 5);
  auto sent = Fixture::only<ReferenceTime>(f.report(kStart + 1s)).at(0);
  ReferenceDelay answer{
      .ssrc = 9, .last_rr = compact_ntp(sent.ntp), .delay_since_last_rr = to_compact(250ms)};
  auto wrong = answer;
  wrong.ssrc = 8;
  f.reporter.on_reference_delay(wrong, kStart + 1300ms);
  EXPECT_FALSE(f.reporter.rtt());
  wrong = answer;
  ++wrong.last_rr;
  f.reporter.on_reference_delay(wrong, kStart + 1300ms);
  EXPECT_FALSE(f.reporter.rtt());
  f.reporter.on_reference_delay(answer, kStart + 1249ms);
  EXPECT_FALSE(f.reporter.rtt()) << "answered before it could be";
  f.reporter.on_reference_delay(answer, kStart + 1330ms);
  EXPECT_EQ(f.reporter.rtt(), 80ms);
  f.report(*f.reporter.next_deadline());
  EXPECT_EQ(receiver.stats().rtt, 80ms);
}

TEST(Reporter, AnAnswerToNothingIsIgnored) {
  Fixture f;
  f.reporter.on_reference_delay({.ssrc = 9, .last_rr = 0}, kStart);
  EXPECT_FALSE(f.reporter.rtt());
}

// Sender and receiver on two ends of a line of 35 ms: the reports find the 70.
TEST(Reporter, SenderAndReceiverLearnTheRoundTripFromEachOther) {
  Fixture f;
  auto& receiver = f.add_receiver(7);
  Sender sender({.ssrc = 7, .cname = "far"}, f.random);
  base::Outbox<base::Packet> rtcp;
  for (int i = 0; i < 100; ++i) {
    auto now = kStart + i * 20ms;
    base::Packet packet;
    ASSERT_TRUE(sender.send({.rtp_time = i * 960, .captured = now}, now, packet));
    receiver.on_packet(*parse_packet(packet.bytes()), now + 35ms, f.received);
    sender.on_deadline(now, rtcp);
  }
  ASSERT_EQ(rtcp.size(), 1U);
  base::Outbox<RtcpItem> items;
  parse_rtcp(rtcp[0].bytes(), items);
  receiver.on_sender_report(std::get<SenderReport>(items[0]), kStart + 1s + 35ms);
  auto blocks = Fixture::only<ReportBlock>(f.report(kStart + 2s));
  ASSERT_EQ(blocks.size(), 1U);
  sender.on_report_block(blocks[0], kStart + 2s + 35ms);
  ASSERT_TRUE(sender.stats().rtt);
  EXPECT_NEAR(static_cast<double>(*sender.stats().rtt / 1us), 70'000, 20);
  EXPECT_EQ(sender.stats().fraction_lost, 0);
}

}  // namespace
}  // namespace sidetone::rtp
