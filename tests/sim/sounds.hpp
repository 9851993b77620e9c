// Sounds to send and ways to recognise them. Interleaved int16 out; measures take one channel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/seeded_random.hpp"

namespace sidetone::sim {

class Sound {
 public:
  Sound() = default;
  Sound(const Sound&) = delete;
  Sound& operator=(const Sound&) = delete;
  virtual ~Sound() = default;

  // The next `samples` per channel.
  virtual std::vector<std::int16_t> next(std::size_t samples) = 0;
};

// A sine per channel, at amplitude 8000; the phase goes on from call to call.
class Tone final : public Sound {
 public:
  Tone(std::uint32_t rate, std::vector<double> hertz)
      : rate_(rate), hertz_(std::move(hertz)), phase_(hertz_.size()) {}

  std::vector<std::int16_t> next(std::size_t samples) override;

 private:
  std::uint32_t rate_;
  std::vector<double> hertz_;
  std::vector<double> phase_;
};

// Every sample tells its place: values that do not repeat soon, never 0, of one sign.
class Numbers final : public Sound {
 public:
  explicit Numbers(std::uint32_t channels = 1, int sign = 1, std::uint64_t seed = 7)
      : channels_(channels), sign_(sign), random_(seed) {}

  std::vector<std::int16_t> next(std::size_t samples) override;

 private:
  std::uint32_t channels_;
  int sign_;
  base::SeededRandom random_;
};

// Syllables of voiced sound with a gliding pitch, hisses and short pauses: what an encoder takes
// for a voice.
class Speech final : public Sound {
 public:
  explicit Speech(std::uint32_t rate, std::uint64_t seed = 1) : rate_(rate), random_(seed) {}

  std::vector<std::int16_t> next(std::size_t samples) override;

 private:
  // The pitch glides slowly: a new shape each so many samples is as smooth and far cheaper.
  static constexpr std::size_t kShapeSamples = 64;

  void begin_syllable();
  void shape(double pitch);

  std::uint32_t rate_;
  std::array<double, 16> weights_{};
  base::SeededRandom random_;
  std::size_t left_ = 0;
  std::size_t length_ = 0;
  bool voiced_ = false;
  double pitch_ = 120;
  double glide_ = 0;
  double formant_ = 700;
  double phase_ = 0;
};

// How much of one frequency there is, as the amplitude of a sine (Goertzel).
double amplitude(const std::vector<double>& samples, double hertz, double rate);
// Where that sine stands at the first sample, in periods, 0 to 1.
double phase(const std::vector<double>& samples, double hertz, double rate);
double rms(const std::vector<double>& samples);

// The mean of the normalised correlation over windows of 100 ms with sound in them, each aligned
// for itself: 1 is the same, 0 is something else. `heard` may begin up to half a second later.
double likeness(const std::vector<double>& said, const std::vector<double>& heard, double rate);

std::vector<double> to_doubles(std::span<const std::int16_t> samples);

// Without the zeros before the first sound.
std::span<const std::int16_t> from_first_sound(std::span<const std::int16_t> samples);

std::uint64_t hash(std::span<const std::int16_t> samples);

}  // namespace sidetone::sim
