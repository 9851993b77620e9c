// Data packets: whose they are, whom they reach, how much is too much.
#include <gtest/gtest.h>

#include "core/server/world_test.hpp"

namespace sidetone::server {
namespace {

using test::Client;
using test::Guest;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

livekit::DataPacket text(const std::string& payload, std::uint32_t sequence = 0) {
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload(payload);
  packet.set_sequence(sequence);
  return packet;
}

struct Chat {
  explicit Chat(Guest speaker = {}, Limits limits = {})
      : world(limits),
        alice(world.enter(std::move(speaker))),
        bob(world.enter({.identity = "bob"})),
        carol(world.enter({.identity = "carol"})) {}

  void say(const livekit::DataPacket& packet, bool reliable = true) {
    alice.say(packet, reliable);
    world.run_for(50ms);
  }

  const Counters& counters() const { return world.server->counters(); }

  World world;
  Client& alice;
  Client& bob;
  Client& carol;
};

TEST(Data, ReachesTheOthersWithTheSendersTrueName) {
  Chat chat;
  auto packet = text("hello");
  packet.set_participant_identity("carol");
  packet.set_participant_sid("PA_forged");
  packet.mutable_user()->set_participant_identity("carol");
  chat.say(packet);
  for (const auto* client : {&chat.bob, &chat.carol}) {
    const auto heard = client->heard_data();
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].user().payload(), "hello");
    EXPECT_EQ(heard[0].participant_identity(), "alice");
    EXPECT_EQ(heard[0].participant_sid(), chat.alice.sid());
    EXPECT_EQ(heard[0].user().participant_identity(), "alice");
    EXPECT_EQ(heard[0].user().participant_sid(), chat.alice.sid());
    EXPECT_EQ(heard[0].kind(), livekit::DataPacket::RELIABLE);
    EXPECT_TRUE(client->messages[0].binary);
  }
  EXPECT_TRUE(chat.alice.messages.empty());
  EXPECT_EQ(chat.counters().data_forwarded, 2U);
}

TEST(Data, LossyStaysLossy) {
  Chat chat;
  chat.say(text("quick"), false);
  ASSERT_EQ(chat.bob.heard_data().size(), 1U);
  EXPECT_EQ(chat.bob.heard_data()[0].kind(), livekit::DataPacket::LOSSY);
  EXPECT_EQ(chat.bob.messages[0].channel, chat.bob.subscriber->channel("_lossy"));
}

TEST(Data, OnlyDestinationsAreServed) {
  Chat chat;
  auto packet = text("psst");
  packet.add_destination_identities("carol");
  packet.add_destination_identities("alice");
  packet.add_destination_identities("nobody");
  chat.say(packet);
  EXPECT_TRUE(chat.bob.messages.empty());
  EXPECT_TRUE(chat.alice.messages.empty()) << "never back to the sender";
  EXPECT_EQ(chat.carol.messages.size(), 1U);
  auto old = text("psst");
  old.mutable_user()->add_destination_identities("bob");
  chat.say(old);
  EXPECT_EQ(chat.bob.messages.size(), 1U) << "as old clients say it";
  EXPECT_EQ(chat.carol.messages.size(), 1U);
}

TEST(Data, RepeatedReliablePacketsAreDropped) {
  Chat chat;
  for (const auto sequence : {1U, 2U, 2U, 1U, 5U, 0U, 0U}) chat.say(text("x", sequence));
  EXPECT_EQ(chat.bob.messages.size(), 5U) << "1, 2, 5 and both without a number";
  EXPECT_EQ(chat.counters().data_dropped_invalid, 2U);
  chat.say(text("x", 1), false);
  EXPECT_EQ(chat.bob.messages.size(), 6U) << "lossy ones are not numbered";
}

TEST(Data, WithoutTheGrantItIsDropped) {
  Guest guest;
  guest.grants.can_publish_data = false;
  Chat chat(guest);
  chat.say(text("x"));
  EXPECT_TRUE(chat.bob.messages.empty());
  EXPECT_EQ(chat.counters().data_dropped_invalid, 1U);
}

TEST(Data, TranscriptionsComeFromAgentsOnly) {
  livekit::DataPacket packet;
  packet.mutable_transcription();
  Chat chat;
  chat.say(packet);
  EXPECT_TRUE(chat.bob.messages.empty());
  Chat with_agent({.kind = "agent"});
  with_agent.say(packet);
  EXPECT_EQ(with_agent.bob.messages.size(), 1U);
}

