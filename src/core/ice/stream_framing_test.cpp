#include "core/ice/stream_framing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidetone::ice {
namespace {

using Texts = std::vector<std::string>;

// All packets of a stream that comes in pieces of `piece` bytes.
Texts read(Framing framing, std::string_view stream, std::size_t piece, bool* broken = nullptr) {
  Deframer deframer(framing);
  Texts packets;
  while (!stream.empty() && !deframer.broken()) {
    auto space = deframer.space();
    auto bytes = base::as_bytes(stream.substr(0, std::min(piece, space.size())));
    std::copy(bytes.begin(), bytes.end(), space.begin());
    deframer.commit(bytes.size());
    stream.remove_prefix(bytes.size());
    while (auto packet = deframer.next()) packets.emplace_back(base::as_text(*packet));
  }
  if (broken != nullptr) *broken = deframer.broken();
  return packets;
}

std::string stun(std::size_t attributes) {
  std::string text(20 + attributes, '\2');
  text[0] = '\0';
  text[1] = '\1';
  text[2] = static_cast<char>(attributes >> 8);
  text[3] = static_cast<char>(attributes & 0xff);
  return text;
}

std::string channel(const std::string& data) {
  std::string text{'\x40', '\1', static_cast<char>(data.size() >> 8),
                   static_cast<char>(data.size() & 0xff)};
  return text + data;
}

std::string padded(std::string text) {
  text.resize((text.size() + 3) / 4 * 4);
  return text;
}

TEST(StreamFraming, TurnPacketsComeOutAsTheyWereWrittenHoweverTheStreamIsCut) {
  Texts packets{stun(0), channel("a"), channel(""), stun(8), channel("abcd"), channel("abcde")};
  std::string stream;
  for (const auto& packet : packets) stream += padded(packet);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece)
    EXPECT_EQ(read(Framing::turn, stream, piece), packets) << piece;
}

TEST(StreamFraming, IceTcpPacketsComeOutAsTheyWereWrittenHoweverTheStreamIsCut) {
  Texts packets{"a", std::string(1500, 'x'), "bcd"};
  std::string stream;
  std::array<std::byte, kMaxFrameBytes> memory{};
  for (const auto& packet : packets)
    stream += base::as_text(frame(Framing::rfc4571, base::as_bytes(packet), memory));
  EXPECT_EQ(stream.size(), 1 + 1500 + 3 + 6U);
  for (std::size_t piece : {1U, 2U, 3U, 700U, 1501U, 10000U})
    EXPECT_EQ(read(Framing::rfc4571, stream, piece), packets) << piece;
}

TEST(StreamFraming, AStreamLongerThanTheBufferIsNoTrouble) {
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += padded(channel(std::string(1001, 'x')));
  EXPECT_EQ(read(Framing::turn, stream, 6000).size(), 100U);
}

TEST(StreamFraming, WhatIsNoFrameEndsTheStream) {
  bool broken = false;
  EXPECT_EQ(read(Framing::turn, stun(0) + "\x80\x6f garbage", 100, &broken).size(), 1U);
  EXPECT_TRUE(broken);
  EXPECT_TRUE(read(Framing::turn, std::string("\0\1\0\3", 4), 100, &broken).empty());
  EXPECT_TRUE(broken);  // the length of attributes is a multiple of four
  EXPECT_TRUE(read(Framing::turn, "\x40\x01\xff\xff", 100, &broken).empty());
  EXPECT_TRUE(broken);
  EXPECT_TRUE(read(Framing::rfc4571, "\x05\xdd", 100, &broken).empty());  // 1501
  EXPECT_TRUE(broken);
}

TEST(StreamFraming, WhatIsWrittenForTurnStaysAsItIs) {
  std::array<std::byte, kMaxFrameBytes> memory{};
  auto packet = padded(channel("abc"));
  EXPECT_EQ(base::as_text(frame(Framing::turn, base::as_bytes(packet), memory)), packet);
  EXPECT_TRUE(frame(Framing::turn, {}, memory).empty());
  EXPECT_TRUE(
      frame(Framing::rfc4571, base::as_bytes(std::string(kMaxFrameBytes, 'x')), memory).empty());
}

}  // namespace
}  // namespace sidetone::ice
