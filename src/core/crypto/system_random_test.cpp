#include "core/crypto/system_random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sidetone::crypto {
namespace {

TEST(SystemRandom, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.u64());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(SystemRandom, FillsTheWholeSpan) {
  SystemRandom random;
  std::array<std::byte, 256> bytes{};
  random.fill(bytes);
  std::set<std::byte> tail(bytes.begin() + 128, bytes.end());
  EXPECT_GT(tail.size(), 50U) << "128 random bytes hold about 100 different values";
  random.fill({});
}

}  // namespace
}  // namespace sidetone::crypto
