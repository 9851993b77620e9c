// Decoded samples on their way out, and where each stretch of them came from. Contiguous, so that
// a block is a view; warm, it allocates nothing. Sample counts are per channel at the decoder's
// rate. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/jitter/buffer.hpp"

namespace sidetone::jitter {

struct Origin {
  std::int64_t rtp_time = 0;  // of the first sample
  std::optional<base::Instant> received_at;
  std::uint8_t provenance = 0;
};

class PlayoutQueue {
 public:
  PlayoutQueue(std::uint32_t sample_rate, std::uint32_t channels)
      : ticks_per_sample_(48'000 / sample_rate), channels_(channels) {}

  // Room for `samples` more behind the end, to decode into; append() makes them part of the queue.
  std::span<float> room(std::size_t samples);
  // The first `samples` of the room, without the first `skip` of them.
  void append(const Origin& origin, std::size_t samples, std::size_t skip = 0);

  std::size_t size() const { return samples_; }

  // The first `samples`; valid until the next call that changes the queue.
  std::span<float> front(std::size_t samples) {
    return std::span(memory_).subspan(head_ * channels_, samples * channels_);
  }

  // Of the first sample; the queue is not empty.
  std::int64_t front_time() const { return runs_[first_run_].origin.rtp_time; }

  // Samples of the same origin at the front.
  std::size_t front_run() const { return samples_ == 0 ? 0 : runs_[first_run_].samples; }

  // Describes the first `samples` (there are as many) in everything but delay and gap.
  Block describe(std::size_t samples);
  void consume(std::size_t samples);
  // Marks all that is here.
  void mark(std::uint8_t provenance);
  void clear();

 private:
  struct Run {
    Origin origin;
    std::size_t samples = 0;
  };

  void compact();

  std::int64_t ticks_per_sample_;
  std::uint32_t channels_;
  std::vector<float> memory_;
  std::size_t head_ = 0;     // samples
  std::size_t samples_ = 0;  // behind head_
  std::vector<Run> runs_;
  std::size_t first_run_ = 0;
};

}  // namespace sidetone::jitter
