#include "core/jitter/jitter_buffer.hpp"

#include <algorithm>
#include <cstdlib>

namespace sidetone::jitter {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr base::Duration kTick = milliseconds(10);
constexpr std::int64_t kTickTicks = 10 * kTicksPerMs;
// A tick may wait this long for the packet it needs (audio.md §3.6).
constexpr base::Duration kGrace = milliseconds(2);
// A caller that overslept may not have read its socket yet: it gets a moment for that, or its own
// lateness would look like the network's.
constexpr base::Duration kReadFirst = microseconds(500);
// An overslept caller gets this many blocks at once, not more.
constexpr std::int64_t kCatchUp = 2;
// Nothing for so long is silence, not loss.
constexpr base::Duration kNothingIsQuiet = std::chrono::seconds(1);
constexpr int kSilentSlotsAreQuiet = 3;
// More than this was not waiting for us: it is a backlog that nobody read.
constexpr base::Duration kBacklog = milliseconds(200);
// Timestamps of injected silence step by 961 (wire_protocol.md §6.3): near enough is there. Less
// than half of the shortest packet.
constexpr std::int64_t kTolerance = 48;

}  // namespace

JitterBuffer::JitterBuffer(audio::Decoder& decoder, const Options& options)
    : decoder_(decoder),
      options_(options),
      queue_(decoder.sample_rate(), decoder.channels()),
      slot_decoder_(decoder, queue_, counters_) {}

void JitterBuffer::set_reading(bool on, base::Instant now) {
  if (on && state_ == State::idle) {
    state_ = State::waiting;
    tick_ = now;
    if (!slots_.empty()) go_live(now);
  } else if (!on && (state_ == State::waiting || state_ == State::playing)) {
    state_ = State::idle;
    queue_.clear();
  }
}

void JitterBuffer::finish(base::Instant now) {
  if (state_ == State::drained || state_ == State::finishing) return;
  // Audio that is here leaves at its pace, but the end is told within 100 ms (audio.md §3.17).
  finish_by_ = now + milliseconds(80);
  state_ = state_ == State::playing ? State::finishing : State::drained;
}

base::Deadline JitterBuffer::next_deadline() const {
  switch (state_) {
    case State::idle:
    case State::drained: return std::nullopt;
    case State::finishing: return std::min(tick_, finish_by_);
    case State::waiting:
    case State::playing: return grace_ ? *grace_ : tick_;
  }
  return std::nullopt;
}

bool JitterBuffer::pull(base::Instant now, Block& block) {
  if (!base::is_due(next_deadline(), now)) return false;
  if (state_ == State::finishing) return finish_block(now, block);
  if (fresh_) {
    fresh_ = false;
    if (!slots_.empty() && tick_ - due(*slots_.first()) > kBacklog) go_live(now);
    if (tick_ > now) return false;
  }
  skip_missed_ticks(now);
  if (must_wait(now)) return false;
  grace_.reset();
  auto tick = tick_;
  concealed_ = false;
  fill(tick);
  if (state_ == State::playing && !concealed_) shrink(tick);
  deliver(tick, block);
  auto correction = concealed_ ? base::Duration(0) : slew();
  window_.on_moved(correction);
  tick_ = tick + kTick + correction;
  return true;
}

// Whether the packet this tick needs may still come in a moment.
bool JitterBuffer::must_wait(base::Instant now) {
  auto missing = state_ == State::playing && queue_.size() < block_samples() && slots_.empty() &&
                 !given_up_ && !quiet(tick_);
  if (!missing) return false;
  if (!grace_) grace_ = std::max(tick_ + kGrace, now + kReadFirst);
  return now < *grace_;
}

void JitterBuffer::skip_missed_ticks(base::Instant now) {
  auto behind = (now - tick_) / kTick;
  if (behind <= kCatchUp) return;
  counters_.missed_ticks += static_cast<std::uint64_t>(behind - kCatchUp);
  tick_ += (behind - kCatchUp) * kTick;
}

void JitterBuffer::fill(base::Instant tick) {
  if (state_ == State::waiting) {
    slot_decoder_.comfort(position_, kTickTicks, false);
    position_ += kTickTicks;
    return;
  }
  while (queue_.size() < block_samples()) fill_step(tick);
}

void JitterBuffer::fill_step(base::Instant tick) {
  while (slots_.first() != nullptr && slots_.first()->end() <= position_ + kTolerance &&
         !quiet(tick)) {
    ++counters_.late;
    ++counters_.packets_discarded;
    slots_.pop_first();
  }
  const auto* next = slots_.first();
  if (next == nullptr) return quiet(tick) ? fill_pause(nullptr, asleep_, tick) : fill_void();
  if (is_here(next)) return play(*next, tick);
  // Contiguous numbers: the sender was silent on purpose, whatever the timestamps say.
  auto pause = next->sequence && last_sequence_ && *next->sequence == *last_sequence_ + 1;
  if (pause || quiet(tick)) return fill_pause(next, asleep_, tick);
  return fill_loss(*next, tick);
}

