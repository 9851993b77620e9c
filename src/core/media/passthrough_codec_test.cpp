#include "core/media/passthrough_codec.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/codec/tone_test.hpp"

namespace sidetone::media {
namespace {

std::vector<float> round_trip(std::span<const std::int16_t> pcm,
                              std::uint32_t rate,
                              std::uint32_t channels) {
  std::vector<std::byte> payload(1276);
  payload.resize(make_passthrough_encoder(rate, channels)->encode(pcm, payload).value());
  std::vector<float> out(audio::Decoder::kMaxSamples * channels);
  auto decoded = make_passthrough_decoder(rate, channels)->decode(payload, out).value();
  out.resize(decoded * channels);
  return out;
}

TEST(PassthroughCodec, SixteenBitsArriveExactly) {
  for (std::uint32_t channels : {1U, 2U}) {
    auto pcm = codec::test_tone(16000, channels, 160);
    auto out = round_trip(pcm, 16000, channels);
    ASSERT_EQ(out.size(), pcm.size());
    for (std::size_t i = 0; i < pcm.size(); ++i)
      ASSERT_EQ(out[i], static_cast<float>(pcm[i]) / 32768.0F);
  }
}

TEST(PassthroughCodec, WhatIsTooLongLosesItsLowBits) {
  auto pcm = codec::test_tone(48000, 1, 960);
  auto out = round_trip(pcm, 48000, 1);
  ASSERT_EQ(out.size(), 960U);
  for (std::size_t i = 0; i < pcm.size(); ++i)
    ASSERT_NEAR(out[i], static_cast<float>(pcm[i]) / 32768.0F, 1.0 / 128);
  std::vector<std::byte> payload(1276);
  auto stereo = codec::test_tone(48000, 2, 960);
  EXPECT_EQ(make_passthrough_encoder(48000, 2)->encode(stereo, payload).error(),
            errc::invalid_frame);
}

TEST(PassthroughCodec, SilenceSleepsWhenAllowed) {
  std::vector<std::byte> payload(1276);
  std::vector<std::int16_t> silence(320);
  auto encoder = make_passthrough_encoder(16000, 1, true);
  EXPECT_EQ(encoder->encode(silence, payload).value(), 1U);
  encoder->set_dtx(false);
  EXPECT_EQ(encoder->encode(silence, payload).value(), 642U);
}

TEST(PassthroughCodec, OddPayloadsAreValues) {
  auto decoder = make_passthrough_decoder(16000, 2);
  std::vector<float> out(audio::Decoder::kMaxSamples * 2);
  std::vector<std::byte> payload{std::byte{0xF8}, std::byte{24}, std::byte{1}, std::byte{2},
                                 std::byte{3}};
  EXPECT_EQ(decoder->decode(payload, out).error(), errc::protocol_error);
  payload[1] = std::byte{0};
  EXPECT_EQ(decoder->decode(payload, out).error(), errc::protocol_error);
  EXPECT_EQ(decoder->decode({}, out).error(), errc::protocol_error);
  payload[1] = std::byte{16};
  EXPECT_EQ(decoder->decode(payload, out).value(), 320U);
}

}  // namespace
}  // namespace sidetone::media
