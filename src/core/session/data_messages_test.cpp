#include "core/session/data_messages.hpp"

#include <gtest/gtest.h>

#include "core/signal/wire.hpp"

namespace sidetone::session {
namespace {

std::string packet(std::string sid, std::uint32_t sequence) {
  livekit::DataPacket packet;
  packet.set_participant_sid(std::move(sid));
  packet.set_sequence(sequence);
  packet.mutable_user()->set_payload("x");
  return signal::encode(packet);
}

bool taken(DataMessages& data, const std::string& bytes, bool reliable = true) {
  return data.decode(base::as_bytes(bytes), reliable).has_value();
}

TEST(DataMessages, OnlyWhatWasSentTakesANumber) {
  DataMessages data;
  auto sequence = [&] {
    livekit::DataPacket packet;
    EXPECT_TRUE(packet.ParseFromString(data.encode({base::as_bytes("x"), "", true, nullptr})));
    return packet.sequence();
  };
  EXPECT_EQ(sequence(), 1U);
  EXPECT_EQ(sequence(), 1U);
  data.sent(false, "x");
  EXPECT_EQ(sequence(), 1U);
  data.sent(true, "x");
  EXPECT_EQ(sequence(), 2U);
  data.restart();
  EXPECT_EQ(sequence(), 1U);
}

TEST(DataMessages, WhatTheTransportHasNotAcknowledgedIsKept) {
  DataMessages data;
  for (const auto* text : {"aaaa", "bbbb", "cccc"}) data.sent(true, text);
  data.sent(false, "lossy");
  data.trim(8);
  EXPECT_EQ(data.unseen(0), (std::vector<std::string_view>{"bbbb", "cccc"}));
  data.trim(5);
  EXPECT_EQ(data.unseen(0), (std::vector<std::string_view>{"bbbb", "cccc"})) << "part of it is out";
  data.trim(4);
  EXPECT_EQ(data.unseen(0), (std::vector<std::string_view>{"cccc"}));
  data.trim(0);
  EXPECT_TRUE(data.unseen(0).empty());
}

TEST(DataMessages, AfterAResumeOnlyWhatTheServerMissedIsLeft) {
  DataMessages data;
  for (const auto* text : {"1", "2", "3"}) data.sent(true, text);
  EXPECT_EQ(data.unseen(2), (std::vector<std::string_view>{"3"}));
  EXPECT_EQ(data.unseen(0), (std::vector<std::string_view>{"3"})) << "what it has seen is gone";
  EXPECT_TRUE(data.unseen(3).empty());
  data.sent(true, "4");
  data.restart();
  EXPECT_TRUE(data.unseen(0).empty()) << "another session numbers anew";
}

TEST(DataMessages, RepetitionsOfASenderAreDropped) {
  DataMessages data;
  EXPECT_TRUE(taken(data, packet("PA_a", 1)));
  EXPECT_TRUE(taken(data, packet("PA_a", 3)));
  EXPECT_FALSE(taken(data, packet("PA_a", 3)));
  EXPECT_FALSE(taken(data, packet("PA_a", 2)));
  EXPECT_TRUE(taken(data, packet("PA_b", 2)));
  EXPECT_EQ(data.duplicates(), 2U);
  EXPECT_EQ(data.received().at("PA_a"), 3U);
}

TEST(DataMessages, UnnumberedAndLossyOnesAlwaysPass) {
  DataMessages data;
  EXPECT_TRUE(taken(data, packet("PA_a", 0)));
  EXPECT_TRUE(taken(data, packet("PA_a", 0)));
  EXPECT_TRUE(taken(data, packet("PA_a", 1), false));
  EXPECT_TRUE(taken(data, packet("PA_a", 1), false));
  EXPECT_TRUE(data.received().empty());
}

TEST(DataMessages, ASenderWhoReturnsStartsAgain) {
  DataMessages data;
  EXPECT_TRUE(taken(data, packet("PA_a", 9)));
  data.forget("PA_a");
  EXPECT_TRUE(taken(data, packet("PA_a", 1)));
}

TEST(DataMessages, GarbageIsCounted) {
  DataMessages data;
  EXPECT_FALSE(taken(data, "\xff\xff"));
  EXPECT_EQ(data.undecodable(), 1U);
}

}  // namespace
}  // namespace sidetone::session
