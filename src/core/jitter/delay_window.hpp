// What the last eight seconds say about the network: how early packets can be, how late they get,
// and how long they have been waiting here for nothing. Eight buckets of a second each; the worst
// bucket is ignored, so that one stray packet moves nothing. Not thread-safe. Source: audio.md
// §3.3, in the simple form that the adaptive engine will replace.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/base/time.hpp"

namespace sidetone::jitter {

// Values fall into buckets by the time they are seen.
class SlidingBuckets {
 public:
  static constexpr std::size_t kBuckets = 8;
  static constexpr base::Duration kSpan = std::chrono::seconds(1);

  void add(base::Duration value, base::Instant now);
  void shift(base::Duration by);  // all values
  void clear();

  std::optional<base::Duration> least() const;
  std::optional<base::Duration> most() const;
  // Of the buckets' own least (most) values the second; nothing before there are two buckets.
  std::optional<base::Duration> second_least() const;
  std::optional<base::Duration> second_most() const;

 private:
  struct Bucket {
    base::Duration least{};
    base::Duration most{};
  };

  void turn(base::Instant now);

  std::array<Bucket, kBuckets> buckets_;
  std::size_t used_ = 0;
  std::size_t head_ = 0;  // the bucket being filled
  base::Instant until_{};
};

class DelayWindow {
 public:
  // `transit`: arrival minus RTP time.
  void on_packet(base::Duration transit, base::Instant now);

  // How long a packet had been here when it was needed; negative: it was late.
  void on_played(base::Duration waited, base::Instant now) { spare_.add(waited, now); }

  // The stream was moved earlier (negative) or later by so much.
  void on_moved(base::Duration by) { spare_.shift(by); }

  void forget_spare() { spare_.clear(); }

  void clear();

  // The route's smallest transit.
  base::Duration baseline() const { return baseline_; }

  // How much later than that packets come, the odd one excepted.
  base::Duration lateness() const;

  // By how much every packet but the odd one was too early.
  base::Duration spare() const { return spare_.second_least().value_or(base::Duration(0)); }

  bool has_spare() const { return spare_.second_least().has_value(); }

 private:
  SlidingBuckets transit_;
  SlidingBuckets spare_;
  base::Duration baseline_{};
  std::optional<base::Duration> candidate_;  // a new least value, unconfirmed
  base::Instant candidate_since_{};
  bool started_ = false;
};

}  // namespace sidetone::jitter
