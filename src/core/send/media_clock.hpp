// The grid of packet slots, and the RTP time of each. Slot n is due at t0 + n * p, in absolute
// nanoseconds: nothing accumulates. The clock stands at the next unused slot.
//
// Paced sources keep their grid; RTP time and wall clock then advance together, in whole packets.
// Live sources push their own grid along: complete() anchors it at the moment the audio was whole.
//
// Not thread-safe. Source: audio.md §2.6, §2.9.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::send {

// A producer this far behind the next slot has paused.
inline constexpr base::Duration kPauseAfter = std::chrono::milliseconds(60);
// Queued audio this late is not sent as a burst: the process was suspended.
inline constexpr base::Duration kSuspendedAfter = std::chrono::milliseconds(500);

class MediaClock {
 public:
  explicit MediaClock(base::Duration packet) : packet_(packet) {}

  // Before the first anchor() a clock has no slots: due() means nothing.
  bool anchored() const { return anchored_; }

  base::Duration packet() const { return packet_; }

  // RTP time of one slot, in 1/48000 s.
  std::int64_t step() const { return packet_.count() * 6 / 125'000; }

  base::Instant due() const { return due_; }

  std::int64_t rtp_time() const { return rtp_time_; }

  base::Instant pause_at() const { return due_ + kPauseAfter; }

  // The next slot is due at `t0`. If there was a grid before, RTP time makes up for the whole
  // packets in between.
  void anchor(base::Instant t0);

  // The next slot has been used.
  void advance() { skip(1); }

  void skip(std::int64_t slots);

  // Moves on to the first slot due at or after `at`; never back.
  void skip_to(base::Instant at);
  // Moves on to the slot that is due at `at`: the last one not after it; never back.
  void skip_to_current(base::Instant at);
  // Live: moves on by the elapsed time since the next slot was due, rounded to whole packets.
  void skip_rounded(base::Instant at);

  // Live: the slot before the next one was complete at `at`.
  void complete(base::Instant at) { due_ = at + packet_; }

  // A slow producer's grid: every slot from here on is due later by this.
  void delay(base::Duration by) { due_ += by; }

  // Another packet length from the next slot on.
  void set_packet(base::Duration packet) { packet_ = packet; }

 private:
  bool anchored_ = false;
  base::Duration packet_;
  base::Instant due_{};
  std::int64_t rtp_time_ = 0;
};

// Finds a producer whose clock is slower than ours: every packet of ten seconds was late.
class SlowProducer {
 public:
  // Notes how late a packet's audio was complete (zero or less: in time). Returns by how much the
  // grid should move, or zero.
  base::Duration on_packet(base::Duration lateness, base::Instant now);

 private:
  base::Deadline since_;
  base::Duration least_{};
};

}  // namespace sidetone::send
