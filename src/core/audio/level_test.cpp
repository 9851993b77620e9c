#include "core/audio/level.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sidetone::audio {
namespace {

std::vector<std::int16_t> sine(double amplitude) {
  std::vector<std::int16_t> samples(960);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(
        std::lround(amplitude * std::sin(2 * M_PI * static_cast<double>(i) / 48)));
  return samples;
}

TEST(Level, AFullScaleSineIsThree) {
  EXPECT_EQ(level(sine(32767)), 3);
}

TEST(Level, TwentyDecibelsLessIsTwentyMore) {
  EXPECT_EQ(level(sine(3276.7)), 23);
}

TEST(Level, ASquareAtFullScaleIsZero) {
  EXPECT_EQ(level(std::vector<std::int16_t>(100, -32768)), 0);
}

TEST(Level, DigitalSilenceAndNoSamplesAre127) {
  EXPECT_EQ(level(std::vector<std::int16_t>(960, 0)), kSilenceLevel);
  EXPECT_EQ(level({}), kSilenceLevel);
}

TEST(Level, TheFaintestSoundIsNotSilence) {
  EXPECT_EQ(level(std::vector<std::int16_t>(100, 1)), 90);
  std::vector<std::int16_t> one_in_a_second(48000, 0);
  one_in_a_second[7] = 1;
  EXPECT_EQ(level(one_in_a_second), 127);
}

TEST(Level, CountsExactlyTheGivenSamplesOfAllChannels) {
  // Half of the values silent: 3 dB less.
  std::vector<std::int16_t> left_only(960, 0);
  for (std::size_t i = 0; i < left_only.size(); i += 2) left_only[i] = -32768;
  EXPECT_EQ(level(left_only), 3);
}

}  // namespace
}  // namespace sidetone::audio
