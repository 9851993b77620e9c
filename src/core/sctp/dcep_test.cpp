#include "core/sctp/dcep.hpp"

#include <gtest/gtest.h>

#include "core/sctp/association.hpp"

namespace sidetone::sctp {
namespace {

using base::as_bytes;
using namespace std::string_literals;

const DcepOpen* open_of(const std::optional<Dcep>& message) {
  return message ? std::get_if<DcepOpen>(&*message) : nullptr;
}

TEST(Dcep, OpenIsWrittenAsTheRfcDrawsIt) {
  EXPECT_EQ(base::as_text(write_dcep({"_lossy", false, std::uint16_t{0}})),
            "\x03\x81\0\0\0\0\0\0\0\x06\0\0_lossy"s);
  EXPECT_EQ(base::as_text(write_dcep({"_reliable", true, {}})),
            "\x03\0\0\0\0\0\0\0\0\x09\0\0_reliable"s);
  EXPECT_EQ(base::as_text(write_dcep(DcepAck{})), "\x02");
}

TEST(Dcep, WhatIsWrittenReadsTheSame) {
  for (bool ordered : {true, false})
    for (auto limit : {std::optional<std::uint16_t>(), std::optional<std::uint16_t>(0),
                       std::optional<std::uint16_t>(65'535)}) {
      auto parsed = parse_dcep(write_dcep({"label", ordered, limit}));
      ASSERT_NE(open_of(parsed), nullptr);
      EXPECT_EQ(open_of(parsed)->label, "label");
      EXPECT_EQ(open_of(parsed)->ordered, ordered);
      EXPECT_EQ(open_of(parsed)->max_retransmits, limit);
    }
  auto ack = parse_dcep(write_dcep(DcepAck{}));
  ASSERT_TRUE(ack);
  EXPECT_TRUE(std::holds_alternative<DcepAck>(*ack));
}

TEST(Dcep, PriorityAndProtocolAreReadOver) {
  auto parsed = parse_dcep(as_bytes("\x03\x80\x01\0\0\0\0\0\0\x01\0\x03xabc"s));
  ASSERT_NE(open_of(parsed), nullptr);
  EXPECT_EQ(open_of(parsed)->label, "x");
  EXPECT_FALSE(open_of(parsed)->ordered);
}

TEST(Dcep, ALifetimeReadsAsNoRetransmissions) {
  auto parsed = parse_dcep(as_bytes("\x03\x02\0\0\0\0\x01\0\0\0\0\0"s));
  ASSERT_NE(open_of(parsed), nullptr);
  EXPECT_EQ(open_of(parsed)->max_retransmits, 0);
}

TEST(Dcep, ARetransmissionCountBeyondSixteenBitsIsTheLargest) {
  auto parsed = parse_dcep(as_bytes("\x03\x01\0\0\xff\xff\xff\xff\0\0\0\0"s));
  ASSERT_NE(open_of(parsed), nullptr);
  EXPECT_EQ(open_of(parsed)->max_retransmits, 65'535);
}

TEST(Dcep, AnAcknowledgementAsLivekitServerSendsItIsOne) {
  auto ack = parse_dcep(as_bytes("\x02\0\0\0"s));
  ASSERT_TRUE(ack);
  EXPECT_TRUE(std::holds_alternative<DcepAck>(*ack));
}

TEST(Dcep, AnythingElseIsRefused) {
  EXPECT_FALSE(parse_dcep({}));
  EXPECT_FALSE(parse_dcep(as_bytes("\x01"))) << "unknown message";
  EXPECT_FALSE(parse_dcep(as_bytes("\x02\0\0\0\0"s))) << "an ACK has four bytes at most";
  EXPECT_FALSE(parse_dcep(as_bytes("\x03\x03\0\0\0\0\0\0\0\0\0\0"s))) << "unknown channel type";
  EXPECT_FALSE(parse_dcep(as_bytes("\x03\0\0\0\0\0\0\0\0\x02\0\0x"s))) << "label cut off";
  EXPECT_FALSE(parse_dcep(as_bytes("\x03\0\0\0\0\0\0\0\0\x01\0\x01x"s))) << "protocol cut off";
  EXPECT_FALSE(parse_dcep(as_bytes("\x03\0\0\0\0\0\0\0\0\x01\0\0xy"s))) << "bytes left over";
  EXPECT_FALSE(parse_dcep(as_bytes("\x03\0\0\0\0\0\0\0\0"s))) << "header cut off";
  EXPECT_TRUE(parse_dcep(write_dcep({std::string(kMaxLabelBytes, 'x'), true, {}})));
  EXPECT_FALSE(parse_dcep(write_dcep({std::string(kMaxLabelBytes + 1, 'x'), true, {}})));
}

}  // namespace
}  // namespace sidetone::sctp
