#include "core/rtp/rtcp.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::rtp {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

struct Parsed {
  explicit Parsed(base::Bytes datagram) { result = parse_rtcp(datagram, items); }

  template <class T>
  const T& at(std::size_t i) const {
    return std::get<T>(items[i]);
  }

  base::Outbox<RtcpItem> items;
  RtcpParse result;
};

ReportBlock some_block(std::uint32_t ssrc) {
  return {.reporter = 0,
          .ssrc = ssrc,
          .fraction_lost = 64,
          .cumulative_lost = -3,
          .highest_sequence = 0x00012345,
          .jitter = 77,
          .last_sr = 0xaabbccdd,
          .delay_since_last_sr = 0x8000};
}

TEST(Rtcp, ASenderReportLooksAsInRfc3550) {
  base::Packet packet;
  RtcpWriter(packet).sender_report({.ssrc = 0x01020304,
                                    .ntp = 0x1112131415161718,
                                    .timestamp = 0x21222324,
                                    .packets = 5,
                                    .octets = 6});
  EXPECT_TRUE(std::ranges::equal(
      packet.bytes(),
      bytes_of({0x80, 200,  0,    6,    1,    2,    3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
                0x17, 0x18, 0x21, 0x22, 0x23, 0x24, 0, 0, 0,    5,    0,    0,    0,    6})));
}

TEST(Rtcp, ReportsAndTheirBlocksRoundTrip) {
  base::Packet packet;
  RtcpWriter writer(packet);
  auto block = some_block(7);
  writer.sender_report({.ssrc = 1, .ntp = 2, .timestamp = 3, .packets = 4, .octets = 5},
                       {&block, 1});
  writer.receiver_report(9, {&block, 1});
  Parsed parsed(packet.bytes());
  EXPECT_TRUE(parsed.result.valid);
  ASSERT_EQ(parsed.items.size(), 3U);
  const auto& report = parsed.at<SenderReport>(0);
  EXPECT_EQ(report.ssrc, 1U);
  EXPECT_EQ(report.ntp, 2U);
  EXPECT_EQ(report.timestamp, 3U);
  EXPECT_EQ(report.packets, 4U);
  EXPECT_EQ(report.octets, 5U);
  for (auto [i, reporter] : {std::pair{1U, 1U}, {2U, 9U}}) {
    const auto& read = parsed.at<ReportBlock>(i);
    EXPECT_EQ(read.reporter, reporter);
    EXPECT_EQ(read.ssrc, 7U);
    EXPECT_EQ(read.fraction_lost, 64);
    EXPECT_EQ(read.cumulative_lost, -3);
    EXPECT_EQ(read.highest_sequence, 0x00012345U);
    EXPECT_EQ(read.jitter, 77U);
    EXPECT_EQ(read.last_sr, 0xaabbccddU);
    EXPECT_EQ(read.delay_since_last_sr, 0x8000U);
  }
}

TEST(Rtcp, ThirtyOneBlocksAreTheMostInOneReport) {
  base::Packet packet;
  std::vector<ReportBlock> blocks(40, some_block(7));
  RtcpWriter(packet).receiver_report(9, blocks);
  EXPECT_EQ(Parsed(packet.bytes()).items.size(), kMaxReportBlocks);
  RtcpWriter(packet).sender_report({}, blocks);
  EXPECT_EQ(Parsed(packet.bytes()).items.size(), kMaxReportBlocks + 1);
}

TEST(Rtcp, CnamesOfEveryLengthArePadded) {
  for (std::size_t size : {0U, 1U, 2U, 3U, 4U, 5U, 255U, 300U}) {
    base::Packet packet;
    std::string name(size, 'n');
    RtcpWriter writer(packet);
    writer.cname(42, name);
    writer.bye(42);
    EXPECT_EQ(packet.size() % 4, 0U);
    Parsed parsed(packet.bytes());
    ASSERT_EQ(parsed.items.size(), 2U) << size;
    EXPECT_EQ(parsed.at<Cname>(0).ssrc, 42U);
    EXPECT_EQ(parsed.at<Cname>(0).text, name.substr(0, 255));
    EXPECT_EQ(parsed.at<Bye>(1).ssrc, 42U);
  }
}

