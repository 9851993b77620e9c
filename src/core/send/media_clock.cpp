#include "core/send/media_clock.hpp"

#include <algorithm>

namespace sidetone::send {
namespace {

// b > 0; rounds towards the later.
constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

}  // namespace

void MediaClock::anchor(base::Instant t0) {
  if (anchored_) skip_to(t0);
  anchored_ = true;
  due_ = t0;
}

void MediaClock::skip(std::int64_t slots) {
  due_ += slots * packet_;
  rtp_time_ += slots * step();
}

void MediaClock::skip_to(base::Instant at) {
  skip(std::max<std::int64_t>(divide_up((at - due_).count(), packet_.count()), 0));
}

void MediaClock::skip_to_current(base::Instant at) {
  if (at > due_) skip((at - due_) / packet_);
}

void MediaClock::skip_rounded(base::Instant at) {
  skip_to_current(at + packet_ / 2);
}

base::Duration SlowProducer::on_packet(base::Duration lateness, base::Instant now) {
  // Less is within what senders' timers wander; ten seconds tell a slow clock from a bad moment.
  constexpr base::Duration kTolerated = std::chrono::milliseconds(5);
  constexpr base::Duration kWindow = std::chrono::seconds(10);
  if (lateness <= kTolerated) {
    since_.reset();
    return {};
  }
  least_ = since_ ? std::min(least_, lateness) : lateness;
  if (!since_) since_ = now;
  if (now - *since_ < kWindow) return {};
  since_.reset();
  return least_;
}

}  // namespace sidetone::send
