#include "core/audio/frame_pool.hpp"

#include <utility>

namespace sidetone::audio {

AudioFrame FramePool::frame(const Format& format, std::uint32_t samples_per_channel) {
  std::vector<std::int16_t> memory;
  for (auto& slot : slots_) {
    auto filled = State::filled;
    if (!slot.state.compare_exchange_strong(filled, State::busy, std::memory_order_acquire))
      continue;
    memory = std::move(slot.memory);
    slot.state.store(State::vacant, std::memory_order_release);
    break;
  }
  memory.resize(std::size_t{format.channels} * samples_per_channel);
  AudioFrame frame(std::move(memory), format.sample_rate, format.channels, samples_per_channel);
  frame.pool_ = shared_from_this();
  return frame;
}

void FramePool::give_back(std::vector<std::int16_t>&& memory) noexcept {
  for (auto& slot : slots_) {
    auto vacant = State::vacant;
    if (!slot.state.compare_exchange_strong(vacant, State::busy, std::memory_order_acquire))
      continue;
    slot.memory = std::move(memory);
    slot.state.store(State::filled, std::memory_order_release);
    return;
  }
}

}  // namespace sidetone::audio