bool JitterBuffer::is_here(const Slot* slot) const {
  return slot != nullptr && slot->rtp_time <= position_ + kTolerance &&
         slot->end() > position_ + kTolerance;
}

void JitterBuffer::play(const Slot& slot, base::Instant tick) {
  auto skip = position_ - slot.rtp_time;
  if (skip <= kTolerance) skip = 0;
  // Whole blocks that are here already are delivered before it is needed.
  auto blocks = static_cast<std::int64_t>(queue_.size() / block_samples());
  window_.on_played(tick + blocks * kTick - slot.arrival, tick);
  auto was_quiet = quiet(tick);
  slot_decoder_.decode(slot, skip);
  position_ = slot.end();
  decoded_end_ = position_;
  counters_.inserted_samples_for_deceleration += static_cast<std::uint64_t>(held_);
  held_ = 0;
  given_up_ = false;
  asleep_ = slot.info.dtx;
  if (!slot_decoder_.was_silent())
    silent_slots_ = 0;
  else
    silent_slots_ = was_quiet ? kSilentSlotsAreQuiet : silent_slots_ + 1;
  if (slot.sequence) last_sequence_ = slot.sequence;
  slots_.pop_first();
}

// Silence on purpose follows the wall clock; what comes after it is placed at the target.
void JitterBuffer::fill_pause(const Slot* next, bool asleep, base::Instant tick) {
  held_ = 0;
  if (next != nullptr && due(*next) <= tick + milliseconds(1)) {
    if (position_ != next->rtp_time) window_.forget_spare();
    position_ = next->rtp_time;
    return;
  }
  slot_decoder_.comfort(position_, kTickTicks, asleep);
  position_ += kTickTicks;
}

// A newer packet is here and this one is not.
void JitterBuffer::fill_loss(const Slot& next, base::Instant tick) {
  auto missing = next.rtp_time - position_;
  auto repairable = missing == next.info.fec_duration;
  auto margin = transit(tick, position_) - window_.baseline();
  auto worth_waiting = margin < target() - microseconds(500) && !given_up_;
  if (state_ == State::playing && !repairable && worth_waiting) return fill_void();
  concealed_ = true;
  auto ticks = std::min(missing, slot_decoder_.last_duration());
  auto covered = std::min(held_, ticks);
  held_ -= covered;
  window_.on_moved(-to_duration(covered));
  ++counters_.lost_slots;
  if (!(repairable && slot_decoder_.recover(next, missing, covered)) && ticks > covered)
    slot_decoder_.conceal(position_ + covered, ticks - covered);
  position_ += repairable ? missing : ticks;
}

// Nothing is here: lost or late, nobody knows. Holding costs nothing if it was lost, because the
// held audio then stands for it.
void JitterBuffer::fill_void() {
  concealed_ = true;
  slot_decoder_.conceal(position_ + held_, kTickTicks);
  if (given_up_) {
    position_ += kTickTicks;
    return;
  }
  held_ += kTickTicks;
  ++counters_.holds;
  window_.on_moved(kTick);
  if (held_ >= to_ticks(options_.hold_cap)) {
    given_up_ = true;
    position_ += held_;
    window_.on_moved(-to_duration(held_));
    held_ = 0;
  }
}

bool JitterBuffer::finish_block(base::Instant now, Block& block) {
  auto tick = std::min(tick_, now);
  while (queue_.size() < block_samples() && slots_.first() != nullptr) {
    const auto& next = *slots_.first();
    if (next.end() <= position_ + kTolerance) {
      slots_.pop_first();
      continue;
    }
    if (is_here(&next) || next.rtp_time - position_ > 5 * slot_decoder_.last_duration() ||
        quiet(tick)) {
      position_ = std::max(position_, next.rtp_time);
      play(next, tick);
    } else {
      fill_loss(next, tick);
    }
  }
  if (queue_.size() == 0) {
    state_ = State::drained;
    return false;
  }
  deliver(tick, block);
  tick_ = tick + kTick;
  return true;
}

void JitterBuffer::deliver(base::Instant tick, Block& block) {
  auto samples = std::min(queue_.size(), block_samples());
  block = queue_.describe(samples);
  queue_.consume(samples);
  if (state_ != State::waiting) {
    auto delay = transit(tick, block.rtp_time) - window_.baseline();
    block.delay = std::max(delay, base::Duration(0));
  }
  auto ticks = static_cast<std::uint64_t>(samples) * 48'000 / decoder_.sample_rate();
  counters_.total_samples_received += ticks;
  counters_.current_delay = block.delay;
  counters_.target_delay = target();
  if (block.received_at) {
    auto per_sample = static_cast<std::int64_t>(ticks);
    counters_.jitter_buffer_emitted_count += ticks;
    counters_.jitter_buffer_delay +=
        std::max(tick - *block.received_at, base::Duration(0)) * per_sample;
    counters_.jitter_buffer_target_delay += target() * per_sample;
  }
}

bool JitterBuffer::quiet(base::Instant tick) const {
  return asleep_ || silent_slots_ >= kSilentSlotsAreQuiet ||
         tick - last_arrival_ >= kNothingIsQuiet;
}

}  // namespace sidetone::jitter
