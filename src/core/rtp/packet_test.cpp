#include "core/rtp/packet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sidetone::rtp {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

// One of everything: marker, one CSRC, an extension of one word, four bytes of payload, two of
// padding.
std::vector<std::byte> full_packet() {
  return bytes_of({0xb1, 0xef, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
                   0xba, 0xbe, 0x01, 0x02, 0x03, 0x04, 0xbe, 0xde, 0x00, 0x01,
                   0x10, 0xaa, 0x00, 0x00, 0xf8, 0xff, 0xfe, 0x55, 0x00, 0x02});
}

TEST(Packet, EveryFieldIsRead) {
  auto bytes = full_packet();
  auto view = parse_packet(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header, (Header{.payload_type = 111,
                                  .marker = true,
                                  .sequence = 0x1234,
                                  .timestamp = 0xdecafbad,
                                  .ssrc = 0xcafebabe}));
  EXPECT_EQ(view->csrcs.size(), 4U);
  EXPECT_EQ(view->csrcs[3], std::byte{4});
  EXPECT_EQ(view->extension_form, kOneByteForm);
  EXPECT_EQ(view->extension.size(), 4U);
  EXPECT_EQ(view->extension[1], std::byte{0xaa});
  ASSERT_EQ(view->payload.size(), 4U);
  EXPECT_EQ(view->payload[0], std::byte{0xf8});
  EXPECT_EQ(view->padding, 2);
}

TEST(Packet, WhatWasReadIsWrittenBackToTheByte) {
  auto bytes = full_packet();
  base::Packet packet;
  EXPECT_EQ(write_packet(*parse_packet(bytes), packet), bytes.size());
  EXPECT_TRUE(std::ranges::equal(packet.bytes(), bytes));
}

TEST(Packet, ABareHeaderIsAPacketWithoutPayload) {
  auto bytes = bytes_of({0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3});
  auto view = parse_packet(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->payload.empty());
  EXPECT_FALSE(view->extension_form);
  EXPECT_FALSE(view->header.marker);
  EXPECT_EQ(view->padding, 0);
}

TEST(Packet, EveryTruncationBeforeThePayloadIsRefused) {
  auto bytes = full_packet();
  for (std::size_t size = 0; size < 24; ++size) {
    std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse_packet(cut)) << size;
  }
}

TEST(Packet, PaddingMustFitAndNotBeZero) {
  auto bytes = full_packet();
  bytes.back() = std::byte{6};  // all of the payload
  ASSERT_TRUE(parse_packet(bytes));
  EXPECT_TRUE(parse_packet(bytes)->payload.empty());
  bytes.back() = std::byte{7};
  EXPECT_FALSE(parse_packet(bytes));
  bytes.back() = std::byte{0};
  EXPECT_FALSE(parse_packet(bytes));
  auto bare = bytes_of({0xa0, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3});
  EXPECT_FALSE(parse_packet(bare));
}

TEST(Packet, OtherVersionsAreNotRtp) {
  for (int version : {0, 1, 3}) {
    auto bytes = full_packet();
    bytes[0] = std::byte(version << 6);
    EXPECT_FALSE(parse_packet(bytes));
    EXPECT_FALSE(packet_ssrc(bytes));
  }
}

TEST(Packet, TheSsrcIsReadWithoutTheRest) {
  auto bytes = full_packet();
  EXPECT_EQ(packet_ssrc(bytes), 0xcafebabeU);
  EXPECT_EQ(packet_ssrc(base::Bytes(bytes).first(12)), 0xcafebabeU);
  EXPECT_FALSE(packet_ssrc(base::Bytes(bytes).first(11)));
}

TEST(Packet, RtcpIsToldFromRtpByTheSecondByte) {
  EXPECT_TRUE(is_rtcp(bytes_of({0x80, 192})));
  EXPECT_TRUE(is_rtcp(bytes_of({0x81, 223})));
  EXPECT_FALSE(is_rtcp(bytes_of({0x80, 191})));
  EXPECT_FALSE(is_rtcp(bytes_of({0x80, 224})));
  EXPECT_FALSE(is_rtcp(bytes_of({0x80, 0x80 | 63})));  // RED with the marker: 191
  EXPECT_FALSE(is_rtcp(bytes_of({0x40, 200})));
  EXPECT_FALSE(is_rtcp(bytes_of({0x80})));
}

TEST(Packet, WhatCannotBeWrittenLeavesAnEmptyPacket) {
  std::vector<std::byte> large(2000);
  base::Packet packet(base::as_bytes("before"));
  PacketView view;
  view.payload = base::Bytes(large).first(base::kMaxPacketBytes - 11);
  EXPECT_FALSE(write_packet(view, packet));
  EXPECT_TRUE(packet.empty());
  view.payload = view.payload.first(base::kMaxPacketBytes - 12);
  EXPECT_EQ(write_packet(view, packet), base::kMaxPacketBytes);
  view.payload = {};
  view.csrcs = base::Bytes(large).first(64);
  EXPECT_FALSE(write_packet(view, packet)) << "16 CSRCs";
  view.csrcs = base::Bytes(large).first(60);
  EXPECT_TRUE(write_packet(view, packet));
  view.csrcs = base::Bytes(large).first(5);
  EXPECT_FALSE(write_packet(view, packet));
  view.csrcs = {};
  view.extension_form = kOneByteForm;
  view.extension = base::Bytes(large).first(6);
  EXPECT_FALSE(write_packet(view, packet));
}

}  // namespace
}  // namespace sidetone::rtp
