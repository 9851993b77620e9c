#include "tests/sim/call.hpp"

#include <ctime>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr double kSlowerHere = 20;
#else
constexpr double kSlowerHere = 1;
#endif

TEST(Simulation, TwoParticipantsConnectInAFewRoundTrips) {
  Talk talk;
  const auto before = now();
  ASSERT_TRUE(talk.connected());
  EXPECT_LT(now() - before, milliseconds(200));
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_NE(talk.bob.session.room().find_identity("alice"), nullptr);
}

TEST(Simulation, AMinuteOfACallTakesLessThanThreeSeconds) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  auto& there = talk.voice({48000, 1}, std::make_unique<Speech>(48000));
  auto& back = talk.voice({48000, 1}, std::make_unique<Speech>(48000, 2));
  auto& heard_there = talk.bob.hear("alice");
  auto& heard_back = talk.alice.hear("bob");
  ASSERT_NE(talk.publish(talk.alice, there), "");
  ASSERT_NE(talk.publish(talk.bob, back), "");
  const auto begin = std::clock();
  talk.call.run_for(std::chrono::minutes(1));
  const auto cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_LT(cpu, 3.0 * kSlowerHere);
  EXPECT_GT(heard_there.total(), 59U * 48000U) << "and it was a call";
  EXPECT_GT(heard_back.total(), 59U * 48000U);
  EXPECT_EQ(heard_there.counters().lost_slots + heard_back.counters().lost_slots, 0U);
}

}  // namespace
}  // namespace sidetone::sim
