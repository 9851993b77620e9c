#include "apps/cli/audio_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sidetone::cli {
namespace {

std::string path(const std::string& name) {
  return testing::TempDir() + "sidetone_" + name;
}

std::string refusal(const std::string& file) {
  try {
    read_sound(file);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(AudioFile, WhatIsWrittenIsReadBack) {
  const auto file = path("stereo.wav");
  WavWriter writer(file, 44100, 2);
  writer.write(std::vector<std::int16_t>{1, -1, 2, -2});
  writer.close();
  const auto sound = read_sound(file);
  EXPECT_EQ(sound.sample_rate, 44100U);
  EXPECT_EQ(sound.num_channels, 2U);
  EXPECT_EQ(sound.samples, (std::vector<std::int16_t>{1, -1, 2, -2}));
  EXPECT_EQ(sound.samples_per_channel(), 2U);
}

TEST(AudioFile, BadFilesAreRefusedInWords) {
  EXPECT_NE(refusal(path("none.wav")).find("does not exist"), std::string::npos);
  EXPECT_NE(refusal(testing::TempDir()).find("is a folder"), std::string::npos);
  std::ofstream(path("empty.wav")).close();
  EXPECT_NE(refusal(path("empty.wav")).find("is empty"), std::string::npos);
  std::ofstream(path("text.wav")) << "hello, this is no audio";
  EXPECT_NE(refusal(path("text.wav")).find("is not a sound file"), std::string::npos);
  WavWriter(path("silent.wav"), 48000, 1).close();
  EXPECT_NE(refusal(path("silent.wav")).find("holds no audio"), std::string::npos);
}

TEST(AudioFile, FilesOfTwoFormatsDoNotPlayTogether) {
  for (auto [name, rate] : {std::pair{"a.wav", 48000U}, {"b.wav", 16000U}}) {
    WavWriter writer(path(name), rate, 1);
    writer.write(std::vector<std::int16_t>(10, 1));
    writer.close();
  }
  EXPECT_EQ(read_sounds({path("a.wav"), path("a.wav")}).samples.size(), 20U);
  EXPECT_THROW(read_sounds({path("a.wav"), path("b.wav")}), std::runtime_error);
  EXPECT_THROW(read_sounds({}), std::runtime_error);
}

}  // namespace
}  // namespace sidetone::cli
