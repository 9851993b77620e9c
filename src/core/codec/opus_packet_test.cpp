#include "core/codec/opus_packet.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/codec/opus_decoder.hpp"
#include "core/codec/opus_encoder.hpp"
#include "core/codec/tone_test.hpp"

namespace sidetone::codec {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (auto value : values) result.push_back(std::byte(value));
  return result;
}

TEST(OpusPacket, EveryConfigurationHasItsFrameSize) {
  // RFC 6716 §3.1, table 2, in 1/48000 s.
  std::vector<std::uint32_t> expected;
  for (int band = 0; band < 3; ++band) expected.insert(expected.end(), {480, 960, 1920, 2880});
  for (int band = 0; band < 2; ++band) expected.insert(expected.end(), {480, 960});
  for (int band = 0; band < 4; ++band) expected.insert(expected.end(), {120, 240, 480, 960});
  for (int config = 0; config < 32; ++config) {
    EXPECT_EQ(opus_frame_duration(bytes({config << 3})), expected[config]) << config;
    EXPECT_EQ(opus_duration(bytes({config << 3, 1, 2})), expected[config]) << config;
    EXPECT_EQ(opus_duration(bytes({config << 3 | 1, 1, 2})), 2 * expected[config]) << config;
    EXPECT_EQ(opus_duration(bytes({config << 3 | 2, 1, 2, 3})), 2 * expected[config]) << config;
  }
}

TEST(OpusPacket, CountsUpTo120MillisecondsAndNoFurther) {
  EXPECT_EQ(opus_duration(bytes({0x08 | 3, 6})), 5760U);   // 6 x 20 ms
  EXPECT_EQ(opus_duration(bytes({0x08 | 3, 7})), 0U);      // 140 ms
  EXPECT_EQ(opus_duration(bytes({0xE0 | 3, 48})), 5760U);  // 48 x 2.5 ms
  EXPECT_EQ(opus_duration(bytes({0xE0 | 3, 49})), 0U);
  EXPECT_EQ(opus_duration(bytes({0x18 | 3, 2, 9, 9})), 5760U);  // 2 x 60 ms
}

TEST(OpusPacket, MalformedPacketsHaveNoDuration) {
  EXPECT_EQ(opus_duration({}), 0U);
  EXPECT_EQ(opus_duration(bytes({0x0B})), 0U) << "code 3 without a count";
  EXPECT_EQ(opus_duration(bytes({0x0B, 0})), 0U) << "count of 0";
  EXPECT_EQ(opus_duration(bytes({0x09, 1, 2, 3})), 0U) << "two equal frames of 1.5 bytes";
  EXPECT_EQ(opus_duration(bytes({0x0A, 200, 1})), 0U) << "first frame longer than the packet";
  EXPECT_EQ(opus_duration(bytes({0x0A, 252})), 0U) << "half a length";
  EXPECT_EQ(opus_duration(bytes({0x0A})), 0U) << "no length";
  EXPECT_EQ(opus_duration(bytes({0x0B, 0x41, 9, 1})), 0U) << "more padding than packet";
  EXPECT_EQ(opus_duration(bytes({0x0B, 0x41, 255, 255})), 0U) << "padding without an end";
  EXPECT_EQ(opus_duration(bytes({0x0B, 0x82, 5, 1})), 0U) << "variable frame beyond the end";
  EXPECT_EQ(opus_duration(bytes({0x0B, 2, 1, 2, 3})), 0U) << "constant frames that do not divide";
  std::vector<std::byte> huge(1278, std::byte{1});
  huge[0] = std::byte{0x08};
  EXPECT_EQ(opus_duration(huge), 0U) << "a frame of 1277 bytes";
  huge.resize(1276);
  EXPECT_EQ(opus_duration(huge), 960U);
}

TEST(OpusPacket, PaddingIsNotAudio) {
  EXPECT_EQ(opus_duration(bytes({0x0B, 0x41, 2, 7, 0, 0})), 960U);
  EXPECT_EQ(opus_duration(bytes({0x0B, 0xC2, 1, 1, 7, 8, 0})), 1920U);
}

TEST(OpusPacket, RandomBytesAgreeWithTheDecoder) {
  base::SeededRandom random(11);
  auto decoder = OpusDecoder::create(48000, 2).value();
  std::vector<float> pcm(5760 * 2);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> packet(1 + random.next() % 40);
    random.fill(packet);
    auto duration = opus_duration(packet);
    auto decoded = decoder->decode(packet, pcm);
    ASSERT_EQ(decoded.has_value(), duration != 0) << i;
    if (!decoded) continue;
    ASSERT_EQ(*decoded, duration) << i;
    ++accepted;
  }
  EXPECT_GT(accepted, 2000);
}

