#include "core/audio/convert.hpp"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sidetone/error.hpp>
#include <string>

namespace sidetone::audio {
namespace {

// The best ratio of images to cost where latency counts (audio.md §3.18).
constexpr int kQuality = 5;
constexpr std::uint32_t kMaxChannels = 32;

std::string rule(std::uint32_t in_rate, std::uint32_t out_rate, std::uint32_t channels) {
  return "resampler from " + std::to_string(in_rate) + " to " + std::to_string(out_rate) +
         " Hz with " + std::to_string(channels) +
         " channels: rates go from 1000 to 768000, channels from 1 to 32";
}

bool in_range(std::uint32_t rate) {
  return rate >= 1000 && rate <= 768'000;
}

}  // namespace

void Resampler::Free::operator()(SpeexResamplerState_* state) const {
  speex_resampler_destroy(state);
}

Resampler::Resampler(std::uint32_t in_rate, std::uint32_t out_rate, std::uint32_t channels)
    : in_rate_(in_rate), out_rate_(out_rate), channels_(channels) {
  if (!in_range(in_rate) || !in_range(out_rate) || channels == 0 || channels > kMaxChannels)
    throw make_error(errc::invalid_argument, rule(in_rate, out_rate, channels));
  int error = RESAMPLER_ERR_SUCCESS;
  state_.reset(speex_resampler_init(channels, in_rate, out_rate, kQuality, &error));
  if (!state_) throw std::bad_alloc();
}

// Output k lies at input position k * in / out, and comes out once an input sample at or behind it
// has gone in: ceil(n * out / in) of them after n.
std::size_t Resampler::output_for(std::size_t input_samples) const {
  auto produced = (consumed_ * out_rate_ + in_rate_ - 1) / in_rate_;
  auto after = ((consumed_ + input_samples) * out_rate_ + in_rate_ - 1) / in_rate_;
  return after - produced;
}

std::size_t Resampler::process(std::span<const float> input, std::span<float> output) {
  auto samples = input.size() / channels_;
  auto expected = output_for(samples);
  if (expected * channels_ > output.size()) return 0;
  // speexdsp takes no input without room for output: what produces nothing goes to `spare`.
  std::array<float, kMaxChannels> spare{};
  std::size_t read = 0;
  std::size_t written = 0;
  while (read < samples) {
    auto in_length = static_cast<spx_uint32_t>(samples - read);
    auto full = written == expected;
    auto out_length = full ? 1U : static_cast<spx_uint32_t>(expected - written);
    auto* target = full ? spare.data() : output.data() + written * channels_;
    speex_resampler_process_interleaved_float(state_.get(), input.data() + read * channels_,
                                              &in_length, target, &out_length);
    if (in_length == 0 && (out_length == 0 || full)) break;
    read += in_length;
    if (!full) written += out_length;
  }
  consumed_ = (consumed_ + samples) % in_rate_;
  return written;
}

std::uint32_t Resampler::latency() const {
  return static_cast<std::uint32_t>(speex_resampler_get_output_latency(state_.get()));
}

void remix(std::span<const float> input,
           std::uint32_t in_channels,
           std::span<float> output,
           std::uint32_t out_channels) {
  if (in_channels == 0 || out_channels == 0) return;
  auto samples = std::min(input.size() / in_channels, output.size() / out_channels);
  for (std::size_t i = 0; i < samples; ++i) {
    auto from = input.subspan(i * in_channels, in_channels);
    auto to = output.subspan(i * out_channels, out_channels);
    if (in_channels == 1) {
      std::fill(to.begin(), to.end(), from[0]);
    } else if (out_channels == 1) {
      float sum = 0;
      for (auto sample : from) sum += sample;
      to[0] = sum / static_cast<float>(in_channels);
    } else {
      for (std::size_t c = 0; c < out_channels; ++c) to[c] = c < in_channels ? from[c] : 0;
    }
  }
}

void to_int16(std::span<const float> input, std::span<std::int16_t> output) {
  constexpr float kLeast = std::numeric_limits<std::int16_t>::min();
  constexpr float kMost = std::numeric_limits<std::int16_t>::max();
  auto count = std::min(input.size(), output.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto scaled = input[i] * 32768.0F;
    // The comparison is false for NaN, which becomes 0.
    auto number = scaled == scaled ? std::clamp(scaled, kLeast, kMost) : 0.0F;  // NOLINT
    output[i] = static_cast<std::int16_t>(std::lrintf(number));
  }
}

void to_float(std::span<const std::int16_t> input, std::span<float> output) {
  auto count = std::min(input.size(), output.size());
  for (std::size_t i = 0; i < count; ++i)
    output[i] = static_cast<float>(input[i]) * (1.0F / 32768.0F);
}

}  // namespace sidetone::audio
