// What a source knows about its audio, in samples per channel, monotonic (but for `queued`).
// captured == played + discarded + queued, always. Source: audio.md §2.5.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::send {

// How late packets left: up to 1, 2, 5, 10, 20, 50, 100 ms after their slot was due, and later.
struct LatenessHistogram {
  std::array<std::uint64_t, 8> packets{};

  void add(base::Duration lateness);
};

struct Counters {
  std::int64_t captured = 0;       // taken over from pushes, waiting ones included
  std::int64_t played = 0;         // handed to the encoder in their slot, muted or not
  std::int64_t muted = 0;          // those of played that were replaced by zeros
  std::int64_t discarded = 0;      // voided by clear, cancel, timeout, close
  std::int64_t queued = 0;         // accepted, neither played nor discarded
  std::int64_t silence = 0;        // zeros sent in slots without data, and padding of tails
  std::int64_t padded = 0;         // the padding alone
  std::uint64_t packets = 0;       // of audio
  std::uint64_t underruns = 0;     // slots due without any data inside a talkspurt
  std::uint64_t late_packets = 0;  // whose audio was not complete when their slot was due
  LatenessHistogram lateness;      // of audio packets handed out

  friend bool operator==(const LatenessHistogram& a, const LatenessHistogram& b) {
    return a.packets == b.packets;
  }
};

}  // namespace sidetone::send