TEST(Rtcp, UnknownDescriptionItemsAreSkipped) {
  // livekit-server's chunk: CNAME, then item 15 with the mid; and a second chunk.
  auto bytes = bytes_of({0x82, 202, 0, 6, 0, 0, 0, 1, 1,   2, 'a', 'b', 15, 1,
                         '0',  0,   0, 0, 0, 2, 1, 1, 'c', 0, 0,   0,   0,  0});
  Parsed parsed(bytes);
  EXPECT_TRUE(parsed.result.valid);
  EXPECT_EQ(parsed.result.malformed, 0U);
  ASSERT_EQ(parsed.items.size(), 2U);
  EXPECT_EQ(parsed.at<Cname>(0).text, "ab");
  EXPECT_EQ(parsed.at<Cname>(1).ssrc, 2U);
  EXPECT_EQ(parsed.at<Cname>(1).text, "c");
}

TEST(Rtcp, NackPacksWhatFollowsWithinSixteen) {
  base::Packet packet;
  std::vector<std::uint16_t> lost{65530, 65535, 10, 11, 100};
  RtcpWriter(packet).nack(1, 2, lost);
  EXPECT_TRUE(std::ranges::equal(packet.bytes(),
                                 bytes_of({0x81, 205,  0,    5,    0, 0,  0, 1, 0, 0,   0, 2,
                                           0xff, 0xfa, 0x80, 0x10, 0, 11, 0, 0, 0, 100, 0, 0})));
  Parsed parsed(packet.bytes());
  ASSERT_EQ(parsed.items.size(), 3U);
  const auto& nack = parsed.at<Nack>(0);
  EXPECT_EQ(nack.reporter, 1U);
  EXPECT_EQ(nack.ssrc, 2U);
  EXPECT_EQ(nack.first, 65530);
  EXPECT_EQ(nack.mask, 1U << 4 | 1U << 15);
  EXPECT_EQ(parsed.at<Nack>(1).first, 11);
  EXPECT_EQ(parsed.at<Nack>(2).first, 100);
}

TEST(Rtcp, ReferenceTimesAndTheirAnswersRoundTrip) {
  base::Packet packet;
  RtcpWriter writer(packet);
  writer.reference_time({.ssrc = 1, .ntp = 0x0102030405060708});
  std::vector<ReferenceDelay> delays{{.ssrc = 3, .last_rr = 4, .delay_since_last_rr = 5},
                                     {.ssrc = 6, .last_rr = 7, .delay_since_last_rr = 8}};
  writer.reference_delays(2, delays);
  Parsed parsed(packet.bytes());
  EXPECT_TRUE(parsed.result.valid);
  ASSERT_EQ(parsed.items.size(), 3U);
  EXPECT_EQ(parsed.at<ReferenceTime>(0).ssrc, 1U);
  EXPECT_EQ(parsed.at<ReferenceTime>(0).ntp, 0x0102030405060708U);
  const auto& second = parsed.at<ReferenceDelay>(2);
  EXPECT_EQ(second.reporter, 2U);
  EXPECT_EQ(second.ssrc, 6U);
  EXPECT_EQ(second.last_rr, 7U);
  EXPECT_EQ(second.delay_since_last_rr, 8U);
}

TEST(Rtcp, ExtendedReportsLookAsInRfc3611) {
  base::Packet packet;
  RtcpWriter writer(packet);
  writer.reference_time({.ssrc = 1, .ntp = 0x0102030405060708});
  ReferenceDelay delay{.ssrc = 3, .last_rr = 4, .delay_since_last_rr = 5};
  writer.reference_delays(2, {&delay, 1});
  EXPECT_TRUE(std::ranges::equal(
      packet.bytes(),
      bytes_of({0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 207,
                0,    5,   0, 0, 0, 2, 5, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0,    5})));
}

TEST(Rtcp, OtherReportsInAnExtendedReportAreSkipped) {
  auto bytes = bytes_of({0x80, 207, 0, 7, 0, 0, 0, 1, 1, 0, 0, 1, 9,  9, 9, 9,
                         4,    0,   0, 2, 0, 0, 0, 5, 0, 0, 0, 6, 42, 0, 0, 0});
  Parsed parsed(bytes);
  EXPECT_EQ(parsed.result.malformed, 0U);
  ASSERT_EQ(parsed.items.size(), 1U);
  EXPECT_EQ(parsed.at<ReferenceTime>(0).ntp, 0x0000000500000006U);
}

TEST(Rtcp, UnknownPacketsAreSkippedAndCounted) {
  base::Packet packet;
  auto app = bytes_of({0x80, 204, 0, 2, 0, 0, 0, 1, 'n', 'a', 'm', 'e'});
  auto twcc = bytes_of({0x8f, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2});
  base::Packet bye;
  RtcpWriter(bye).bye(5);
  std::vector<std::byte> all;
  for (base::Bytes part : {base::Bytes(app), base::Bytes(twcc), base::Bytes(bye.bytes())})
    all.insert(all.end(), part.begin(), part.end());
  Parsed parsed(all);
  EXPECT_TRUE(parsed.result.valid);
  EXPECT_EQ(parsed.result.skipped, 2U);
  ASSERT_EQ(parsed.items.size(), 1U);
  EXPECT_EQ(parsed.at<Bye>(0).ssrc, 5U);
}

