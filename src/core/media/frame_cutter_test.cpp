#include "core/media/frame_cutter.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "core/codec/tone_test.hpp"

namespace sidetone::media {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// 10 ms blocks of a tone that follow each other.
class Blocks {
 public:
  Blocks(std::uint32_t rate, std::uint32_t channels) : rate_(rate), channels_(channels) {}

  jitter::Block next(std::uint8_t provenance = jitter::kNormal) {
    auto pcm = codec::test_tone(rate_, channels_, rate_ / 100, count_ * rate_ / 100);
    samples_.resize(pcm.size());
    audio::to_float(pcm, samples_);
    jitter::Block block{.rtp_time = static_cast<std::int64_t>(count_) * 480,
                        .received_at = base::Instant(milliseconds(count_)),
                        .delay = milliseconds(3),
                        .provenance = provenance,
                        .samples = samples_};
    if (provenance == jitter::kConcealed) block.concealed = 480;
    ++count_;
    return block;
  }

  void skip(std::size_t blocks) { count_ += blocks; }

 private:
  std::uint32_t rate_;
  std::uint32_t channels_;
  std::size_t count_ = 0;
  std::vector<float> samples_;
};

std::uint32_t opus_rate(std::uint32_t rate) {
  for (std::uint32_t candidate : {8000U, 12000U, 16000U, 24000U})
    if (rate <= candidate) return candidate;
  return 48000;
}

TEST(FrameCutter, EveryRateGivesExactFramesForAMinute) {
  for (std::uint32_t rate :
       {8000U, 11025U, 12000U, 16000U, 22050U, 24000U, 32000U, 44100U, 48000U, 96000U, 192000U}) {
    FrameCutter cutter({rate, 1, milliseconds(10)}, opus_rate(rate), 1);
    Blocks blocks(opus_rate(rate), 1);
    StreamOutput out;
    std::uint64_t total = 0;
    std::uint64_t frames = 0;
    for (int i = 0; i < 6000; ++i) {
      out.clear();
      cutter.push(blocks.next(), {}, out);
      for (const auto& frame : out.frames) {
        ++frames;
        total += frame.samples;
        ASSERT_EQ(total, frames * rate / 100) << rate;
      }
      ASSERT_EQ(frames, static_cast<std::uint64_t>(i) + 1) << rate;
    }
  }
}

TEST(FrameCutter, FramesOf22050AlternateBetween220And221) {
  FrameCutter cutter({22050, 1, milliseconds(10)}, 24000, 1);
  Blocks blocks(24000, 1);
  StreamOutput out;
  for (int i = 0; i < 6; ++i) cutter.push(blocks.next(), {}, out);
  std::vector<std::uint32_t> lengths;
  for (const auto& frame : out.frames) lengths.push_back(frame.samples);
  EXPECT_EQ(lengths, (std::vector<std::uint32_t>{220, 221, 220, 221, 220, 221}));
}

TEST(FrameCutter, AnyFrameLengthIsHonoured) {
  for (auto length : {microseconds(2500), microseconds(5000), microseconds(10'000),
                      microseconds(12'345), microseconds(60'000), microseconds(120'000)}) {
    FrameCutter cutter({48000, 1, length}, 48000, 1);
    Blocks blocks(48000, 1);
    StreamOutput out;
    for (int i = 0; i < 600; ++i) cutter.push(blocks.next(), {}, out);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < out.frames.size(); ++i) {
      ASSERT_EQ(out.frames[i].rtp_time, static_cast<std::int64_t>(total));
      ASSERT_GT(out.frames[i].samples, 0U);
      total += out.frames[i].samples;
      ASSERT_EQ(total, (i + 1) * 48'000ULL * length.count() / 1'000'000) << length.count();
    }
    EXPECT_EQ(out.frames.size(), 6'000'000ULL / length.count());
    EXPECT_EQ(out.samples.size(), total);
  }
}

TEST(FrameCutter, MonoFillsEveryChannelAndStereoStaysApart) {
  {
    FrameCutter cutter({48000, 3, milliseconds(10)}, 48000, 1);
    Blocks blocks(48000, 1);
    StreamOutput out;
    cutter.push(blocks.next(), {}, out);
    auto samples = out.of(out.frames[0], 3);
    ASSERT_EQ(samples.size(), 1440U);
    for (std::size_t i = 0; i < 480; ++i) {
      ASSERT_EQ(samples[3 * i], samples[3 * i + 1]);
      ASSERT_EQ(samples[3 * i], samples[3 * i + 2]);
    }
    EXPECT_EQ(samples[30], codec::test_tone(48000, 1, 480)[10]);
  }
  FrameCutter cutter({44100, 2, milliseconds(10)}, 48000, 2);
  Blocks blocks(48000, 2);
  StreamOutput out;
  for (int i = 0; i < 100; ++i) cutter.push(blocks.next(), {}, out);
  auto steady = std::span<const std::int16_t>(out.samples).subspan(44100);
  EXPECT_NEAR(codec::amplitude(steady, 2, 0, 440, 44100), 11000, 200);
  EXPECT_LT(codec::amplitude(steady, 2, 0, 1000, 44100), 200);
  EXPECT_NEAR(codec::amplitude(steady, 2, 1, 1000, 44100), 11000, 200);
}

TEST(FrameCutter, AFrameTellsWhereItsSamplesCameFrom) {
  FrameCutter cutter({16000, 1, milliseconds(20)}, 16000, 1);
  Blocks blocks(16000, 1);
  StreamOutput out;
  cutter.push(blocks.next(), {}, out);
  cutter.push(blocks.next(jitter::kConcealed), base::Instant(milliseconds(77)), out);
  ASSERT_EQ(out.frames.size(), 1U);
  const auto& frame = out.frames[0];
  EXPECT_EQ(frame.rtp_time, 0);
  EXPECT_EQ(frame.provenance, jitter::kNormal | jitter::kConcealed);
  EXPECT_EQ(frame.concealed_samples, 160U);
  EXPECT_EQ(frame.delivered_at, base::Instant(milliseconds(77)));
  EXPECT_EQ(frame.received_at, base::Instant(milliseconds(0)));
  EXPECT_EQ(frame.delay, milliseconds(3));
}

TEST(FrameCutter, AGapClosesTheOpenFrame) {
  FrameCutter cutter({48000, 1, milliseconds(20)}, 48000, 1);
  Blocks blocks(48000, 1);
  StreamOutput out;
  cutter.push(blocks.next(), {}, out);
  blocks.skip(5);
  auto block = blocks.next();
  block.gap_before = 5 * 480;
  cutter.push(block, {}, out);
  ASSERT_EQ(out.frames.size(), 1U);
  EXPECT_EQ(out.frames[0].provenance, jitter::kNormal | jitter::kSilence);
  EXPECT_EQ(out.frames[0].gap_before, 0U);
  auto samples = out.of(out.frames[0], 1);
  for (std::size_t i = 480; i < 960; ++i) ASSERT_EQ(samples[i], 0);
  cutter.push(blocks.next(), {}, out);
  ASSERT_EQ(out.frames.size(), 2U);
  EXPECT_EQ(out.frames[1].rtp_time, 6 * 480);
  EXPECT_EQ(out.frames[1].gap_before, 5U * 480);
}

TEST(FrameCutter, TheEndBringsWhatTheFilterHeldAndAFullFrame) {
  FrameCutter cutter({44100, 1, milliseconds(20)}, 48000, 1);
  Blocks blocks(48000, 1);
  StreamOutput out;
  for (int i = 0; i < 21; ++i) cutter.push(blocks.next(), {}, out);
  EXPECT_EQ(out.frames.size(), 10U);
  cutter.flush({}, out);
  ASSERT_EQ(out.frames.size(), 11U);
  auto last = out.of(out.frames[10], 1);
  EXPECT_EQ(last.size(), 882U);
  EXPECT_LT(codec::amplitude(last.subspan(500), 1, 0, 440, 44100), 100);
  EXPECT_GT(codec::amplitude(last.first(400), 1, 0, 440, 44100), 9000);
}

TEST(FrameCutter, AnEndWithoutSoundBringsNothing) {
  FrameCutter cutter({44100, 1, milliseconds(10)}, 48000, 1);
  StreamOutput out;
  cutter.flush({}, out);
  EXPECT_TRUE(out.frames.empty());
}

}  // namespace
}  // namespace sidetone::media
