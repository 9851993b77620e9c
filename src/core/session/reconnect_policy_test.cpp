#include "core/session/reconnect_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/base/seeded_random.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using Mode = ReconnectPolicy::Mode;

constexpr base::Instant kNow{100s};

TEST(ReconnectPolicy, TheFirstAttemptIsAtOnceAndTheyGetSlower) {
  ReconnectPolicy policy;
  base::SeededRandom random(1);
  EXPECT_EQ(policy.next_attempt(Mode::resume, kNow, random), kNow);
  for (int i = 1; i < 15; ++i) {
    auto least = i == 1 ? 300ms : i == 2 ? 1200ms : i == 3 ? 2700ms : 3000ms;
    auto next = policy.next_attempt(Mode::resume, kNow, random);
    ASSERT_TRUE(next);
    EXPECT_GE(*next, kNow + least);
    EXPECT_LT(*next, kNow + least + 1s);
  }
  EXPECT_EQ(policy.attempts(), 15);
  EXPECT_FALSE(policy.next_attempt(Mode::resume, kNow, random));
}

TEST(ReconnectPolicy, ChanceAddsLessThanASecondToEachDelay) {
  std::map<int, std::pair<base::Duration, base::Duration>> seen;  // least and most
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    ReconnectPolicy policy;
    base::SeededRandom random(seed);
    policy.next_attempt(Mode::resume, kNow, random);
    for (int i = 1; i <= 4; ++i) {
      auto delay = *policy.next_attempt(Mode::resume, kNow, random) - kNow;
      auto& [least, most] = seen.try_emplace(i, delay, delay).first->second;
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
  }
  const std::map<int, base::Duration> delays{{1, 300ms}, {2, 1200ms}, {3, 2700ms}, {4, 3000ms}};
  for (auto [attempt, delay] : delays) {
    EXPECT_EQ(seen[attempt].first, delay) << attempt;
    EXPECT_EQ(seen[attempt].second, delay + 999ms) << attempt;
  }
}

TEST(ReconnectPolicy, ARestartFollowsAFailedResumeAtOnceAndStaysOne) {
  ReconnectPolicy policy;
  base::SeededRandom random(1);
  policy.next_attempt(Mode::resume, kNow, random);
  EXPECT_EQ(policy.next_attempt(Mode::restart, kNow, random), kNow);
  EXPECT_EQ(policy.mode(), Mode::restart);
  EXPECT_GT(*policy.next_attempt(Mode::resume, kNow, random), kNow);
  EXPECT_EQ(policy.mode(), Mode::restart);
}

TEST(ReconnectPolicy, SuccessForgetsTheTrouble) {
  ReconnectPolicy policy;
  base::SeededRandom random(1);
  for (int i = 0; i < 10; ++i) policy.next_attempt(Mode::restart, kNow, random);
  policy.succeeded();
  EXPECT_EQ(policy.next_attempt(Mode::resume, kNow, random), kNow);
  EXPECT_EQ(policy.mode(), Mode::resume);
}

}  // namespace
}  // namespace sidetone::session
