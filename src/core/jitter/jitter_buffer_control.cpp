// The half of JitterBuffer that makes the delay shorter again.
#include <algorithm>

#include "core/jitter/jitter_buffer.hpp"

namespace sidetone::jitter {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Packets should be here so long before they are needed.
constexpr base::Duration kGuard = microseconds(300);
constexpr base::Duration kSlack = milliseconds(1);
// 1 % of the tick: inaudible, and enough for any drift of clocks (audio.md §3.11).
constexpr base::Duration kSlew = microseconds(100);
// So much too much is cut out of speech as well, at most every 250 ms.
constexpr base::Duration kCutSpeech = milliseconds(60);
constexpr base::Duration kBetweenCuts = milliseconds(250);
constexpr base::Duration kRunaway = milliseconds(500);
// -60 dBFS mean square.
constexpr float kLowEnergy = 1e-6F;

float mean_square(std::span<const float> samples) {
  float sum = 0;
  for (auto sample : samples) sum += sample * sample;
  return samples.empty() ? 0 : sum / static_cast<float>(samples.size());
}

}  // namespace

void JitterBuffer::shrink(base::Instant tick) {
  if (queue_.size() < block_samples()) return;
  skip_ahead(tick);
  auto unit = block_samples();
  auto spare = window_.spare() - options_.min_delay;
  if (spare < milliseconds(10) + kGuard) return;
  // There must be something to go on with.
  if (queue_.size() < 2 * unit) {
    if (!is_here(slots_.first())) return;
    play(*slots_.first(), tick);
    if (queue_.size() < 2 * unit) return;
  }
  if (!cut_quiet(unit)) {
    if (spare < kCutSpeech || tick - last_cut_ < kBetweenCuts) return;
    last_cut_ = tick;
    cut_with_fade(unit);
  }
  counters_.removed_samples_for_acceleration += 10 * kTicksPerMs;
  window_.on_moved(-milliseconds(10));
}

bool JitterBuffer::cut_quiet(std::size_t unit) {
  if (mean_square(queue_.front(unit)) >= kLowEnergy) return false;
  queue_.consume(unit);
  return true;
}

void JitterBuffer::cut_with_fade(std::size_t unit) {
  auto both = queue_.front(2 * unit);
  auto channels = decoder_.channels();
  auto fade = unit / 2;
  for (std::size_t i = 0; i < fade; ++i) {
    auto weight = static_cast<float>(i) / static_cast<float>(fade);
    for (std::size_t c = 0; c < channels; ++c) {
      auto& after = both[(unit + i) * channels + c];
      after = both[i * channels + c] * (1 - weight) + after * weight;
    }
  }
  queue_.consume(unit);
  queue_.mark(kStretched);
}

// A delay of half a second beyond the target is not worth draining: what is newest is what matters.
void JitterBuffer::skip_ahead(base::Instant tick) {
  const auto* newest = slots_.newest();
  auto delay = transit(tick, queue_.front_time()) - window_.baseline();
  if (newest == nullptr || delay < 2 * target() || delay < target() + kRunaway) return;
  if (transit(newest->arrival, newest->rtp_time) - window_.baseline() > kRunaway) {
    // Even the newest packet is that late: the route or the sender's clock has changed.
    window_.clear();
    window_.on_packet(transit(newest->arrival, newest->rtp_time), tick);
    return;
  }
  ++counters_.skips;
  while (slots_.size() > 1 &&
         due(*slots_.first()) + to_duration(slots_.first()->info.duration) <= tick) {
    ++counters_.packets_discarded;
    slots_.pop_first();
  }
  position_ = slots_.first()->rtp_time;
  window_.clear();
  window_.on_packet(transit(newest->arrival, newest->rtp_time), tick);
}

// A correction of the tick's distance to the next one: packets set the phase of the cadence.
base::Duration JitterBuffer::slew() const {
  if (state_ != State::playing || !window_.has_spare()) return base::Duration(0);
  auto spare = window_.spare() - options_.min_delay;
  if (spare > kGuard + kSlack) return -kSlew;
  if (spare < base::Duration(0)) return kSlew;
  return base::Duration(0);
}

}  // namespace sidetone::jitter
