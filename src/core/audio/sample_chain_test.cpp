#include "core/audio/sample_chain.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace sidetone::audio {
namespace {

using Samples = std::vector<std::int16_t>;

Samples counting(std::size_t count) {
  Samples samples(count);
  std::iota(samples.begin(), samples.end(), std::int16_t{0});
  return samples;
}

TEST(SampleChain, GrowsByChunksAndShrinksAgain) {
  SampleChain chain(1);
  chain.append(Samples(100'000));
  EXPECT_EQ(chain.chunks(), 25U);
  Samples out(99'000);
  chain.take(out);
  EXPECT_EQ(chain.chunks(), 1U);
  chain.clear();
  EXPECT_EQ(chain.chunks(), 0U);
  EXPECT_EQ(chain.size(), 0);
}

TEST(SampleChain, KeepsOrderAcrossChunks) {
  SampleChain chain(2);
  auto all = counting(20'000);
  for (std::size_t at = 0; at < all.size(); at += 400)
    chain.append(std::span(all).subspan(at, 400));
  EXPECT_EQ(chain.size(), 10'000);
  Samples out(20'000);
  chain.take(std::span(out).first(9'998));
  chain.take(std::span(out).subspan(9'998));
  EXPECT_EQ(out, all);
}

TEST(SampleChain, ErasesInTheMiddleAndKeepsWhatIsBehind) {
  SampleChain chain(1);
  auto all = counting(20'000);
  chain.append(all);
  Samples front(1'000);
  chain.take(front);
  chain.erase(9'000, 5'000);
  EXPECT_EQ(chain.size(), 10'000);
  Samples expected(all.begin() + 1'000, all.begin() + 6'000);
  expected.insert(expected.end(), all.begin() + 15'000, all.end());
  Samples out(10'000);
  chain.take(out);
  EXPECT_EQ(out, expected);
  EXPECT_EQ(chain.chunks(), 0U);
}

}  // namespace
}  // namespace sidetone::audio
