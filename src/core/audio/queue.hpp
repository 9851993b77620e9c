// The queue of a source: exact capacity, and behind it, in order, the pushes that wait for room,
// each with its samples. As the front is taken, the oldest waiting push is admitted sample by
// sample.
//
// Every sample has a position: how many were pushed before it and not cancelled in between. head()
// is the position of the oldest sample, tail() the one after the newest, waiting pushes included.
// clear() starts a new generation; positions go on.
//
// Sample counts are per channel, samples interleaved. Not thread-safe. Source: audio.md §2.3, §2.4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/audio/sample_chain.hpp"

namespace sidetone::audio {

using PushId = std::uint64_t;

class SampleQueue {
 public:
  struct Push {
    PushId id = 0;
    std::int64_t begin = 0;  // positions of its samples
    std::int64_t end = 0;

    std::int64_t taken(std::int64_t head) const;  // how many of them the front has passed
  };

  SampleQueue(std::uint32_t channels, std::int64_t capacity)
      : channels_(channels), chain_(channels), capacity_(capacity) {}

  std::int64_t capacity() const { return capacity_; }

  void set_capacity(std::int64_t samples) { capacity_ = samples; }

  std::int64_t size() const { return chain_.size(); }  // with what waits

  std::int64_t head() const { return head_; }

  std::int64_t tail() const { return head_ + size(); }

  // What still fits: 0 while a push waits.
  std::int64_t room() const;

  bool someone_waits() const { return !waiting_.empty(); }

  std::uint32_t generation() const { return generation_; }

  // Takes a copy. True: all of it is inside; false: it waits under `id`.
  bool push(PushId id, std::span<const std::int16_t> samples);

  // The oldest samples; at most size() fit into `into`. Ask admitted() afterwards.
  void take(std::span<std::int16_t> into);
  // The same without a reader; at most size().
  void drop(std::int64_t samples);

  // The next waiting push whose last sample is inside by now; it waits no longer.
  std::optional<Push> admitted();

  // Removes a waiting push with all its samples not yet taken, in the queue or behind it. The
  // samples behind it move up.
  std::optional<Push> cancel(PushId id);

  // Voids everything; returns how many samples. Ask voided() until nothing comes before the next
  // push.
  std::int64_t clear();
  // The pushes that waited when clear() came, oldest first. Their positions are those before it.
  std::optional<Push> voided();

 private:
  std::uint32_t channels_;
  SampleChain chain_;
  std::int64_t capacity_;
  std::int64_t head_ = 0;
  std::uint32_t generation_ = 0;
  std::vector<Push> waiting_;
  std::vector<Push> voided_;
};

}  // namespace sidetone::audio
