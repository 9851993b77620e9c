// Cuts decoded blocks into frames of exactly the asked length, rate and channels: converts the
// rate, spreads the channels, rounds to int16, and keeps the books on where each sample came from.
// Fractional lengths alternate by accumulator (22050 Hz, 10 ms: 220, 221), so nothing drifts. Not
// thread-safe. Source: audio.md §3.16, §3.18.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/audio/convert.hpp"
#include "core/base/outbox.hpp"
#include "core/base/time.hpp"
#include "core/jitter/buffer.hpp"

namespace sidetone::media {

struct StreamFrame {
  std::int64_t rtp_time = 0;  // of its first sample
  base::Instant delivered_at{};
  std::optional<base::Instant> received_at;             // of the packet the first sample came from
  std::optional<std::chrono::nanoseconds> captured_at;  // Unix time, by the sender's clock
  base::Duration delay{};
  std::uint8_t provenance = 0;  // set of jitter::Provenance, over the whole frame
  std::uint32_t concealed_samples = 0;
  std::uint32_t gap_before = 0;  // RTP ticks missing before it
  std::uint32_t samples = 0;     // per channel
  std::size_t offset = 0;        // into StreamOutput::samples
};

struct StreamOutput {
  base::Outbox<StreamFrame> frames;
  std::vector<std::int16_t> samples;  // interleaved, all frames one behind the other

  std::span<const std::int16_t> of(const StreamFrame& frame, std::uint32_t channels) const {
    return std::span(samples).subspan(frame.offset, std::size_t{frame.samples} * channels);
  }

  void clear() {
    frames.clear();
    samples.clear();
  }
};

struct FrameFormat {
  std::uint32_t sample_rate = 48000;
  std::uint32_t channels = 1;
  base::Duration duration = std::chrono::milliseconds(10);
};

class FrameCutter {
 public:
  FrameCutter(const FrameFormat& format, std::uint32_t in_rate, std::uint32_t in_channels);

  // Appends a block; every frame it completes goes out, stamped `now`. A gap before the block
  // closes an open frame with zeros.
  void push(const jitter::Block& block, base::Instant now, StreamOutput& out);

  // The end of the stream: pushes what the filter still holds, and pads the last frame.
  void flush(base::Instant now, StreamOutput& out);

 private:
  // A stretch of samples of one origin, in output samples.
  struct Run {
    std::int64_t rtp_time = 0;
    std::size_t samples = 0;
    std::optional<base::Instant> received_at;
    base::Duration delay{};
    std::uint8_t provenance = 0;
    std::size_t concealed = 0;
    std::uint32_t gap_before = 0;
  };

  void append(Run run, std::span<const float> samples);
  void pad();
  void cut(base::Instant now, StreamOutput& out);
  void emit(base::Instant now, StreamOutput& out);
  void take_runs(std::size_t samples, StreamFrame& frame);
  std::size_t next_length() const;

  FrameFormat format_;
  std::uint32_t in_rate_;
  std::uint32_t in_channels_;
  std::optional<audio::Resampler> resampler_;
  std::int64_t latency_ = 0;    // of the resampler, in RTP ticks
  std::vector<float> pending_;  // of the frame being filled, in_channels_ wide
  std::vector<float> mixed_;
  std::vector<Run> runs_;  // of pending_
  Run last_;               // what was cut last
  bool pushed_ = false;
  std::int64_t fraction_ = 0;  // output samples owed, in 1e-9
};

}  // namespace sidetone::media
