#include "core/ice/stun.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/crypto/hash.hpp"

namespace sidetone::ice::stun {
namespace {

using Buffer = std::vector<std::byte>;

Buffer from_hex(std::string_view hex) {
  Buffer bytes;
  int high = -1;
  for (char c : hex) {
    if (c == ' ' || c == '\n') continue;
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(std::byte(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

// The messages of RFC 5769 §2.1 to §2.3.
constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";

const Buffer kRequest = from_hex(
    "00010058 2112a442 b7e7a701bc34d686fa87dfae"
    "80220010 5354554e207465737420636c69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b151263b36"
    "00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004 e57a3bcf");

const Buffer kResponse4 = from_hex(
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96");

const Buffer kResponse6 = from_hex(
    "01010048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004 c8fb0b4c");

const TransactionId kId = [] {
  auto bytes = from_hex("b7e7a701bc34d686fa87dfae");
  TransactionId id{};
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}();

base::Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return {*base::Address::parse(address), port};
}

TEST(Stun, ReadsTheRequestOfRfc5769) {
  auto message = parse(kRequest);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class, Class::request);
  EXPECT_EQ(message->method, kBinding);
  EXPECT_EQ(message->transaction, kId);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->priority, 0x6e0001ffU);
  EXPECT_EQ(message->controlled, 0x932ff9b151263b36U);
  EXPECT_FALSE(message->controlling);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_EQ(message->unknown.count, 0U);
  EXPECT_TRUE(has_integrity(*message, kPassword));
  EXPECT_FALSE(has_integrity(*message, "VOkJxbRl1RmTxUk/WvJxBu"));
}

TEST(Stun, ReadsTheIpv4ResponseOfRfc5769) {
  auto message = parse(kResponse4);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class, Class::success);
  EXPECT_EQ(message->mapped, endpoint("192.0.2.1", 32853));
  EXPECT_TRUE(has_integrity(*message, kPassword));
}

TEST(Stun, ReadsTheIpv6ResponseOfRfc5769) {
  auto message = parse(kResponse6);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->mapped, endpoint("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  EXPECT_TRUE(has_integrity(*message, kPassword));
}

TEST(Stun, AnyChangedBitOfASignedMessageIsNoticed) {
  for (std::size_t bit = 0; bit < kRequest.size() * 8; ++bit) {
    auto changed = kRequest;
    changed[bit / 8] ^= std::byte(1 << bit % 8);
    auto message = parse(changed);
    EXPECT_FALSE(message && message->has_fingerprint && has_integrity(*message, kPassword)) << bit;
  }
}

TEST(Stun, AnyTruncationIsRefused) {
  for (std::size_t size = 0; size < kRequest.size(); ++size)
    EXPECT_FALSE(parse(base::Bytes(kRequest).first(size))) << size;
}

TEST(Stun, WhatWasBuiltReadsTheSame) {
  std::array<std::byte, 256> memory{};
  Builder builder(memory, Class::request, kId);
  auto bytes = builder.username("receiver", "sender")
                   .priority(1853824767)
                   .controlling(0x0123456789abcdef)
                   .use_candidate()
                   .integrity("secret")
                   .fingerprint()
                   .finish();
  auto message = parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username, "receiver:sender");
  EXPECT_EQ(message->priority, 1853824767U);
  EXPECT_EQ(message->controlling, 0x0123456789abcdefU);
  EXPECT_FALSE(message->controlled);
  EXPECT_TRUE(message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_TRUE(has_integrity(*message, "secret"));
  EXPECT_FALSE(has_integrity(*message, "Secret"));
}

TEST(Stun, BuildsTheVeryResponsesOfRfc5769ButForTheirSoftwareName) {
  for (auto mapped : {endpoint("192.0.2.1", 32853), endpoint("2001:db8::1", 9)}) {
    std::array<std::byte, 128> memory{};
    auto bytes = Builder(memory, Class::success, kId)
                     .mapped(mapped)
                     .integrity(kPassword)
                     .fingerprint()
                     .finish();
    auto message = parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->mapped, mapped);
    EXPECT_TRUE(has_integrity(*message, kPassword));
  }
  std::array<std::byte, 128> memory{};
  auto bytes = Builder(memory, Class::success, kId).mapped(endpoint("192.0.2.1", 32853)).finish();
  EXPECT_EQ(Buffer(bytes.begin() + 20, bytes.end()), from_hex("002000080001a147e112a643"));
  EXPECT_EQ(Buffer(bytes.begin(), bytes.begin() + 4), from_hex("0101000c"));
}

TEST(Stun, ErrorsCarryTheirCode) {
  for (auto code : {kBadRequest, kUnauthenticated, kUnknownAttribute, kRoleConflict}) {
    std::array<std::byte, 128> memory{};
    auto message = parse(Builder(memory, Class::error, kId).error(code).integrity("pwd").finish());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->message_class, Class::error);
    EXPECT_EQ(message->error_code, code);
    EXPECT_TRUE(has_integrity(*message, "pwd"));
    EXPECT_FALSE(message->has_fingerprint);
  }
}

TEST(Stun, ClassAndMethodKeepTheirInterleavedBits) {
  for (auto kind : {Class::request, Class::indication, Class::success, Class::error}) {
    for (auto method : std::array<std::uint16_t, 6>{0x001, 0x003, 0x00f, 0x070, 0xf80, 0xfff}) {
      std::array<std::byte, 32> memory{};
      auto message = parse(Builder(memory, kind, kId, method).finish());
      ASSERT_TRUE(message);
      EXPECT_EQ(message->message_class, kind);
      EXPECT_EQ(message->method, method);
    }
  }
}

TEST(Stun, UnknownAttributesThatMustBeUnderstoodAreListedAndOthersAreNot) {
  auto message = parse(
      from_hex("00010010 2112a442 000000000000000000000000 7fff0001aa000000 c05700040000000a"));
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown.count, 1U);
  EXPECT_EQ(message->unknown.types[0], 0x7fff);
}

TEST(Stun, TheListOfUnknownAttributesIsBounded) {
  std::string hex = "00010050 2112a442 000000000000000000000000";
  for (int i = 0; i < 20; ++i) hex += "7f000000";
  auto message = parse(from_hex(hex));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->unknown.count, message->unknown.types.size());
}

