#include <sidetone/audio_frame.hpp>
#include <string>
#include <utility>

#include "core/audio/frame.hpp"
#include "core/audio/frame_pool.hpp"

namespace sidetone {
inline namespace v0 {

AudioFrame::AudioFrame(std::vector<std::int16_t> data,
                       std::uint32_t sample_rate,
                       std::uint32_t num_channels,
                       std::uint32_t samples_per_channel)
    : sample_rate_(sample_rate),
      num_channels_(num_channels),
      samples_per_channel_(samples_per_channel),
      owned_(std::move(data)) {
  check(owned_.size());
  owned_.resize(std::size_t{num_channels} * samples_per_channel);
  view_ = owned_;
}

AudioFrame AudioFrame::create(std::uint32_t sample_rate,
                              std::uint32_t num_channels,
                              std::uint32_t samples_per_channel) {
  return {std::vector<std::int16_t>(std::size_t{num_channels} * samples_per_channel), sample_rate,
          num_channels, samples_per_channel};
}

AudioFrame AudioFrame::borrow(std::span<const std::int16_t> data,
                              std::uint32_t sample_rate,
                              std::uint32_t num_channels,
                              std::uint32_t samples_per_channel) {
  AudioFrame frame;
  frame.sample_rate_ = sample_rate;
  frame.num_channels_ = num_channels;
  frame.samples_per_channel_ = samples_per_channel;
  frame.check(data.size());
  frame.view_ = data.first(std::size_t{num_channels} * samples_per_channel);
  return frame;
}

AudioFrame AudioFrame::empty(std::uint32_t sample_rate, std::uint32_t num_channels) {
  AudioFrame frame;
  frame.sample_rate_ = sample_rate;
  frame.num_channels_ = num_channels;
  return frame;
}

AudioFrame::AudioFrame(const AudioFrame& other)
    : sample_rate_(other.sample_rate_),
      num_channels_(other.num_channels_),
      samples_per_channel_(other.samples_per_channel_),
      owned_(other.view_.begin(), other.view_.end()),
      view_(owned_) {}

AudioFrame& AudioFrame::operator=(const AudioFrame& other) {
  if (this != &other) *this = AudioFrame(other);
  return *this;
}

AudioFrame::AudioFrame(AudioFrame&& other) noexcept
    : sample_rate_(std::exchange(other.sample_rate_, 0)),
      num_channels_(std::exchange(other.num_channels_, 0)),
      samples_per_channel_(std::exchange(other.samples_per_channel_, 0)),
      owned_(std::exchange(other.owned_, {})),
      view_(std::exchange(other.view_, {})),
      pool_(std::exchange(other.pool_, nullptr)) {}

AudioFrame& AudioFrame::operator=(AudioFrame&& other) noexcept {
  if (this == &other) return *this;
  release();
  sample_rate_ = std::exchange(other.sample_rate_, 0);
  num_channels_ = std::exchange(other.num_channels_, 0);
  samples_per_channel_ = std::exchange(other.samples_per_channel_, 0);
  owned_ = std::exchange(other.owned_, {});
  view_ = std::exchange(other.view_, {});
  pool_ = std::exchange(other.pool_, nullptr);
  return *this;
}

AudioFrame::~AudioFrame() {
  release();
}

std::span<std::int16_t> AudioFrame::mutable_data() {
  if (borrowed()) {
    owned_.assign(view_.begin(), view_.end());
    view_ = owned_;
  }
  return owned_;
}

std::chrono::nanoseconds AudioFrame::duration() const {
  if (sample_rate_ == 0) return {};
  return audio::duration_of(samples_per_channel_, sample_rate_);
}

void AudioFrame::check(std::size_t values) const {
  auto needed = std::uint64_t{num_channels_} * samples_per_channel_;
  if (sample_rate_ > 0 && needed > 0 && values >= needed) return;
  throw make_error(errc::invalid_frame,
                   "sample_rate " + std::to_string(sample_rate_) + ", num_channels " +
                       std::to_string(num_channels_) + ", samples_per_channel " +
                       std::to_string(samples_per_channel_) + ", data of " +
                       std::to_string(values) + " values: all must be > 0 and the data hold " +
                       "num_channels * samples_per_channel values");
}

void AudioFrame::release() noexcept {
  view_ = {};
  if (pool_) std::exchange(pool_, nullptr)->give_back(std::move(owned_));
}

}  // namespace v0
}  // namespace sidetone
