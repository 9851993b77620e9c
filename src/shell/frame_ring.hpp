// The bounded queue between a stream's strand and its readers: lock-free, several of each, first in
// first out. Either end may find the other one in the middle of a step and is then told "full" or
// "empty"; nobody waits for anybody. (Vyukov's bounded queue: each cell's turn number says whether
// it may be written or read.)
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <sidetone/audio_stream.hpp>
#include <utility>

namespace sidetone::shell {

class FrameRing {
 public:
  // Room for the next power of two.
  explicit FrameRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), cells_(std::make_unique<Cell[]>(mask_ + 1)) {
    for (std::size_t i = 0; i <= mask_; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  // Moves from `event` if there is room, else leaves it.
  bool push(AudioFrameEvent& event) noexcept {
    auto at = tail_.load(std::memory_order_relaxed);
    while (true) {
      auto& cell = cells_[at & mask_];
      auto turn = cell.turn.load(std::memory_order_acquire);
      if (turn == at) {
        if (!tail_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
        cell.event = std::move(event);
        cell.turn.store(at + 1, std::memory_order_release);
        return true;
      }
      if (turn < at + 1) return false;
      at = tail_.load(std::memory_order_relaxed);
    }
  }

  bool pop(AudioFrameEvent& event) noexcept {
    auto at = head_.load(std::memory_order_relaxed);
    while (true) {
      auto& cell = cells_[at & mask_];
      auto turn = cell.turn.load(std::memory_order_acquire);
      if (turn == at + 1) {
        if (!head_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
        event = std::move(cell.event);
        cell.turn.store(at + mask_ + 1, std::memory_order_release);
        return true;
      }
      if (turn < at + 1) return false;
      at = head_.load(std::memory_order_relaxed);
    }
  }

  // As of some moment during the call.
  std::size_t size() const noexcept {
    auto head = head_.load(std::memory_order_relaxed);
    auto tail = tail_.load(std::memory_order_relaxed);
    return tail > head ? tail - head : 0;
  }

  std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    AudioFrameEvent event;
  };

  std::size_t mask_;
  std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace sidetone::shell
