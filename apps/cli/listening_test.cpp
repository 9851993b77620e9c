#include "apps/cli/listening.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace sidetone::cli {
namespace {

// Three seconds that sound a little like speech: a wandering pitch, switched on and off, with some
// noise.
std::vector<std::int16_t> babble(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 200);
  std::vector<std::int16_t> samples;
  double phase = 0;
  for (int i = 0; i < 3 * Tape::kRate; ++i) {
    const double t = static_cast<double>(i) / Tape::kRate;
    phase += 2 * std::numbers::pi * (700 + 500 * std::sin(3 * t)) / Tape::kRate;
    const double envelope = std::max(0.0, std::sin(9 * t));
    samples.push_back(static_cast<std::int16_t>(6000 * envelope * std::sin(phase) + noise(random)));
  }
  return samples;
}

Tape tape(const std::vector<std::int16_t>& samples, std::int64_t start_ns) {
  Tape result;
  for (std::size_t at = 0; at + 480 <= samples.size(); at += 480)
    result.append(std::span(samples).subspan(at, 480),
                  start_ns + static_cast<std::int64_t>(at / 480) * 10'000'000);
  return result;
}

TEST(Listening, FindsTheDelayToTheSample) {
  const auto speech = babble(1);
  auto late = std::vector<std::int16_t>(1234, 0);
  late.insert(late.end(), speech.begin(), speech.end());
  late.insert(late.end(), 480, 0);  // a tape is whole frames
  // Delivered from the same moment on, 1234 samples of silence first; a push completes 10 ms after
  // its first sample.
  const auto result = compare(tape(speech, 0), tape(late, 0));
  EXPECT_EQ(result.offset, 1234U);
  EXPECT_GT(result.correlation, 0.999);
  ASSERT_GT(result.delays_ms.size(), 10U);
  for (double delay : result.delays_ms) EXPECT_NEAR(delay, 1234.0 / 48 + 10, 0.03);
}

TEST(Listening, DeliveryTimesCountNotOnlyPositions) {
  const auto speech = babble(2);
  const auto result = compare(tape(speech, 0), tape(speech, 50'000'000));
  EXPECT_NEAR(percentile(result.delays_ms, 50), 60, 0.03);
}

TEST(Listening, SomethingElseDoesNotCorrelate) {
  const auto result =
      compare(tape(babble(3), 0), tape(std::vector<std::int16_t>(3 * Tape::kRate, 0), 0));
  EXPECT_LT(result.correlation, 0.1);
  EXPECT_TRUE(result.delays_ms.empty());
}

TEST(Listening, AHoleLowersTheCorrelation) {
  const auto speech = babble(4);
  auto damaged = speech;
  std::fill(damaged.begin() + 10000, damaged.begin() + 60000, std::int16_t{0});
  EXPECT_LT(compare(tape(speech, 0), tape(damaged, 0)).correlation, 0.9);
}

TEST(Listening, TheBandKeepsSpeechAndDropsTheRest) {
  auto level = [](double frequency) {
    std::vector<float> tone;
    for (int i = 0; i < Tape::kRate; ++i)
      tone.push_back(
          static_cast<float>(std::sin(2 * std::numbers::pi * frequency * i / Tape::kRate)));
    double sum = 0;
    auto filtered = telephone_band(tone);
    for (std::size_t i = filtered.size() / 2; i < filtered.size(); ++i)
      sum += filtered[i] * filtered[i];
    return 10 * std::log10(sum / (static_cast<double>(tone.size()) / 4));
  };
  EXPECT_NEAR(level(1000), 0, 0.5);
  EXPECT_LT(level(60), -30);
  EXPECT_LT(level(12000), -30);
}

TEST(Listening, PercentilesAreNearestRank) {
  EXPECT_EQ(percentile({}, 50), 0);
  EXPECT_EQ(percentile({3, 1, 2}, 50), 2);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 99), 4);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0), 1);
}

}  // namespace
}  // namespace sidetone::cli