TEST(OpusPacket, SeesRedundancyExactlyWhenTheEncoderAddsIt) {
  for (std::uint32_t channels : {1U, 2U}) {
    auto encoder = OpusEncoder::create({.sample_rate = 16000,
                                        .channels = channels,
                                        .bitrate = 24000 * channels,
                                        .dtx = false,
                                        .loss_percent = 20})
                       .value();
    std::vector<std::byte> packet(OpusEncoder::kMaxPayload);
    int with = 0;
    for (int i = 0; i < 50; ++i) {
      auto size = encoder->encode(test_tone(16000, channels, 320, i * 320), packet).value();
      auto fec = opus_fec_duration(base::Bytes(packet).first(size));
      ASSERT_TRUE(fec == 0 || fec == 960);
      if (i > 10) with += fec != 0 ? 1 : 0;
    }
    EXPECT_GT(with, 15) << channels;
    encoder->set_loss_percent(0);
    for (int i = 50; i < 60; ++i) {
      auto size = encoder->encode(test_tone(16000, channels, 320, i * 320), packet).value();
      if (i > 51) {
        EXPECT_EQ(opus_fec_duration(base::Bytes(packet).first(size)), 0U);
      }
    }
  }
}

TEST(OpusPacket, FecFlagStandsBehindTheVoiceFlags) {
  EXPECT_EQ(opus_fec_duration(bytes({0x08, 0x40})), 960U);  // 20 ms mono: bit 6
  EXPECT_EQ(opus_fec_duration(bytes({0x08, 0xBF})), 0U);
  EXPECT_EQ(opus_fec_duration(bytes({0x00, 0x40})), 480U);   // 10 ms: one SILK frame as well
  EXPECT_EQ(opus_fec_duration(bytes({0x10, 0x20})), 1920U);  // 40 ms: bit 5
  EXPECT_EQ(opus_fec_duration(bytes({0x18, 0x10})), 2880U);  // 60 ms: bit 4
  EXPECT_EQ(opus_fec_duration(bytes({0x18, 0x20})), 0U);
  EXPECT_EQ(opus_fec_duration(bytes({0x0C, 0x10})), 960U);  // stereo: side channel's bit 4
  EXPECT_EQ(opus_fec_duration(bytes({0x08, 0x10})), 0U);
  EXPECT_EQ(opus_fec_duration(bytes({0xF8, 0xFF})), 0U) << "CELT has none";
  EXPECT_EQ(opus_fec_duration(bytes({0x08})), 0U) << "empty frame";
  EXPECT_EQ(opus_fec_duration(bytes({0x0A, 0, 0x40})), 0U) << "the first frame is empty";
}

TEST(OpusPacket, KnowsSleepAndInjectedSilence) {
  EXPECT_TRUE(opus_is_dtx(bytes({0x08})));
  EXPECT_TRUE(opus_is_dtx(bytes({0x08, 0})));
  EXPECT_FALSE(opus_is_dtx(bytes({0x08, 0, 0})));
  auto silence = bytes({0xF8, 0xFF, 0xFE});
  EXPECT_TRUE(opus_is_silence(silence));
  silence.resize(80);
  EXPECT_TRUE(opus_is_silence(silence));
  silence[79] = std::byte{1};
  EXPECT_FALSE(opus_is_silence(silence));
  EXPECT_FALSE(opus_is_silence(bytes({0xF8, 0xFF})));
}

TEST(OpusPacket, InspectTellsAllAtOnce) {
  auto info = opus_inspect(bytes({0x0C, 0x40, 1}));
  EXPECT_EQ(info.duration, 960U);
  EXPECT_EQ(info.fec_duration, 960U);
  EXPECT_EQ(info.channels, 2);
  EXPECT_FALSE(info.dtx);
  EXPECT_FALSE(info.silence);
  EXPECT_EQ(opus_inspect({}).duration, 0U);
  EXPECT_TRUE(opus_inspect(bytes({0xF8, 0xFF, 0xFE, 0})).silence);
  EXPECT_TRUE(opus_inspect(bytes({0x08})).dtx);
}

}  // namespace
}  // namespace sidetone::codec
