// Sample memory that travels with AudioFrames and comes back when they are destroyed, so that a
// reader's steady flow of frames allocates nothing. Lock-free: frames may be destroyed on any
// thread. What does not fit into the pool is freed as usual.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <sidetone/audio_frame.hpp>
#include <vector>

#include "core/audio/frame.hpp"

namespace sidetone::audio {

class FramePool : public std::enable_shared_from_this<FramePool> {
 public:
  static std::shared_ptr<FramePool> create() { return std::make_shared<FramePool>(); }

  // An owned frame whose samples are not initialised beyond what recycled memory held. Checks as
  // AudioFrame's constructor.
  AudioFrame frame(const Format& format, std::uint32_t samples_per_channel);

  void give_back(std::vector<std::int16_t>&& memory) noexcept;

 private:
  enum class State : std::uint8_t { vacant, busy, filled };

  struct Slot {
    std::atomic<State> state{State::vacant};
    std::vector<std::int16_t> memory;
  };

  // 320 ms of 10 ms frames between a reader and its frames' destruction.
  std::array<Slot, 32> slots_;
};

}  // namespace sidetone::audio
