#include "tests/sim/call.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace sidetone::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Two participants in a room, the first with something to say.
struct Talk {
  explicit Talk(std::uint64_t seed = 1)
      : call(seed), alice(call.add("alice")), bob(call.add("bob")) {}

  bool connected() {
    const auto a = alice.connect();
    const auto b = bob.connect();
    if (!call.run_until([&] { return alice.done(a) && bob.done(b); })) return false;
    return !alice.error(a) && !bob.error(b);
  }

  // Pushes 10 ms of `tone` every 10 ms.
  void speak(Mouth& mouth, Tone& tone) {
    call.every(milliseconds(10), [this, &mouth, &tone] {
      if (talking) mouth.push(tone.next(mouth.format().sample_rate / 100), now());
    });
  }

  Call call;
  Caller& alice;
  Caller& bob;
  bool talking = true;
};

TEST(Simulation, TwoParticipantsConnectInAFewRoundTrips) {
  Talk talk;
  const auto before = now();
  ASSERT_TRUE(talk.connected());
  EXPECT_LT(now() - before, milliseconds(200));
  EXPECT_EQ(talk.call.server->participants(), 2U);
  EXPECT_NE(talk.bob.session.room().find_identity("alice"), nullptr);
}

TEST(Simulation, AToneArrivesWithItsFrequencyAndLevel) {
  Talk talk;
  ASSERT_TRUE(talk.connected());
  Mouth mouth({48000, 1});
  Tone tone(48000, {1000});
  auto& ear = talk.bob.hear("alice");
  const auto publication = talk.alice.publish(mouth, {}, {.dtx = false});
  talk.speak(mouth, tone);
  ASSERT_TRUE(talk.call.run_until([&] { return talk.alice.done(publication); }));
  ASSERT_FALSE(talk.alice.error(publication));
  talk.call.run_for(seconds(2));
  ear.forget();
  talk.call.run_for(seconds(2));
  const auto heard = ear.channel(0);
  ASSERT_GT(heard.size(), 90000U);
  EXPECT_NEAR(amplitude(heard, 1000, 48000), 8000, 500);
  EXPECT_NEAR(rms(heard), 8000 / std::sqrt(2), 400);
  EXPECT_EQ(ear.counters().lost_slots, 0U);
  const auto counters = mouth.counters();
  EXPECT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
}

}  // namespace
}  // namespace sidetone::sim
