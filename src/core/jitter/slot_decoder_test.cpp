#include "core/jitter/slot_decoder.hpp"

#include <gtest/gtest.h>

#include "core/jitter/fake_decoder_test.hpp"

namespace sidetone::jitter {
namespace {

class SlotDecoderTest : public testing::Test {
 protected:
  Slot slot(int number, std::vector<std::byte> payload) {
    Slot result{.rtp_time = number * 960, .sequence = number};
    result.info = fake.inspect(payload);
    result.payload = std::move(payload);
    return result;
  }

  // The first sample of the next 10 ms.
  float next() {
    auto value = queue.front(1)[0];
    queue.consume(80);
    return value;
  }

  FakeDecoder fake;
  PlayoutQueue queue{8000, 1};
  Counters counters;
  SlotDecoder decoder{fake, queue, counters};
};

TEST_F(SlotDecoderTest, BeforeTheFirstPacketThereIsSilenceAndNoConcealment) {
  decoder.conceal(0, 960);
  EXPECT_EQ(queue.size(), 160U);
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(counters.concealed_samples, 0U);
  EXPECT_EQ(fake.concealed, 0);
}

TEST_F(SlotDecoderTest, ConcealmentFadesBetween120And160Milliseconds) {
  decoder.decode(slot(0, fake_payload(5)), 0);
  next();
  next();
  for (int i = 0; i < 20; ++i) decoder.conceal(960 + i * 480, 480);
  std::vector<float> heard;
  for (int i = 0; i < 20; ++i) heard.push_back(next());
  for (int i = 0; i <= 12; ++i) EXPECT_EQ(heard[i], FakeDecoder::kGuess) << i;
  EXPECT_NEAR(heard[14], FakeDecoder::kGuess / 2, 0.01);
  for (int i = 16; i < 20; ++i) EXPECT_EQ(heard[i], 0) << i;
  EXPECT_EQ(counters.concealed_samples, 20U * 480);
  EXPECT_EQ(counters.silent_concealed_samples, 4U * 480);
  EXPECT_EQ(counters.concealment_events, 1U);
  EXPECT_EQ(fake.concealed, 16);
}

TEST_F(SlotDecoderTest, ComfortNoiseLastsASecond) {
  decoder.decode(slot(0, fake_payload(5)), 0);
  decoder.decode(slot(1, fake_dtx()), 0);
  for (int i = 0; i < 4; ++i) next();
  for (int i = 0; i < 120; ++i) decoder.comfort(1920 + i * 480, 480, true);
  std::vector<float> heard;
  for (int i = 0; i < 120; ++i) heard.push_back(next());
  for (int i = 0; i <= 95; ++i) EXPECT_EQ(heard[i], FakeDecoder::kGuess) << i;
  for (int i = 100; i < 120; ++i) EXPECT_EQ(heard[i], 0) << i;
  EXPECT_EQ(counters.concealed_samples, 0U);
}

TEST_F(SlotDecoderTest, RecoveryAsksForExactlyTheFrameOrNotAtAll) {
  auto with = slot(3, fake_payload(7, 1));
  EXPECT_FALSE(decoder.recover(with, 960, 0)) << "nothing decoded yet";
  decoder.decode(slot(1, fake_payload(5)), 0);
  next();
  next();
  EXPECT_FALSE(decoder.recover(with, 480, 0));
  EXPECT_FALSE(decoder.recover(slot(3, fake_payload(7)), 960, 0));
  EXPECT_TRUE(decoder.recover(with, 960, 480));
  EXPECT_EQ(queue.size(), 80U);
  EXPECT_EQ(queue.front_time(), 2 * 960 + 480);
  EXPECT_FLOAT_EQ(next(), 6.0F / 32768);
  EXPECT_EQ(counters.fec_recoveries, 1U);
}

TEST_F(SlotDecoderTest, TenFailuresInARowResetTheCodec) {
  fake.refuse = true;
  for (int i = 0; i < 9; ++i) decoder.decode(slot(i, fake_payload(5)), 0);
  EXPECT_EQ(fake.resets, 0);
  fake.refuse = false;
  decoder.decode(slot(9, fake_payload(5)), 0);
  fake.refuse = true;
  for (int i = 10; i < 19; ++i) decoder.decode(slot(i, fake_payload(5)), 0);
  EXPECT_EQ(fake.resets, 0);
  decoder.decode(slot(19, fake_payload(5)), 0);
  EXPECT_EQ(fake.resets, 1);
  EXPECT_EQ(counters.decode_errors, 19U);
}

TEST_F(SlotDecoderTest, SilenceIsSeenInThePayloadOrInTheSamples) {
  decoder.decode(slot(0, fake_payload(5)), 0);
  EXPECT_FALSE(decoder.was_silent());
  decoder.decode(slot(1, fake_payload(1)), 0);
  EXPECT_TRUE(decoder.was_silent()) << "one step of int16";
  decoder.decode(slot(2, fake_payload(5, 2)), 0);
  EXPECT_TRUE(decoder.was_silent());
  queue.consume(320);
  EXPECT_EQ(queue.describe(160).provenance, kSilence);
}

}  // namespace
}  // namespace sidetone::jitter
