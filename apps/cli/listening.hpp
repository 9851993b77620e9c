// What a listener can prove from sound alone: by how much the heard signal trails the pushed one,
// and how alike they are. No clock of the engine is believed: only the audio, the moments it was
// pushed and the moments it was delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sidetone::cli {

// One side of a call at 48 kHz mono: the audio, and when each 10 ms frame of it passed the edge.
class Tape {
 public:
  static constexpr int kRate = 48000;

  // `nanoseconds` of CLOCK_MONOTONIC: when the frame was pushed, or when it was delivered.
  void append(std::span<const std::int16_t> frame, std::int64_t nanoseconds);

  const std::vector<float>& samples() const { return samples_; }

  // When sample `index` was playable, had the first sample of its frame been playable at the
  // frame's moment.
  double playable_at_ms(std::size_t index) const;
  // When sample `index` was captured: a frame is pushed when its last sample is complete.
  double captured_at_ms(std::size_t index) const;

 private:
  struct Mark {
    std::size_t first;
    std::size_t length;
    std::int64_t nanoseconds;
  };

  const Mark* mark_of(std::size_t index) const;

  std::vector<float> samples_;
  std::vector<Mark> marks_;
};

struct Comparison {
  // After 300-3400 Hz and alignment, 0 to 1: the mean over half seconds of speech, weighted by
  // their energy, each aligned within 60 ms of the common delay. What was not heard counts as 0.
  double correlation = 0;
  std::vector<double> delays_ms;  // mouth to ear, one per window of speech, in order
  std::optional<std::size_t>
      offset;  // the common delay: index in `heard` of the first pushed sample
};

// Compares what was pushed with what was heard. Windows without speech, or without a clear match,
// give no delay.
Comparison compare(const Tape& pushed, const Tape& heard);

// Nearest-rank percentile of unsorted values; 0 when there are none.
double percentile(std::vector<double> values, double percent);

// 300-3400 Hz, two cascaded second-order sections each way (RBJ cookbook), at 48 kHz.
std::vector<float> telephone_band(std::span<const float> samples);

}  // namespace sidetone::cli
