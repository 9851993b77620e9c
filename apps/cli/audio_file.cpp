#include "apps/cli/audio_file.hpp"

#include <sndfile.h>

#include <filesystem>
#include <stdexcept>

namespace sidetone::cli {
namespace {

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

using Handle = std::unique_ptr<SNDFILE, Closer>;

constexpr int kLowestRate = 8000;
constexpr int kHighestRate = 192000;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::runtime_error("'" + path + "' " + why);
}

}  // namespace

Sound read_sound(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) refuse(path, "does not exist");
  if (std::filesystem::is_directory(path, ignored)) refuse(path, "is a folder, not a sound file");
  if (std::filesystem::file_size(path, ignored) == 0) refuse(path, "is empty");

  SF_INFO info{};
  Handle file(sf_open(path.c_str(), SFM_READ, &info));
  if (!file)
    refuse(path, std::string("is not a sound file that can be read (WAV, FLAC, Ogg): ") +
                     sf_strerror(nullptr));
  if (info.channels < 1 || info.channels > 2)
    refuse(path, "has " + std::to_string(info.channels) + " channels; 1 or 2 are supported");
  if (info.samplerate < kLowestRate || info.samplerate > kHighestRate)
    refuse(path, "has a sample rate of " + std::to_string(info.samplerate) +
                     " Hz; 8000 to 192000 are supported");
  if (info.frames <= 0) refuse(path, "holds no audio");

  Sound sound{
      static_cast<std::uint32_t>(info.samplerate), static_cast<std::uint32_t>(info.channels), {}};
  sound.samples.resize(static_cast<std::size_t>(info.frames) * sound.num_channels);
  const auto read = sf_readf_short(file.get(), sound.samples.data(), info.frames);
  sound.samples.resize(static_cast<std::size_t>(read) * sound.num_channels);
  if (sound.samples.empty()) refuse(path, "holds no audio");
  return sound;
}

Sound read_sounds(const std::vector<std::string>& paths) {
  Sound all;
  for (const auto& path : paths) {
    auto sound = read_sound(path);
    if (all.samples.empty()) {
      all = std::move(sound);
      continue;
    }
    if (sound.sample_rate != all.sample_rate || sound.num_channels != all.num_channels)
      refuse(path, "has " + std::to_string(sound.sample_rate) + " Hz and " +
                       std::to_string(sound.num_channels) + " channel(s), the files before it " +
                       std::to_string(all.sample_rate) + " Hz and " +
                       std::to_string(all.num_channels) + "; play files of one format together");
    all.samples.insert(all.samples.end(), sound.samples.begin(), sound.samples.end());
  }
  if (all.samples.empty()) throw std::runtime_error("there is no sound file to play");
  return all;
}

struct WavWriter::File {
  std::string path;
  Handle handle;
  std::uint32_t num_channels;
};

WavWriter::WavWriter(const std::string& path,
                     std::uint32_t sample_rate,
                     std::uint32_t num_channels) {
  SF_INFO info{};
  info.samplerate = static_cast<int>(sample_rate);
  info.channels = static_cast<int>(num_channels);
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  Handle handle(sf_open(path.c_str(), SFM_WRITE, &info));
  if (!handle) refuse(path, std::string("cannot be written: ") + sf_strerror(nullptr));
  file_ = std::make_unique<File>(File{path, std::move(handle), num_channels});
}

WavWriter::~WavWriter() = default;
WavWriter::WavWriter(WavWriter&&) noexcept = default;
WavWriter& WavWriter::operator=(WavWriter&&) noexcept = default;

void WavWriter::write(std::span<const std::int16_t> samples) {
  const auto frames = static_cast<sf_count_t>(samples.size() / file_->num_channels);
  if (sf_writef_short(file_->handle.get(), samples.data(), frames) != frames)
    refuse(file_->path, std::string("cannot be written: ") + sf_strerror(file_->handle.get()));
}

void WavWriter::close() {
  if (!file_) return;
  if (sf_close(file_->handle.release()) != 0) refuse(file_->path, "could not be completed");
  file_.reset();
}

}  // namespace sidetone::cli
