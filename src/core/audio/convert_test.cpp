#include "core/audio/convert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <sidetone/error.hpp>
#include <vector>

#include "core/base/seeded_random.hpp"

namespace sidetone::audio {
namespace {

std::vector<float> tone(double hertz, std::uint32_t rate, std::size_t samples) {
  std::vector<float> result(samples);
  for (std::size_t i = 0; i < samples; ++i)
    result[i] = static_cast<float>(
        0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
  return result;
}

std::vector<float> convert(Resampler& resampler,
                           std::span<const float> input,
                           std::size_t chunk,
                           std::uint32_t channels = 1) {
  std::vector<float> result;
  for (std::size_t at = 0; at < input.size(); at += chunk * channels) {
    auto part = input.subspan(at, std::min(chunk * channels, input.size() - at));
    std::vector<float> out(resampler.output_for(part.size() / channels) * channels);
    EXPECT_EQ(resampler.process(part, out) * channels, out.size());
    result.insert(result.end(), out.begin(), out.end());
  }
  return result;
}

// Amplitude of one frequency by correlation with both phases.
double amplitude(std::span<const float> samples, double hertz, std::uint32_t rate) {
  double re = 0;
  double im = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    auto phase = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
    re += samples[i] * std::cos(phase);
    im += samples[i] * std::sin(phase);
  }
  return 2 * std::hypot(re, im) / static_cast<double>(samples.size());
}

TEST(Resampler, EveryRateGivesTheExactCountForAnHour) {
  for (std::uint32_t out : {8000U, 11025U, 22050U, 32000U, 44100U, 96000U, 192000U}) {
    Resampler resampler(48000, out, 1);
    std::vector<float> silence(480);
    std::vector<float> buffer(2000);
    std::uint64_t produced = 0;
    for (int block = 1; block <= 36000; ++block) {
      produced += resampler.process(silence, buffer);
      ASSERT_EQ(produced, (block * 480ULL * out + 47999) / 48000) << out << " at " << block;
    }
  }
}

TEST(Resampler, AnySplitOfTheInputGivesTheSameOutput) {
  base::SeededRandom random(3);
  std::vector<float> noise(20000);
  for (auto& sample : noise) sample = static_cast<float>(random.uniform() - 0.5);
  for (auto [in, out] : {std::pair{48000U, 44100U}, {22050U, 24000U}, {44100U, 48000U}}) {
    Resampler whole(in, out, 2);
    auto expected = convert(whole, noise, noise.size(), 2);
    for (std::size_t chunk : {1U, 7U, 160U, 441U}) {
      Resampler split(in, out, 2);
      ASSERT_EQ(convert(split, noise, chunk, 2), expected) << in << " in chunks of " << chunk;
    }
  }
}

TEST(Resampler, AToneKeepsItsFrequencyAndLevel) {
  for (std::uint32_t out : {16000U, 22050U, 44100U, 96000U}) {
    Resampler resampler(48000, out, 1);
    auto result = convert(resampler, tone(1000, 48000, 96000), 480);
    auto steady = std::span<const float>(result).subspan(out / 2, out);
    EXPECT_NEAR(amplitude(steady, 1000, out), 0.5, 0.005) << out;
    EXPECT_NEAR(amplitude(steady, 1500, out), 0, 0.001) << out;
  }
}

TEST(Resampler, WhatTheOutputCannotCarryIsRemoved) {
  Resampler resampler(48000, 16000, 1);
  auto result = convert(resampler, tone(11000, 48000, 96000), 480);
  EXPECT_LT(amplitude(std::span<const float>(result).subspan(8000, 16000), 5000, 16000), 0.0001);
}

TEST(Resampler, TooLittleRoomConsumesNothing) {
  Resampler resampler(48000, 44100, 1);
  std::vector<float> input(480, 0.25F);
  std::vector<float> tight(100);
  auto expected = resampler.output_for(480);
  EXPECT_EQ(resampler.process(input, tight), 0U);
  EXPECT_EQ(resampler.output_for(480), expected);
}

TEST(Resampler, ImpossibleNumbersAreRefusedInWords) {
  try {
    Resampler resampler(48000, 10, 1);
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("48000 to 10"), std::string::npos) << error.what();
  }
  EXPECT_ANY_THROW(Resampler(48000, 44100, 0));
  EXPECT_ANY_THROW(Resampler(48000, 44100, 33));
}

TEST(Resampler, ChannelsStayApart) {
  Resampler resampler(48000, 44100, 2);
  auto left = tone(440, 48000, 48000);
  auto right = tone(2000, 48000, 48000);
  std::vector<float> both;
  for (std::size_t i = 0; i < left.size(); ++i) both.insert(both.end(), {left[i], right[i]});
  auto result = convert(resampler, both, 480, 2);
  std::vector<float> out_left;
  for (std::size_t i = 22050; i < result.size(); i += 2) out_left.push_back(result[i]);
  EXPECT_NEAR(amplitude(out_left, 440, 44100), 0.5, 0.01);
  EXPECT_LT(amplitude(out_left, 2000, 44100), 0.001);
}

TEST(Remix, MonoIsCopiedAndStereoIsAveraged) {
  std::vector<float> mono{0.1F, -0.2F};
  std::vector<float> three(6);
  remix(mono, 1, three, 3);
  EXPECT_EQ(three, (std::vector<float>{0.1F, 0.1F, 0.1F, -0.2F, -0.2F, -0.2F}));
  std::vector<float> stereo{0.5F, 0.25F, -1.0F, 1.0F};
  std::vector<float> out(2);
  remix(stereo, 2, out, 1);
  EXPECT_EQ(out, (std::vector<float>{0.375F, 0.0F}));
  std::vector<float> wide(6, 9.0F);
  remix(stereo, 2, wide, 3);
  EXPECT_EQ(wide, (std::vector<float>{0.5F, 0.25F, 0.0F, -1.0F, 1.0F, 0.0F}));
}

TEST(ToInt16, RoundsClampsAndKillsNaN) {
  auto nan = std::numeric_limits<float>::quiet_NaN();
  auto inf = std::numeric_limits<float>::infinity();
  std::vector<float> input{0, 1.0F, -1.0F, 7.0F, nan, inf, -inf, 1.6F / 32768, -0.4F / 32768};
  std::vector<std::int16_t> output(input.size());
  to_int16(input, output);
  EXPECT_EQ(output, (std::vector<std::int16_t>{0, 32767, -32768, 32767, 0, 32767, -32768, 2, 0}));
}

TEST(ToFloat, IsTheInverse) {
  std::vector<std::int16_t> input{-32768, -1, 0, 1, 12345, 32767};
  std::vector<float> floats(input.size());
  std::vector<std::int16_t> back(input.size());
  to_float(input, floats);
  EXPECT_EQ(floats[0], -1.0F);
  to_int16(floats, back);
  EXPECT_EQ(back, input);
}

TEST(Rescale, IsExactWhereTheProductWouldOverflow) {
  static_assert(rescale(441, 44100, 48000) == 480);
  static_assert(rescale(1, 48000, 44100) == 0);
  EXPECT_EQ(rescale(9'000'000'000'000'000'000, 192000, 48000), 2'250'000'000'000'000'000);
}

}  // namespace
}  // namespace sidetone::audio
