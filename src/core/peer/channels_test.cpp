#include "core/peer/channels.hpp"

#include <gtest/gtest.h>

#include "core/peer/world_test.hpp"

namespace sidetone::peer {
namespace {

using namespace std::chrono_literals;
using test::World;

sctp::ChannelOptions reliable() {
  return {.label = "_reliable", .ordered = true, .max_retransmits = {}, .negotiated_id = {}};
}

sctp::ChannelOptions lossy() {
  return {.label = "_lossy", .ordered = false, .max_retransmits = 0, .negotiated_id = {}};
}

bool open_both(World& world) {
  for (const auto& options : {reliable(), lossy()})
    if (world.a.peer->open_channel(options, world.now(), world.a.out)) return false;
  if (!world.connect()) return false;
  return world.run_until([&] {
    return world.a.peer->channel("_reliable") && world.a.peer->channel("_lossy") &&
           world.b.peer->channel("_reliable") && world.b.peer->channel("_lossy");
  });
}

error_code say(World& world, test::End& end, std::string_view label, std::string_view text) {
  auto error =
      end.peer->send_message(*end.peer->channel(label), true, base::as_bytes(text), end.out);
  world.settle(end);
  return error;
}

TEST(Channels, OpenedBeforeTheConnectionTheyOpenWithIt) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(open_both(world));
  for (auto* end : {&world.a, &world.b}) {
    std::vector<std::string> labels;
    for (const auto& event : end->events) {
      EXPECT_FALSE(std::holds_alternative<ChannelsClosed>(event));
      if (const auto* opened = std::get_if<ChannelOpened>(&event)) {
        labels.push_back(opened->label);
        EXPECT_EQ(opened->by_peer, end == &world.b);
        EXPECT_EQ(opened->id % 2, 1) << "the opener was the DTLS server (RFC 8832 §6)";
      }
    }
    EXPECT_EQ(labels, (std::vector<std::string>{"_reliable", "_lossy"}));
  }
}

TEST(Channels, TheOwnerIsWokenWhenTimersSpeak) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(open_both(world));
  world.run_for(1s);
  auto before = world.a.wakes;
  world.filter = [](auto&, auto) { return std::nullopt; };
  ASSERT_FALSE(say(world, world.a, "_reliable", "lost"));
  world.run_for(3s);
  EXPECT_GT(world.a.wakes, before) << "to retransmit";
}

TEST(Channels, MessagesTravelBothWays) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(open_both(world));
  EXPECT_FALSE(say(world, world.a, "_reliable", "one"));
  EXPECT_FALSE(say(world, world.b, "_reliable", "two"));
  EXPECT_FALSE(say(world, world.b, "_lossy", "three"));
  world.run_for(100ms);
  EXPECT_EQ(world.b.messages(), (std::vector<std::string>{"one"}));
  EXPECT_EQ(world.a.messages(), (std::vector<std::string>{"two", "three"}));
}

TEST(Channels, ReliableMessagesSurviveLossInOrder) {
  World world(IceMode::controlling, IceMode::lite,
              {.delay = 20ms, .jitter = 20ms, .loss = 0.1, .seed = 3});
  ASSERT_TRUE(open_both(world));
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back("message " + std::to_string(i) + std::string(2000, '.'));
    ASSERT_FALSE(say(world, world.a, "_reliable", expected.back()));
    world.run_for(20ms);
  }
  EXPECT_TRUE(world.run_until([&] { return world.b.messages().size() == 50; }, 60s));
  EXPECT_EQ(world.b.messages(), expected);
  EXPECT_TRUE(world.run_until([&] { return world.a.peer->buffered_bytes() == 0; }, 10s));
}

TEST(Channels, TheLargestMessageTravelsAndALargerOneIsRefused) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(open_both(world));
  std::string largest(65535, 'x');
  EXPECT_FALSE(say(world, world.a, "_reliable", largest));
  EXPECT_TRUE(world.run_until([&] { return world.b.messages().size() == 1; }));
  EXPECT_EQ(world.b.messages().at(0), largest);
  EXPECT_EQ(say(world, world.a, "_reliable", largest + "x"), errc::payload_too_large);
  EXPECT_EQ(world.a.peer->send_message(77, true, {}, world.a.out), errc::not_found);
}

TEST(Channels, WithoutADataSectionThereIsNoAssociation) {
  World world(IceMode::controlling, IceMode::lite);
  auto a = world.a.peer->local_parameters();
  auto b = world.b.peer->local_parameters();
  a.sctp_port = b.sctp_port = 0;
  b.setup = sdp::Setup::active;
  ASSERT_FALSE(world.a.peer->open_channel(reliable(), world.now(), world.a.out));
  ASSERT_FALSE(world.b.peer->set_remote(a, world.now(), world.b.out));
  ASSERT_FALSE(world.a.peer->set_remote(b, world.now(), world.a.out));
  world.settle(world.a);
  ASSERT_TRUE(world.run_until([&] { return world.a.state() == State::connected; }));
  world.run_for(2s);
  EXPECT_FALSE(world.a.peer->channel("_reliable"));
  EXPECT_EQ(world.a.peer->send_message(0, true, {}, world.a.out), errc::not_found);
  // A later description may bring it.
  world.negotiate();
  EXPECT_TRUE(world.run_until([&] { return world.b.peer->channel("_reliable").has_value(); }));
}

TEST(Channels, TooManyOrTooLongLabelsAreRefused) {
  World world(IceMode::controlling, IceMode::lite);
  auto& peer = *world.a.peer;
  sctp::ChannelOptions endless;
  endless.label = std::string(sctp::kMaxLabelBytes + 1, 'x');
  EXPECT_EQ(peer.open_channel(endless, world.now(), world.a.out), errc::invalid_argument);
  for (std::size_t i = 0; i < Channels::kMaxWaiting; ++i)
    EXPECT_FALSE(peer.open_channel(reliable(), world.now(), world.a.out));
  EXPECT_EQ(peer.open_channel(reliable(), world.now(), world.a.out), errc::overflow);
}

TEST(Channels, AnAssociationThatEndsIsToldApartFromTheTransport) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(open_both(world));
  Channels channels;
  sctp::Outbox from;
  Output out;
  from.events.push(sctp::Closed{"gone"});
  channels.translate(from, out);
  ASSERT_EQ(out.events.size(), 1U);
  EXPECT_EQ(std::get<ChannelsClosed>(out.events[0]).reason, "gone");
  EXPECT_EQ(channels.open(reliable(), from), errc::closed);
  EXPECT_EQ(channels.send(1, true, {}, from), errc::closed);
}

}  // namespace
}  // namespace sidetone::peer
