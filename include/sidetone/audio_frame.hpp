// A block of PCM: int16, interleaved, host byte order. Owned (the frame has its samples, perhaps
// from a pool that gets them back) or borrowed (a view, for the length of one call).
//
// Units: sample_rate in Hz, samples_per_channel counts per channel; sample i of channel c is
// data()[i * num_channels + c].
// Errors: a constructor throws boost::system::system_error with errc::invalid_frame, naming the
// numbers, unless all three are > 0 and the data holds num_channels * samples_per_channel values.
// A frame without samples is made by empty(); pushing it is a no-op that succeeds.
// Threads: a plain value; no two threads at once on one object. Copies own their samples.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sidetone/error.hpp>
#include <sidetone/export.hpp>
#include <span>
#include <vector>

namespace sidetone {
namespace audio {
class FramePool;
}

inline namespace v0 {

class SIDETONE_API AudioFrame {
 public:
  AudioFrame() = default;  // no samples, no format

  // Takes the samples over. Values beyond num_channels * samples_per_channel are cut.
  AudioFrame(std::vector<std::int16_t> data,
             std::uint32_t sample_rate,
             std::uint32_t num_channels,
             std::uint32_t samples_per_channel);

  // Silence.
  static AudioFrame create(std::uint32_t sample_rate,
                           std::uint32_t num_channels,
                           std::uint32_t samples_per_channel);

  // A view of `data`, which must outlive the frame and its moves.
  static AudioFrame borrow(std::span<const std::int16_t> data,
                           std::uint32_t sample_rate,
                           std::uint32_t num_channels,
                           std::uint32_t samples_per_channel);

  // A frame of length zero.
  static AudioFrame empty(std::uint32_t sample_rate, std::uint32_t num_channels);

  AudioFrame(const AudioFrame& other);
  AudioFrame& operator=(const AudioFrame& other);
  AudioFrame(AudioFrame&& other) noexcept;
  AudioFrame& operator=(AudioFrame&& other) noexcept;
  ~AudioFrame();

  std::span<const std::int16_t> data() const { return view_; }

  // To write into; a borrowed frame copies its samples first.
  std::span<std::int16_t> mutable_data();

  std::uint32_t sample_rate() const { return sample_rate_; }

  std::uint32_t num_channels() const { return num_channels_; }

  std::uint32_t samples_per_channel() const { return samples_per_channel_; }

  // samples_per_channel / sample_rate, rounded down to whole nanoseconds.
  std::chrono::nanoseconds duration() const;

  bool borrowed() const { return view_.data() != owned_.data(); }

 private:
  friend class audio::FramePool;

  void check(std::size_t values) const;
  void release() noexcept;

  std::uint32_t sample_rate_ = 0;
  std::uint32_t num_channels_ = 0;
  std::uint32_t samples_per_channel_ = 0;
  std::vector<std::int16_t> owned_;
  std::span<const std::int16_t> view_;
  std::shared_ptr<audio::FramePool> pool_;  // gets owned_ back
};

}  // namespace v0
}  // namespace sidetone
