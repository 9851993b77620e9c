#include <gtest/gtest.h>

#include <sidetone/audio_frame.hpp>

namespace sidetone {
namespace {

using Samples = std::vector<std::int16_t>;

std::string refusal(std::size_t values,
                    std::uint32_t rate,
                    std::uint32_t channels,
                    std::uint32_t n) {
  try {
    AudioFrame frame(Samples(values), rate, channels, n);
    return "";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::invalid_frame);
    return error.what();
  }
}

TEST(AudioFrame, HoldsInterleavedSamplesAndKnowsItsDuration) {
  AudioFrame frame({1, -1, 2, -2}, 22050, 2, 2);
  EXPECT_EQ(frame.data()[2], 2);
  EXPECT_EQ(frame.samples_per_channel(), 2U);
  EXPECT_EQ(frame.duration(), std::chrono::nanoseconds(90702));
  EXPECT_FALSE(frame.borrowed());
}

TEST(AudioFrame, RefusesNumbersThatContradictTheDataAndNamesThem) {
  EXPECT_EQ(refusal(480, 48000, 1, 480), "");
  EXPECT_NE(refusal(479, 48000, 1, 480).find("data of 479"), std::string::npos);
  EXPECT_NE(refusal(480, 0, 1, 480).find("sample_rate 0"), std::string::npos);
  EXPECT_NE(refusal(480, 48000, 0, 480).find("num_channels 0"), std::string::npos);
  EXPECT_NE(refusal(480, 48000, 1, 0).find("samples_per_channel 0"), std::string::npos);
  // 2 * 2^31 does not fit 32 bits.
  EXPECT_NE(refusal(4, 48000, 2, 0x80000000U), "");
}

TEST(AudioFrame, CutsDataThatIsLongerThanTheFrame) {
  AudioFrame frame(Samples(500, 3), 48000, 1, 480);
  EXPECT_EQ(frame.data().size(), 480U);
}

TEST(AudioFrame, ABorrowedFrameIsAViewUntilItIsWrittenToOrCopied) {
  Samples samples{1, 2, 3, 4};
  auto frame = AudioFrame::borrow(samples, 48000, 1, 4);
  EXPECT_TRUE(frame.borrowed());
  EXPECT_EQ(frame.data().data(), samples.data());
  AudioFrame copy = frame;
  EXPECT_FALSE(copy.borrowed());
  frame.mutable_data()[0] = 9;
  EXPECT_EQ(samples[0], 1);
  EXPECT_EQ(frame.data()[0], 9);
  EXPECT_EQ(copy.data()[0], 1);
  EXPECT_THROW(AudioFrame::borrow(samples, 48000, 2, 3), boost::system::system_error);
}

TEST(AudioFrame, MovesKeepTheSamplesAndLeaveAnEmptyFrame) {
  AudioFrame from({1, 2, 3}, 48000, 1, 3);
  const auto* memory = from.data().data();
  AudioFrame to = std::move(from);
  EXPECT_EQ(to.data().data(), memory);
  EXPECT_EQ(from.samples_per_channel(), 0U);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(from.data().empty());
  from = std::move(to);
  EXPECT_EQ(from.data().size(), 3U);
}

TEST(AudioFrame, AFrameOfLengthZeroIsMadeOnPurpose) {
  auto frame = AudioFrame::empty(48000, 1);
  EXPECT_EQ(frame.duration().count(), 0);
  EXPECT_TRUE(frame.data().empty());
}

}  // namespace
}  // namespace sidetone
