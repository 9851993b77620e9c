// Whoever came and went leaves nothing behind: no participant, no room, no memory.
#include <gtest/gtest.h>
#include <malloc.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using test::kSsrc;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

// Of the whole process: the guests' own programs are gone by then, too.
std::size_t bytes_in_use() {
  return mallinfo2().uordblks;
}

void leave(test::Client& client) {
  livekit::SignalRequest request;
  request.mutable_leave();
  client.send(request);
}

// Two come, one speaks, the other listens and writes, both go.
void visit(World& world, int number) {
  auto& alice = world.enter({.identity = "alice" + std::to_string(number)});
  auto& bob = world.enter({.identity = "bob" + std::to_string(number)});
  alice.publish("mic", kSsrc);
  world.run_for(200ms);
  alice.speak(kSsrc, 10);
  livekit::DataPacket packet;
  packet.mutable_user()->set_payload("hello");
  bob.say(packet);
  world.run_for(100ms);
  EXPECT_EQ(bob.rtp.size(), 10U);
  EXPECT_EQ(alice.messages.size(), 1U);
  leave(alice);
  leave(bob);
  world.run_for(1s);
  world.clients.clear();
  world.wire.clear();
  world.closed.clear();
}

TEST(Guests, FiftyVisitsLeaveTheServerAsItWas) {
  World world;
  for (int i = 0; i < 30; ++i) visit(world, i);
  const auto before = bytes_in_use();
  for (int i = 30; i < 80; ++i) {
    visit(world, i);
    ASSERT_EQ(world.server->participants(), 0U);
    ASSERT_EQ(world.server->rooms(), 0U);
  }
  EXPECT_EQ(world.server->counters().joined, 160U);
  EXPECT_EQ(world.server->counters().left, 160U);
  EXPECT_LT(bytes_in_use(), before + 50 * 1024U) << "a forgotten participant is tens of kilobytes";
  EXPECT_FALSE(world.server->next_deadline());
}

}  // namespace
}  // namespace sidetone::server