TEST(Data, WhatIsNoDataPacketIsDropped) {
  Chat chat;
  const auto channel = *chat.alice.publisher->channel("_reliable");
  peer::Output out;
  const std::array garbage{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
  const std::array not_utf8{std::byte{0x22}, std::byte{0x01}, std::byte{0xff}};  // an identity
  testing::internal::CaptureStderr();
  ASSERT_FALSE(chat.alice.publisher->send_message(channel, true, garbage, out));
  ASSERT_FALSE(chat.alice.publisher->send_message(channel, true, not_utf8, out));
  chat.alice.collect(out);
  chat.world.run_for(50ms);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library prints nothing";
  EXPECT_TRUE(chat.bob.messages.empty());
  EXPECT_EQ(chat.counters().data_dropped_invalid, 2U);
  chat.say(text("still here"));
  EXPECT_EQ(chat.bob.messages.size(), 1U);
}

TEST(Data, OneSecondsWorthAtOnceAndNoMore) {
  Limits limits;
  limits.data_bytes_per_second = 10'000;
  Chat chat({}, limits);
  for (int i = 0; i < 12; ++i) chat.alice.say(text(std::string(990, 'x')));
  chat.world.run_for(50ms);
  EXPECT_EQ(chat.bob.messages.size(), 10U);
  EXPECT_EQ(chat.counters().data_dropped_rate, 2U);
  chat.world.run_for(200ms);
  for (int i = 0; i < 5; ++i) chat.alice.say(text(std::string(990, 'x')));
  chat.world.run_for(50ms);
  EXPECT_EQ(chat.bob.messages.size(), 12U) << "a quarter of a second's later";
  EXPECT_EQ(chat.counters().data_dropped_rate, 5U);
}

TEST(Data, WhoCannotBeReachedIsCounted) {
  World world;
  auto& alice = world.enter({});
  world.join({.identity = "bob"}, false);
  alice.say(text("anyone?"));
  world.run_for(50ms);
  EXPECT_EQ(world.server->counters().data_dropped_full, 1U);
}

TEST(Data, AFullListenerCostsItOnlyWhatDoesNotFit) {
  Limits limits;
  limits.data_bytes_per_second = 1'000'000'000;
  Chat chat({}, limits);
  // Sending meets a full channel while the channel's owner is speaking too.
  std::uint64_t said = 0;
  for (int round = 0; round < 60; ++round) {
    said += chat.alice.say(text(std::string(60'000, 'a'))) ? 1 : 0;
    said += chat.bob.say(text(std::string(60'000, 'b'))) ? 1 : 0;
    chat.world.run_for(1ms);
  }
  chat.world.run_for(10s);
  const auto heard =
      chat.alice.messages.size() + chat.bob.messages.size() + chat.carol.messages.size();
  EXPECT_GT(chat.counters().data_dropped_full, 0U);
  EXPECT_EQ(heard, chat.counters().data_forwarded);
  EXPECT_EQ(chat.counters().data_forwarded + chat.counters().data_dropped_full, 2 * said)
      << "each was for two";
  chat.say(text("and again"));
  EXPECT_TRUE(chat.carol.heard_data().back().user().payload() == "and again");
}

TEST(Data, AListenerWithoutSubscriptionsHearsItOnItsOwnChannels) {
  Guest guest{.identity = "dave"};
  guest.grants.can_subscribe = false;
  Chat chat;
  auto& dave = chat.world.enter(guest);
  chat.say(text("x"));
  EXPECT_EQ(dave.messages.size(), 1U);
}

// Carol came a moment ago, her channels are not open yet.
struct Joining {
  explicit Joining(Limits limits = {})
      : world(limits),
        alice(world.enter({})),
        carol((world.run_for(50ms), world.join({.identity = "carol"}))) {}

  World world;
  Client& alice;
  Client& carol;
};

TEST(Data, NumberedPacketsWaitForOneWhoIsJoining) {
  Joining j;
  j.alice.say(text("numbered", 1));
  j.alice.say(text("not numbered"));
  j.world.run_for(3ms);
  EXPECT_EQ(j.world.server->counters().data_held, 1U);
  EXPECT_EQ(j.world.server->counters().data_dropped_full, 1U);
  j.world.run_for(500ms);
  ASSERT_EQ(j.carol.heard_data().size(), 1U);
  EXPECT_EQ(j.carol.heard_data()[0].user().payload(), "numbered");
  j.alice.say(text("next", 2));
  j.world.run_for(50ms);
  EXPECT_EQ(j.carol.messages.size(), 2U);
  EXPECT_EQ(j.world.server->counters().data_held, 1U) << "now nothing has to wait";
}

TEST(Data, WhatWaitsIsBounded) {
  Limits limits;
  limits.data_held_bytes = 200;
  Joining j(limits);
  for (unsigned i = 1; i <= 4; ++i) j.alice.say(text(std::string(20, 'x'), i));
  j.world.run_for(3ms);
  EXPECT_EQ(j.world.server->counters().data_held, 2U);
  EXPECT_EQ(j.world.server->counters().data_dropped_full, 2U);
}

TEST(Data, AChannelOfAnotherNameCarriesRawMessages) {
  Chat chat;
  peer::Output out;
  chat.alice.publisher->open_channel({.label = "mine"}, chat.world.now(), out);
  chat.alice.publisher->open_channel({.label = "_data_track"}, chat.world.now(), out);
  chat.alice.collect(out);
  chat.world.run_for(50ms);
  const auto send = [&](std::string_view label, bool binary) {
    const auto channel = chat.alice.publisher->channel(label);
    ASSERT_TRUE(channel);
    ASSERT_FALSE(chat.alice.publisher->send_message(*channel, binary, base::as_bytes("raw"), out));
    chat.alice.collect(out);
    chat.world.run_for(50ms);
  };
  send("mine", true);
  send("mine", false);
  ASSERT_EQ(chat.bob.heard_data().size(), 2U);
  for (const auto& packet : chat.bob.heard_data()) {
    EXPECT_EQ(packet.user().payload(), "raw");
    EXPECT_EQ(packet.participant_identity(), "alice");
    EXPECT_EQ(packet.participant_sid(), "");
  }
  EXPECT_EQ(chat.bob.messages[1].channel, chat.bob.subscriber->channel("_reliable"));
  EXPECT_TRUE(chat.bob.messages[1].binary);
  send("_data_track", true);
  EXPECT_EQ(chat.bob.messages.size(), 2U) << "tracks of data are not served";
}

TEST(Data, TextMessagesAreForwardedAsBinary) {
  Chat chat;
  const auto bytes = text("x").SerializeAsString();
  peer::Output out;
  ASSERT_FALSE(chat.alice.publisher->send_message(*chat.alice.publisher->channel("_reliable"),
                                                  false, base::as_bytes(bytes), out));
  chat.alice.collect(out);
  chat.world.run_for(50ms);
  ASSERT_EQ(chat.bob.messages.size(), 1U);
  EXPECT_TRUE(chat.bob.messages[0].binary);
  EXPECT_EQ(chat.bob.heard_data()[0].user().payload(), "x");
}

TEST(Data, OnlyMetricsAreKept) {
  Chat chat;
  const auto send = [&](const std::string& bytes) {
    peer::Output out;
    ASSERT_FALSE(chat.alice.publisher->send_message(*chat.alice.publisher->channel("_reliable"),
                                                    true, base::as_bytes(bytes), out));
    chat.alice.collect(out);
    chat.world.run_for(50ms);
  };
  livekit::DataPacket nothing;
  nothing.set_participant_identity("x");
  send(nothing.SerializeAsString());
  EXPECT_EQ(chat.bob.messages.size(), 1U) << "a packet with no value";
  send(nothing.SerializeAsString() + std::string("\x9a\x06\x01x", 4));
  EXPECT_EQ(chat.bob.messages.size(), 2U) << "a value we do not know (field 99)";
  send(nothing.SerializeAsString() + std::string("\x42\x01\x08", 3));
  EXPECT_EQ(chat.bob.messages.size(), 2U) << "DataPacket.metrics";
  EXPECT_EQ(chat.counters().data_dropped_invalid, 1U);
}

TEST(Data, AgentsSpeakForOthers) {
  Chat chat({.kind = "agent"});
  auto packet = text("said by bob");
  packet.set_participant_identity("bob");
  chat.say(packet);
  ASSERT_EQ(chat.carol.heard_data().size(), 1U);
  EXPECT_EQ(chat.carol.heard_data()[0].participant_identity(), "bob");
  chat.say(text("my own"));
  EXPECT_EQ(chat.carol.heard_data()[1].participant_identity(), "alice");
}

// A peer whose program hangs: nothing of it is read any more.
TEST(Data, AReceiverThatStopsReadingCostsABoundedAmountAndNobodyElse) {
  Limits limits;
  limits.data_bytes_per_second = 1'000'000'000;
  Chat chat({}, limits);
  chat.world.deaf = &chat.bob;
  int said = 0;
  for (int i = 0; i < 200; ++i) {
    said += chat.alice.say(text(std::string(20'000, 'x'))) ? 1 : 0;
    chat.world.run_for(20ms);
  }
  chat.world.run_for(5s);
  EXPECT_EQ(chat.carol.messages.size(), static_cast<std::size_t>(said));
  EXPECT_GT(chat.counters().data_dropped_full, 0U);
  EXPECT_EQ(chat.counters().data_forwarded + chat.counters().data_dropped_full,
            2U * static_cast<unsigned>(said));
}

}  // namespace
}  // namespace sidetone::server