TEST(Stun, A420NamesTheAttributes) {
  UnknownAttributes unknown{{0x7fff, 0x7ffe, 0x7ffd}, 3};
  std::array<std::byte, 128> memory{};
  auto bytes = Builder(memory, Class::error, kId).unknown_attributes(unknown).finish();
  EXPECT_EQ(Buffer(bytes.begin() + 20, bytes.end()), from_hex("000a0006 7fff7ffe7ffd0000"));
}

TEST(Stun, ValuesArePaddedToFourBytesAndNoFurther) {
  std::array<std::byte, 64> memory{};
  auto body = [](base::Bytes bytes) { return Buffer(bytes.begin() + kHeaderBytes, bytes.end()); };
  EXPECT_EQ(body(Builder(memory, Class::request, kId).username("ab", "c").finish()),
            from_hex("00060004 61623a63"));
  EXPECT_EQ(body(Builder(memory, Class::request, kId).username("ab", "cd").finish()),
            from_hex("00060005 61623a6364000000"));
  EXPECT_EQ(body(Builder(memory, Class::error, kId).error(kBadRequest).finish()),
            from_hex("0009000f 00000400 426164205265717565737400"));
  EXPECT_EQ(body(Builder(memory, Class::error, kId).error(599).finish()),
            from_hex("00090004 00000563"));
}

TEST(Stun, ErrorCodesFrom300To699AreRead) {
  constexpr std::string_view kHeader = "00010008 2112a442 000000000000000000000000 00090004 0000";
  EXPECT_EQ(parse(from_hex(std::string(kHeader) + "0300"))->error_code, 300);
  EXPECT_EQ(parse(from_hex(std::string(kHeader) + "0663"))->error_code, 699);
  EXPECT_FALSE(parse(from_hex(std::string(kHeader) + "0263")));
  EXPECT_FALSE(parse(from_hex(std::string(kHeader) + "0700")));
}

TEST(Stun, AMessageAsLongAsADatagramIsRead) {
  auto longest = [](std::size_t size) {
    Buffer bytes = from_hex("00010000 2112a442 000000000000000000000000 8022");
    auto length = size - kHeaderBytes;
    bytes[2] = std::byte(length >> 8);
    bytes[3] = std::byte(length & 0xff);
    bytes.push_back(std::byte((length - 4) >> 8));
    bytes.push_back(std::byte((length - 4) & 0xff));
    bytes.resize(size);
    return bytes;
  };
  EXPECT_TRUE(parse(longest(1500)));
  EXPECT_FALSE(parse(longest(1504)));
}

