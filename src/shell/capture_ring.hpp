// Frames on their way from one real-time thread to whoever holds the source's lock: a ring that one
// side fills and the other empties, without a lock between them and without allocation. Sample
// counts are per channel.
//
// The reader says how far the writer may go (grant): a frame that is taken always fits the queue
// behind the ring.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/time.hpp"

namespace sidetone::shell {

class CaptureRing {
 public:
  CaptureRing(std::uint32_t channels, std::int64_t capacity)
      : channels_(channels),
        capacity_(capacity),
        values_(static_cast<std::size_t>(capacity) * channels) {}

  std::int64_t capacity() const { return capacity_; }

  // ---- the writer's side: one thread at a time

  // The whole frame or nothing.
  bool write(std::span<const std::int16_t> samples, base::Instant at) noexcept {
    auto count = static_cast<std::int64_t>(samples.size() / channels_);
    auto begin = written_.load(std::memory_order_relaxed);
    auto frame = frames_written_.load(std::memory_order_relaxed);
    if (begin + count > granted_.load(std::memory_order_acquire)) return false;
    if (frame - frames_read_.load(std::memory_order_acquire) == kMaxFrames) return false;
    auto start = static_cast<std::size_t>(begin % capacity_) * channels_;
    auto first = std::min(samples.size(), values_.size() - start);
    std::copy_n(samples.begin(), first, values_.begin() + static_cast<std::ptrdiff_t>(start));
    std::copy(samples.begin() + static_cast<std::ptrdiff_t>(first), samples.end(), values_.begin());
    frames_[static_cast<std::size_t>(frame % kMaxFrames)] = {begin + count, at};
    written_.store(begin + count, std::memory_order_relaxed);
    // Sequentially consistent: the writer then asks whether to wake the reader, who says so before
    // he looks here a last time. One of them sees the other.
    frames_written_.store(frame + 1, std::memory_order_seq_cst);
    return true;
  }

  // ---- the reader's side: under the source's lock

  bool empty() const {
    return frames_written_.load(std::memory_order_seq_cst) ==
           frames_read_.load(std::memory_order_relaxed);
  }

  // Hands every frame to `take(samples, at)`, in at most two pieces each.
  template <class Take>
  void drain(Take take) {
    auto frame = frames_read_.load(std::memory_order_relaxed);
    auto end = frames_written_.load(std::memory_order_seq_cst);
    for (; frame != end; ++frame) {
      const auto& next = frames_[static_cast<std::size_t>(frame % kMaxFrames)];
      auto count = static_cast<std::size_t>(next.end - read_) * channels_;
      auto start = static_cast<std::size_t>(read_ % capacity_) * channels_;
      auto first = std::min(count, values_.size() - start);
      take(std::span<const std::int16_t>(values_).subspan(start, first), next.at);
      if (count > first) take(std::span<const std::int16_t>(values_).first(count - first), next.at);
      read_ = next.end;
    }
    frames_read_.store(frame, std::memory_order_release);
  }

  // After drain(): the writer may bring this many samples more, as far as the ring holds them.
  void grant(std::int64_t samples) {
    granted_.store(read_ + std::clamp<std::int64_t>(samples, 0, capacity_),
                   std::memory_order_release);
  }

 private:
  // 2 s of frames of 2 ms.
  static constexpr std::int64_t kMaxFrames = 1024;

  struct Frame {
    std::int64_t end;
    base::Instant at;
  };

  std::size_t channels_;
  std::int64_t capacity_;
  std::vector<std::int16_t> values_;
  std::array<Frame, kMaxFrames> frames_{};
  std::atomic<std::int64_t> written_{0};  // samples
  std::atomic<std::int64_t> frames_written_{0};
  std::atomic<std::int64_t> frames_read_{0};
  std::atomic<std::int64_t> granted_{0};
  std::int64_t read_ = 0;
};

}  // namespace sidetone::shell
