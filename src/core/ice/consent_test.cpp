#include "core/ice/consent.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"

namespace sidetone::ice {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr base::Instant kStart{};

TEST(Consent, ChecksAreFourToSixSecondsApartAndNotInStep) {
  base::SeededRandom random(3);
  base::Duration shortest = 1h;
  base::Duration longest{};
  auto now = kStart;
  Consent consent(now, random);
  for (int i = 0; i < 500; ++i) {
    auto next = *consent.next_deadline(now);
    EXPECT_FALSE(consent.due(next - 1ns));
    ASSERT_TRUE(consent.due(next));
    shortest = std::min(shortest, next - now);
    longest = std::max(longest, next - now);
    now = next;
    EXPECT_TRUE(consent.awaits(consent.request(now, random)));
    consent.answered(now, random);
  }
  EXPECT_GE(shortest, 4s);
  EXPECT_LE(shortest, 4100ms);
  EXPECT_GE(longest, 5900ms);
  EXPECT_LE(longest, 6s);
}

TEST(Consent, WithoutAnswersItAsksEachSecondGoesStaleAndExpires) {
  base::SeededRandom random(3);
  Consent consent(kStart, random);
  int requests = 0;
  auto now = kStart;
  while (!consent.expired(now)) {
    EXPECT_EQ(consent.stale(now), now >= kStart + 10s);
    if (consent.due(now)) {
      consent.request(now, random);
      ++requests;
    }
    auto next = *consent.next_deadline(now);
    ASSERT_GT(next, now);
    EXPECT_FALSE(now < kStart + 10s && next > kStart + 10s) << "the moment it goes stale is missed";
    now = next;
  }
  EXPECT_EQ(now, kStart + 30s);
  EXPECT_GE(requests, 24);
  EXPECT_LE(requests, 27);
}

TEST(Consent, AnyOutstandingRequestMayBeAnsweredAndNoOther) {
  base::SeededRandom random(3);
  Consent consent(kStart, random);
  auto first = consent.request(kStart + 5s, random);
  auto second = consent.request(kStart + 6s, random);
  EXPECT_NE(first, second);
  EXPECT_TRUE(consent.awaits(first));
  EXPECT_TRUE(consent.awaits(second));
  EXPECT_FALSE(consent.awaits({}));
  consent.answered(kStart + 7s, random);
  EXPECT_FALSE(consent.awaits(first)) << "one answer is enough";
  EXPECT_FALSE(consent.expired(kStart + 36s));
  EXPECT_TRUE(consent.expired(kStart + 37s));
}

}  // namespace
}  // namespace sidetone::ice