TEST(Rtcp, ADatagramThatItsPacketsDoNotFillSaysNothing) {
  base::Packet packet;
  RtcpWriter writer(packet);
  auto block = some_block(7);
  writer.receiver_report(9, {&block, 1});
  writer.cname(9, "someone");
  auto whole = 4U + 4 + 24;  // after the first packet
  for (std::size_t size = 0; size < packet.size(); ++size) {
    std::vector<std::byte> cut(packet.bytes().begin(),
                               packet.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    Parsed parsed(cut);
    EXPECT_EQ(parsed.result.valid, size == whole) << size;
    EXPECT_EQ(parsed.items.size(), size == whole ? 1U : 0U) << size;
  }
  std::vector<std::byte> wrong(packet.bytes().begin(), packet.bytes().end());
  wrong[whole] = std::byte{0x41};
  EXPECT_FALSE(Parsed(wrong).result.valid) << "version 1 in the second packet";
}

TEST(Rtcp, ABodyTooShortForItsCountIsSkippedAndCounted) {
  for (auto bytes :
       {bytes_of({0x80, 200, 0, 1, 0, 0, 0, 1}), bytes_of({0x81, 201, 0, 1, 0, 0, 0, 1}),
        bytes_of({0x82, 203, 0, 1, 0, 0, 0, 1}), bytes_of({0x81, 205, 0, 1, 0, 0, 0, 1}),
        bytes_of({0x80, 207, 0, 0}), bytes_of({0x80, 207, 0, 2, 0, 0, 0, 1, 4, 0, 0, 2}),
        bytes_of({0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 'b'}),
        bytes_of({0x82, 202, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 0})}) {
    Parsed parsed(bytes);
    EXPECT_TRUE(parsed.result.valid);
    EXPECT_EQ(parsed.result.malformed, 1U);
  }
}

TEST(Rtcp, PaddingBelongsToTheLastPacketOnly) {
  auto padded = bytes_of({0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4});
  Parsed parsed(padded);
  EXPECT_TRUE(parsed.result.valid);
  ASSERT_EQ(parsed.items.size(), 1U);
  for (int padding : {0, 9, 255}) {
    padded.back() = std::byte(padding);
    EXPECT_FALSE(Parsed(padded).result.valid) << padding;
  }
  padded.back() = std::byte{8};
  EXPECT_EQ(Parsed(padded).result.malformed, 1U) << "padding took the SSRC";
  padded.back() = std::byte{4};
  auto bye = bytes_of({0x81, 203, 0, 1, 0, 0, 0, 7});
  padded.insert(padded.end(), bye.begin(), bye.end());
  EXPECT_FALSE(Parsed(padded).result.valid);
  EXPECT_FALSE(Parsed(bytes_of({0xa0, 203, 0, 0})).result.valid);
}

TEST(Rtcp, WhatPassesTheBoundIsLeftOutWhole) {
  base::Packet packet;
  RtcpWriter writer(packet);
  EXPECT_TRUE(writer.empty());
  std::vector<ReportBlock> blocks(kMaxReportBlocks, some_block(7));
  writer.receiver_report(9, blocks);
  auto size = packet.size();
  EXPECT_EQ(writer.room(), kMaxRtcpBytes - size);
  writer.receiver_report(9, blocks);
  EXPECT_EQ(packet.size(), size);
  writer.bye(9);
  Parsed parsed(packet.bytes());
  EXPECT_EQ(parsed.items.size(), kMaxReportBlocks + 1);
}

TEST(Rtcp, EmptyListsWriteNothing) {
  base::Packet packet;
  RtcpWriter writer(packet);
  writer.nack(1, 2, {});
  writer.reference_delays(1, {});
  EXPECT_TRUE(packet.empty());
}

TEST(Rtcp, TheFirstSsrcIsReadWithoutTheRest) {
  base::Packet packet;
  RtcpWriter(packet).bye(0xcafebabe);
  EXPECT_EQ(rtcp_ssrc(packet.bytes()), 0xcafebabeU);
  EXPECT_FALSE(rtcp_ssrc(base::Bytes(packet.bytes()).first(7)));
  EXPECT_FALSE(rtcp_ssrc(bytes_of({0x80, 111, 0, 1, 0, 0, 0, 1})));
}

}  // namespace
}  // namespace sidetone::rtp
