#include "core/codec/opus_encoder.hpp"

#include <gtest/gtest.h>

#include "core/codec/opus_packet.hpp"
#include "core/codec/tone_test.hpp"

namespace sidetone::codec {
namespace {

TEST(OpusEncoder, TakesEveryRateOfOpusAndNoOther) {
  for (std::uint32_t rate : {8000U, 12000U, 16000U, 24000U, 48000U}) {
    auto encoder = OpusEncoder::create({.sample_rate = rate});
    ASSERT_TRUE(encoder.has_value()) << rate;
    std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
    auto size = (*encoder)->encode(test_tone(rate, 1, rate / 50), packet);
    ASSERT_TRUE(size.has_value()) << rate;
    EXPECT_EQ(opus_duration(base::Bytes(packet).first(*size)), 960U) << rate;
  }
  EXPECT_EQ(OpusEncoder::create({.sample_rate = 44100}).error(), errc::invalid_argument);
  EXPECT_EQ(OpusEncoder::create({.channels = 3}).error(), errc::invalid_argument);
  EXPECT_EQ(OpusEncoder::create({.complexity = 11}).error(), errc::invalid_argument);
}

TEST(OpusEncoder, AWrongSampleCountIsAValue) {
  auto encoder = OpusEncoder::create({}).value();
  std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
  EXPECT_EQ(encoder->encode(test_tone(48000, 1, 961), packet).error(), errc::invalid_frame);
  EXPECT_EQ(encoder->encode({}, packet).error(), errc::invalid_frame);
  EXPECT_EQ(encoder->encode(test_tone(48000, 1, 960), {}).error(), errc::invalid_frame);
}

TEST(OpusEncoder, SleepsAfterTenSilentPacketsWhenAllowed) {
  auto encoder = OpusEncoder::create({.dtx = true}).value();
  std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
  std::vector<std::int16_t> silence(960);
  int first_dtx = -1;
  int awake_later = 0;
  for (int i = 0; i < 60; ++i) {
    auto dtx = encoder->encode(silence, packet).value() <= 2;
    if (dtx && first_dtx < 0) first_dtx = i;
    if (!dtx && first_dtx >= 0) ++awake_later;
  }
  EXPECT_GE(first_dtx, 9);
  EXPECT_LE(first_dtx, 12);
  EXPECT_GE(awake_later, 1) << "a refresh at least every 400 ms";
  encoder->set_dtx(false);
  for (int i = 0; i < 30; ++i) EXPECT_GT(encoder->encode(silence, packet).value(), 2U);
}

TEST(OpusEncoder, SpeechLooksAheadByTheDocumentedTime) {
  EXPECT_EQ(OpusEncoder::create({}).value()->look_ahead(), 312U);
  EXPECT_EQ(OpusEncoder::create({.application = Application::low_delay}).value()->look_ahead(),
            120U);
}

TEST(OpusEncoder, BitrateIsObeyed) {
  auto encoder = OpusEncoder::create({.bitrate = 64000, .dtx = false}).value();
  std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
  auto rate_of = [&] {
    std::size_t total = 0;
    for (int i = 0; i < 100; ++i)
      total += encoder->encode(test_tone(48000, 1, 960, i * 960), packet).value();
    return total * 8 / 2;
  };
  auto high = rate_of();
  encoder->set_bitrate(16000);
  auto low = rate_of();
  EXPECT_GT(high, 2 * low);
  EXPECT_LT(low, 20000U);
}

TEST(OpusEncoder, ResetGivesTheSamePacketsAgain) {
  auto encoder = OpusEncoder::create({}).value();
  auto run = [&] {
    std::vector<std::byte> all;
    std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
    for (int i = 0; i < 5; ++i) {
      auto size = encoder->encode(test_tone(48000, 1, 960, i * 960), packet).value();
      all.insert(all.end(), packet.begin(), packet.begin() + size);
    }
    return all;
  };
  auto first = run();
  encoder->reset();
  EXPECT_EQ(run(), first);
}

}  // namespace
}  // namespace sidetone::codec
