// When the samples in the queue were pushed, as far as it matters: for the newest pushes. Older
// ones were queued long before they were due. Pushes within a millisecond count as one.
// Source: audio.md §2.5 (late packets), §2.6 (slow producer), §2.9 (capture time of live audio).
#pragma once

#include <cstdint>

#include "core/base/time.hpp"
#include "core/send/position_marks.hpp"

namespace sidetone::send {

class PushTimes {
 public:
  // Samples up to `end` were pushed at `at`.
  void add(std::int64_t end, base::Instant at) {
    constexpr base::Duration kOnePush = std::chrono::milliseconds(1);
    if (!marks_.empty() && at - marks_.back().what < kOnePush) {
      marks_.back().position = end;
      return;
    }
    // 64 pushes that count are at least 64 ms, more than the longest packet and the pause.
    if (marks_.size() == 64) forget_front();
    marks_.push(end, at);
  }

  // Nothing: long ago.
  base::Deadline of(std::int64_t sample) const {
    if (sample < forgotten_) return std::nullopt;
    const auto* mark = marks_.after(sample);
    return mark ? base::Deadline(mark->what) : std::nullopt;
  }

  void drop_before(std::int64_t head) {
    while (!marks_.empty() && marks_.front().position <= head) marks_.pop_front();
  }

  void erase_range(std::int64_t begin, std::int64_t end) {
    marks_.erase_range(begin, end);
    forgotten_ -= std::clamp(forgotten_, begin, end) - begin;
  }

 private:
  void forget_front() {
    forgotten_ = marks_.front().position;
    marks_.pop_front();
  }

  PositionMarks<base::Instant> marks_;
  std::int64_t forgotten_ = 0;
};

}  // namespace sidetone::send
