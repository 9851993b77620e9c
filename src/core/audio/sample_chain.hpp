// Samples in a chain of fixed chunks: memory grows with what is stored and shrinks again, nothing
// is moved when the front is read, and a few spare chunks keep a steady flow free of allocations.
// Sample counts are per channel. Not thread-safe. Source: audio.md §2.3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sidetone::audio {

class SampleChain {
 public:
  explicit SampleChain(std::uint32_t channels) : channels_(channels) {}

  SampleChain(const SampleChain&) = delete;
  SampleChain& operator=(const SampleChain&) = delete;

  ~SampleChain() { clear(); }

  std::int64_t size() const { return static_cast<std::int64_t>(values_) / channels_; }

  // Interleaved; whole samples only.
  void append(std::span<const std::int16_t> samples);
  // Moves the oldest samples out; at most size() fit into `into`.
  void take(std::span<std::int16_t> into);
  // Removes `count` samples that have `after` samples behind them.
  void erase(std::int64_t count, std::int64_t after);
  void clear();

  std::size_t chunks() const { return chunks_; }

 private:
  // 8 KB: 85 ms of mono at 48 kHz.
  static constexpr std::size_t kChunkValues = 4096;
  static constexpr std::size_t kSpareChunks = 4;

  struct Chunk {
    std::unique_ptr<Chunk> next;
    std::array<std::int16_t, kChunkValues> values;
  };

  void add_chunk();
  void drop_first();
  void drop_last(std::size_t count);
  void recycle(std::unique_ptr<Chunk> chunk);

  std::size_t channels_;
  std::unique_ptr<Chunk> first_;
  Chunk* last_ = nullptr;
  std::size_t read_ = 0;    // values of the first chunk already taken
  std::size_t values_ = 0;  // stored
  std::size_t chunks_ = 0;
  std::unique_ptr<Chunk> spare_;
  std::size_t spares_ = 0;
};

}  // namespace sidetone::audio
