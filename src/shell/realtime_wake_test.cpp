#include "shell/realtime_wake.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "shell/allocation_count_test.hpp"

namespace sidetone::shell {
namespace {

TEST(RealtimeWake, ManyWakesBeforeTheStrandRunsAreOne) {
  boost::asio::io_context context(1);
  auto wake = RealtimeWake::create(context.get_executor());
  int woken = 0;
  wake->start([&] { ++woken; });
  for (int i = 0; i < 5; ++i) wake->wake();
  context.poll();
  EXPECT_EQ(woken, 1);
  wake->wake();
  context.poll();
  EXPECT_EQ(woken, 2);
}

TEST(RealtimeWake, WakingAllocatesNothing) {
  boost::asio::io_context context(1);
  auto wake = RealtimeWake::create(context.get_executor());
  int woken = 0;
  wake->start([&] { ++woken; });
  auto before = test::allocations();
  wake->wake();
  EXPECT_EQ(test::allocations(), before);
  context.poll();
  EXPECT_EQ(woken, 1);
}

TEST(RealtimeWake, StoppedItLetsTheLoopRunDry) {
  boost::asio::io_context context(1);
  auto wake = RealtimeWake::create(context.get_executor());
  int woken = 0;
  wake->start([&] { ++woken; });
  wake->stop();
  wake->wake();
  context.run();
  EXPECT_EQ(woken, 0);
}

}  // namespace
}  // namespace sidetone::shell
