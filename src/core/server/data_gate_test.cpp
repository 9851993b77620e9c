#include "core/server/data_gate.hpp"

#include <gtest/gtest.h>

namespace sidetone::server {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

struct Gate {
  Gate() {
    limits.data_bytes_per_second = 1000;
    limits.data_held_bytes = 10;
  }

  Limits limits;
  base::Instant now{1s};
  DataGate gate{limits, now};
};

TEST(DataGate, OneSecondsWorthMayComeAtOnceAndComesBackWithTime) {
  Gate g;
  EXPECT_TRUE(g.gate.may_send(600, g.now));
  EXPECT_FALSE(g.gate.may_send(401, g.now));
  EXPECT_TRUE(g.gate.may_send(400, g.now)) << "what was refused cost nothing";
  EXPECT_FALSE(g.gate.may_send(501, g.now + 500ms));
  EXPECT_TRUE(g.gate.may_send(500, g.now + 500ms));
  EXPECT_FALSE(g.gate.may_send(1001, g.now + 60s)) << "never more than a second's";
  EXPECT_TRUE(g.gate.may_send(1000, g.now + 60s));
}

TEST(DataGate, WhatIsHeldComesOutInOrderAndOnce) {
  Gate g;
  EXPECT_TRUE(g.gate.hold("one", g.now));
  EXPECT_TRUE(g.gate.hold("two", g.now + 1s));
  EXPECT_EQ(g.gate.take_held(g.now + 1s), (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(g.gate.take_held(g.now + 1s).empty());
}

TEST(DataGate, HeldPacketsAgeAndMakeRoom) {
  Gate g;
  EXPECT_TRUE(g.gate.hold("0123456789", g.now));
  EXPECT_FALSE(g.gate.hold("x", g.now + 1999ms)) << "ten bytes are the limit";
  EXPECT_TRUE(g.gate.hold("x", g.now + 2s));
  EXPECT_EQ(g.gate.take_held(g.now + 2s), (std::vector<std::string>{"x"}));
  EXPECT_TRUE(g.gate.hold("0123456789", g.now + 2s)) << "taking makes room, too";
}

}  // namespace
}  // namespace sidetone::server
