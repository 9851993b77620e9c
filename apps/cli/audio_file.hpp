// Sound files through libsndfile: WAV, FLAC, Ogg in; 16-bit WAV out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sidetone::cli {

struct Sound {
  std::uint32_t sample_rate = 48000;
  std::uint32_t num_channels = 1;
  std::vector<std::int16_t> samples;  // interleaved

  std::size_t samples_per_channel() const { return samples.size() / num_channels; }

  double seconds() const { return static_cast<double>(samples_per_channel()) / sample_rate; }
};

// Throws std::runtime_error with a sentence: no such file, not audio, empty, more than two
// channels, rate out of range.
Sound read_sound(const std::string& path);

// Plays one after the other; all must have the same rate and channel count, else a sentence names
// the odd one.
Sound read_sounds(const std::vector<std::string>& paths);

class WavWriter {
 public:
  // Throws std::runtime_error when the file cannot be created.
  WavWriter(const std::string& path, std::uint32_t sample_rate, std::uint32_t num_channels);
  ~WavWriter();
  WavWriter(WavWriter&&) noexcept;
  WavWriter& operator=(WavWriter&&) noexcept;

  // Interleaved; throws std::runtime_error when the disk is full.
  void write(std::span<const std::int16_t> samples);
  // Completes the header; errors are thrown here, never from the destructor.
  void close();

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace sidetone::cli
