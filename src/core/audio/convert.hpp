// Streaming conversion of rate, channels and sample type. Sample counts are per channel, samples
// interleaved. Everything here is chunk-invariant: any split of the input gives the same output.
// Not thread-safe. Source: audio.md §3.18.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct SpeexResamplerState_;

namespace sidetone::audio {

// speexdsp at quality 5 (images at -132 dB, 2.5 ms from 48 to 16 kHz). The filter's history starts
// as zeros, so latency is constant from the first sample: after n input samples exactly
// ceil(n * out / in) have come out. Never reset at a gap: feed it zeros or concealment instead.
class Resampler {
 public:
  // Rates 1000 to 768000 Hz, 1 to 32 channels; outside of these it throws invalid_argument.
  Resampler(std::uint32_t in_rate, std::uint32_t out_rate, std::uint32_t channels);

  // Samples that process() will write for this many more input samples.
  std::size_t output_for(std::size_t input_samples) const;

  // Writes exactly output_for(input) samples, for which `output` must have room; else it writes and
  // consumes nothing and returns 0.
  std::size_t process(std::span<const float> input, std::span<float> output);

  // Latency in output samples.
  std::uint32_t latency() const;

 private:
  struct Free {
    void operator()(SpeexResamplerState_* state) const;
  };

  std::uint32_t in_rate_;
  std::uint32_t out_rate_;
  std::uint32_t channels_;
  std::uint64_t consumed_ = 0;  // modulo in_rate_, so that it never overflows
  std::unique_ptr<SpeexResamplerState_, Free> state_;
};

// Mono to N is a copy, stereo to mono (L+R)/2, N to mono the mean, else channel by channel with
// silence in what is left. Unity gain.
void remix(std::span<const float> input,
           std::uint32_t in_channels,
           std::span<float> output,
           std::uint32_t out_channels);

// [-1, 1) to int16: rounded to nearest, clamped, NaN to 0. Same length.
void to_int16(std::span<const float> input, std::span<std::int16_t> output);

// int16 to [-1, 1). Same length.
void to_float(std::span<const std::int16_t> input, std::span<float> output);

// `samples` at one rate as samples at another, rounded down; 64-bit throughout.
constexpr std::int64_t rescale(std::int64_t samples, std::int64_t from_rate, std::int64_t to_rate) {
  return samples / from_rate * to_rate + samples % from_rate * to_rate / from_rate;
}

}  // namespace sidetone::audio
