#include "core/codec/opus_decoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/base/seeded_random.hpp"
#include "core/codec/opus_encoder.hpp"
#include "core/codec/opus_packet.hpp"
#include "core/codec/tone_test.hpp"

namespace sidetone::codec {
namespace {

std::vector<std::vector<std::byte>> encode_tone(const EncoderOptions& options, int packets) {
  auto encoder = OpusEncoder::create(options).value();
  std::vector<std::vector<std::byte>> result;
  auto samples = options.sample_rate / 50;
  for (int i = 0; i < packets; ++i) {
    std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
    auto pcm = test_tone(options.sample_rate, options.channels, samples, i * samples);
    packet.resize(encoder->encode(pcm, packet).value());
    result.push_back(packet);
  }
  return result;
}

TEST(OpusDecoder, PicksTheNearestOpusRateAbove) {
  EXPECT_EQ(opus_rate_for(8000), 8000U);
  EXPECT_EQ(opus_rate_for(8001), 12000U);
  EXPECT_EQ(opus_rate_for(11025), 12000U);
  EXPECT_EQ(opus_rate_for(16000), 16000U);
  EXPECT_EQ(opus_rate_for(22050), 24000U);
  EXPECT_EQ(opus_rate_for(24001), 48000U);
  EXPECT_EQ(opus_rate_for(44100), 48000U);
  EXPECT_EQ(opus_rate_for(192000), 48000U);
}

TEST(OpusDecoder, DecodesAtEveryOpusRate) {
  auto packets = encode_tone({.bitrate = 64000, .dtx = false}, 50);
  for (std::uint32_t rate : {8000U, 12000U, 16000U, 24000U, 48000U}) {
    auto decoder = OpusDecoder::create(rate, 1).value();
    std::vector<float> pcm(audio::Decoder::kMaxSamples);
    std::vector<float> all;
    for (const auto& packet : packets) {
      auto count = decoder->decode(packet, pcm).value();
      ASSERT_EQ(count, rate / 50);
      all.insert(all.end(), pcm.begin(), pcm.begin() + count);
    }
    auto steady = std::span<const float>(all).subspan(rate / 2);
    EXPECT_NEAR(amplitude(steady, 1, 0, 440, rate), 11000.0 / 32768, 0.02) << rate;
  }
  EXPECT_EQ(OpusDecoder::create(44100, 1).error(), errc::invalid_argument);
  EXPECT_EQ(OpusDecoder::create(48000, 3).error(), errc::invalid_argument);
}

TEST(OpusDecoder, StereoStaysStereoAndMonoIsTheSameOnBothSides) {
  auto decoder = OpusDecoder::create(48000, 2).value();
  std::vector<float> pcm(audio::Decoder::kMaxSamples * 2);
  std::vector<float> all;
  for (const auto& packet : encode_tone({.channels = 2, .bitrate = 96000, .dtx = false}, 50)) {
    auto count = decoder->decode(packet, pcm).value();
    all.insert(all.end(), pcm.begin(), pcm.begin() + count * 2);
  }
  auto steady = std::span<const float>(all).subspan(48000);
  EXPECT_GT(amplitude(steady, 2, 0, 440, 48000), 0.3);
  EXPECT_LT(amplitude(steady, 2, 0, 1000, 48000), 0.02);
  EXPECT_GT(amplitude(steady, 2, 1, 1000, 48000), 0.3);
  for (const auto& packet : encode_tone({.bitrate = 24000, .dtx = false}, 20)) {
    auto count = decoder->decode(packet, pcm).value();
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(pcm[2 * i], pcm[2 * i + 1]);
  }
}

// A voice whose pitch jumps from packet to packet: concealment cannot guess it.
double pitch_of(std::size_t packet) {
  return 200.0 + 90.0 * static_cast<double>(packet * 3 % 7);
}

std::vector<std::vector<std::byte>> encode_jumps(int packets) {
  auto encoder = OpusEncoder::create({.bitrate = 32000, .dtx = false, .loss_percent = 10}).value();
  std::vector<std::vector<std::byte>> result;
  for (int i = 0; i < packets; ++i) {
    std::vector<std::int16_t> pcm(960);
    for (std::size_t n = 0; n < pcm.size(); ++n) {
      auto t = static_cast<double>(n) / 48000;
      pcm[n] = static_cast<std::int16_t>(8000 * std::sin(2 * std::numbers::pi * pitch_of(i) * t));
    }
    std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
    packet.resize(encoder->encode(pcm, packet).value());
    result.push_back(packet);
  }
  return result;
}

TEST(OpusDecoder, FecRestoresTheLostPacket) {
  auto packets = encode_jumps(100);
  // Amplitude of the lost packets' own pitch in what stands in for them, summed.
  auto run = [&](bool fec) {
    auto decoder = OpusDecoder::create(48000, 1).value();
    std::vector<float> pcm(audio::Decoder::kMaxSamples);
    double found = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      auto repairable = i > 20 && i + 1 < packets.size() && i % 5 == 0 &&
                        opus_fec_duration(packets[i + 1]) == 960;
      if (!repairable) {
        EXPECT_EQ(decoder->decode(packets[i], pcm).value(), 960U);
        continue;
      }
      auto count = fec ? decoder->decode_fec(packets[i + 1], 960, pcm).value()
                       : decoder->conceal(960, pcm).value();
      EXPECT_EQ(count, 960U);
      found += amplitude(std::span<const float>(pcm).subspan(312, 648), 1, 0, pitch_of(i), 48000);
    }
    return found;
  };
  auto repaired = run(true);
  EXPECT_GT(repaired, 1.0) << "too few packets carried redundancy";
  EXPECT_GT(repaired, 1.5 * run(false));
}

TEST(OpusDecoder, MalformedInputIsAValueAndTheDecoderLives) {
  auto packets = encode_tone({.dtx = false}, 20);
  auto decoder = OpusDecoder::create(48000, 1).value();
  std::vector<float> pcm(audio::Decoder::kMaxSamples);
  for (const auto& packet : packets) ASSERT_TRUE(decoder->decode(packet, pcm).has_value());
  EXPECT_EQ(decoder->decode({}, pcm).error(), errc::protocol_error);
  std::vector<std::byte> bad{std::byte{0x0B}, std::byte{0}};
  EXPECT_EQ(decoder->decode(bad, pcm).error(), errc::protocol_error);
  EXPECT_EQ(decoder->decode_fec(bad, 960, pcm).error(), errc::protocol_error);
  EXPECT_EQ(decoder->decode_fec({}, 960, pcm).error(), errc::protocol_error);
  EXPECT_EQ(decoder->conceal(961, pcm).error(), errc::protocol_error);
  EXPECT_EQ(decoder->conceal(0, pcm).error(), errc::protocol_error);
  std::vector<float> tight(959);
  EXPECT_EQ(decoder->decode(packets[0], tight).error(), errc::protocol_error);
  EXPECT_EQ(decoder->conceal(960, tight).error(), errc::protocol_error);
  EXPECT_EQ(decoder->decode(packets[19], pcm).value(), 960U);
}

TEST(OpusDecoder, RandomBytesNeverDoHarm) {
  base::SeededRandom random(5);
  auto decoder = OpusDecoder::create(24000, 2).value();
  std::vector<float> pcm(audio::Decoder::kMaxSamples * 2);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> packet(random.next() % 200);
    random.fill(packet);
    auto decoded =
        i % 3 == 0 ? decoder->decode_fec(packet, 480, pcm) : decoder->decode(packet, pcm);
    if (decoded) {
      ASSERT_LE(*decoded, 2880U);
    }
  }
}

TEST(OpusDecoder, ResetForgetsTheSound) {
  auto packets = encode_tone({.dtx = false}, 20);
  auto decoder = OpusDecoder::create(48000, 1).value();
  std::vector<float> pcm(audio::Decoder::kMaxSamples);
  for (const auto& packet : packets) ASSERT_TRUE(decoder->decode(packet, pcm).has_value());
  decoder->reset();
  ASSERT_EQ(decoder->conceal(960, pcm).value(), 960U);
  for (std::size_t i = 0; i < 960; ++i) ASSERT_EQ(pcm[i], 0.0F);
}

}  // namespace
}  // namespace sidetone::codec