TEST(Stun, OfRepeatedAttributesTheFirstCounts) {
  auto message = parse(
      from_hex("00010010 2112a442 000000000000000000000000 0024000400000001 0024000400000002"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->priority, 1U);
}

TEST(Stun, WhatFollowsTheIntegrityIsNotBelieved) {
  std::array<std::byte, 128> memory{};
  auto signed_part =
      Builder(memory, Class::request, kId).username("a", "b").integrity("pwd").finish();
  Buffer longer(signed_part.begin(), signed_part.end());
  auto extra = from_hex("0025000000240004ffffffff");
  longer.insert(longer.end(), extra.begin(), extra.end());
  longer[3] = std::byte(longer.size() - kHeaderBytes);
  auto message = parse(longer);
  ASSERT_TRUE(message);
  EXPECT_TRUE(has_integrity(*message, "pwd"));
  EXPECT_FALSE(message->use_candidate);
  EXPECT_FALSE(message->priority);
}

TEST(Stun, NothingMayFollowTheFingerprint) {
  std::array<std::byte, 128> memory{};
  auto bytes = Builder(memory, Class::request, kId).fingerprint().finish();
  Buffer longer(bytes.begin(), bytes.end());
  auto extra = from_hex("80220000");
  longer.insert(longer.end(), extra.begin(), extra.end());
  longer[3] = std::byte(longer.size() - kHeaderBytes);
  EXPECT_FALSE(parse(longer));
}

TEST(Stun, AttributesOfTheWrongSizeAreRefused) {
  constexpr std::string_view kHeader = "00010008 2112a442 000000000000000000000000";
  for (auto attribute :
       {"0024000300000001", "8029000400000001", "0025000400000001", "0020000400030001",
        "0020000400010001", "0008000400000001", "0009000400000701", "0009000400000264",
        "0009000300000401", "8028000300000001", "0006ffff00000000"})
    EXPECT_FALSE(parse(from_hex(std::string(kHeader) + attribute))) << attribute;
  EXPECT_TRUE(parse(from_hex(std::string(kHeader) + "0024000400000001")));
  EXPECT_TRUE(parse(from_hex(std::string(kHeader) + "0009000400000657")));
}

TEST(Stun, OtherProtocolsAreRefused) {
  EXPECT_FALSE(parse({}));
  EXPECT_FALSE(parse(from_hex("00010000 2112a443 000000000000000000000000"))) << "cookie";
  EXPECT_FALSE(parse(from_hex("40010000 2112a442 000000000000000000000000"))) << "first bits";
  EXPECT_FALSE(parse(from_hex("00010004 2112a442 000000000000000000000000"))) << "length";
  EXPECT_FALSE(parse(Buffer(1600))) << "longer than any datagram";
  EXPECT_TRUE(parse(from_hex("00010000 2112a442 000000000000000000000000")));
}

TEST(Stun, AUserNameNobodyWritesIsRefused) {
  std::array<std::byte, 1400> memory{};
  EXPECT_TRUE(parse(Builder(memory, Class::request, kId)
                        .username(std::string(256, 'a'), std::string(256, 'b'))
                        .finish()));
  EXPECT_FALSE(parse(Builder(memory, Class::request, kId)
                         .username(std::string(257, 'a'), std::string(256, 'b'))
                         .finish()));
}

TEST(Stun, ABuilderWithoutRoomGivesNothing) {
  std::array<std::byte, 40> memory{};
  EXPECT_TRUE(Builder(memory, Class::success, kId).integrity("pwd").finish().empty());
  std::array<std::byte, 8> tiny{};
  EXPECT_TRUE(Builder(tiny, Class::success, kId).finish().empty());
}

TEST(Stun, UserNamesSplitAtTheFirstColon) {
  auto parts = split_username("ours:theirs:more");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->receiver, "ours");
  EXPECT_EQ(parts->sender, "theirs:more");
  EXPECT_FALSE(split_username("ours"));
  EXPECT_FALSE(split_username(":theirs"));
  EXPECT_FALSE(split_username(""));
}

}  // namespace
}  // namespace sidetone::ice::stun
