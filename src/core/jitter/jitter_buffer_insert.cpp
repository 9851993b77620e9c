// The half of JitterBuffer that takes packets in.
#include <algorithm>
#include <cstdlib>

#include "core/jitter/jitter_buffer.hpp"

namespace sidetone::jitter {
namespace {

using std::chrono::milliseconds;

// Longer jumps are another timeline, not a gap (audio.md §3.12).
constexpr std::int64_t kJump = 5000 * kTicksPerMs;
// If everything is late for so long, it is we who run ahead (audio.md §3.6).
constexpr base::Duration kAllLate = milliseconds(100);
constexpr std::int64_t kTolerance = 48;  // see jitter_buffer.cpp
// The first tick comes so much behind its packet.
constexpr base::Duration kGuard = std::chrono::microseconds(300);
constexpr base::Duration kBlock = milliseconds(10);

}  // namespace

void JitterBuffer::insert(const Packet& packet, base::Instant now) {
  if (state_ == State::finishing || state_ == State::drained) return;
  ++counters_.packets_received;
  if (ssrc_ != packet.ssrc) restart(packet);
  last_arrival_ = std::max(last_arrival_, packet.arrival);
  auto copies = split(packet, decoder_, counters_);
  for (const auto& copy : copies.all()) place(copy, now);
  auto evicted = slots_.evict();
  if (state_ != State::idle) {
    counters_.overflows += evicted;
    counters_.packets_discarded += evicted;
  }
  if (state_ == State::waiting && !slots_.empty()) start(now);
  // The packet a tick was waiting for, perhaps.
  if (grace_ && !slots_.empty()) grace_ = now;
}

// Another sender: a timeline, a route and a codec state of its own. What was decoded still plays.
void JitterBuffer::restart(const Packet& packet) {
  auto first = !ssrc_;
  ssrc_ = packet.ssrc;
  if (first) return;
  slots_.clear();
  window_.clear();
  slot_decoder_.reset();
  last_sequence_.reset();
  late_since_.reset();
  grace_.reset();
  fresh_ = false;
  held_ = 0;
  given_up_ = false;
  asleep_ = false;
  silent_slots_ = 0;
  if (state_ == State::playing) state_ = State::waiting;
}

void JitterBuffer::place(const Copy& copy, base::Instant now) {
  auto live = state_ == State::playing;
  if (live && std::llabs(copy.rtp_time - position_) > kJump) {
    if (copy.red) return;
    if (is_older(copy)) return on_late(copy, now);
    resync(copy);
  }
  auto end = copy.rtp_time + copy.info.duration;
  // In silence nothing has been given up but what was played.
  auto played = quiet(now) ? std::min(position_, decoded_end_) : position_;
  if (live && end <= played + kTolerance) return on_late(copy, now);
  switch (slots_.insert(copy)) {
    case PacketSlots::Outcome::stored:
      window_.on_packet(transit(copy.arrival, copy.rtp_time), now);
      if (!copy.red) late_since_.reset();
      break;
    case PacketSlots::Outcome::replaced: break;
    case PacketSlots::Outcome::duplicate:
      ++(copy.red ? counters_.fec_packets_discarded : counters_.duplicates);
      break;
  }
}

// An old packet, not a new timeline.
bool JitterBuffer::is_older(const Copy& copy) const {
  return copy.rtp_time < position_ && last_sequence_ && copy.sequence &&
         *copy.sequence <= *last_sequence_;
}

void JitterBuffer::on_late(const Copy& copy, base::Instant now) {
  if (copy.red) {
    ++counters_.fec_packets_discarded;
    return;
  }
  if (copy.rtp_time + copy.info.duration == decoded_end_ ||
      (last_sequence_ && copy.sequence == last_sequence_)) {
    // The server's first silence packet repeats the last timestamp under a new number.
    ++counters_.duplicates;
    if (last_sequence_ && *copy.sequence == *last_sequence_ + 1) last_sequence_ = copy.sequence;
    return;
  }
  ++counters_.late;
  ++counters_.packets_discarded;
  window_.on_packet(transit(copy.arrival, copy.rtp_time), now);
  if (!late_since_) late_since_ = now;
  if (now - *late_since_ >= kAllLate) {
    resync(copy);
    slots_.insert(copy);
  }
}

void JitterBuffer::resync(const Copy& copy) {
  ++counters_.resyncs;
  slots_.clear();
  window_.clear();
  window_.on_packet(transit(copy.arrival, copy.rtp_time), copy.arrival);
  position_ = copy.rtp_time;
  decoded_end_ = copy.rtp_time;
  last_sequence_.reset();
  late_since_.reset();
  held_ = 0;
  given_up_ = false;
}

// The first packet sets the phase of the cadence and plays at once.
void JitterBuffer::start(base::Instant now) {
  while (slots_.first()->red && slots_.size() > 1) slots_.pop_first();
  const auto& first = *slots_.first();
  state_ = State::playing;
  fresh_ = true;
  position_ = first.rtp_time;
  decoded_end_ = first.rtp_time;
  tick_ = std::max(due(first) + kGuard, now);
}

// Packets that came before anybody read: only what a live stream would still have is played.
void JitterBuffer::go_live(base::Instant now) {
  state_ = State::playing;
  const auto* slot = slots_.first();
  while (slots_.size() > 1 && due(*slot) + to_duration(slot->info.duration) <= now) {
    slots_.pop_first();
    slot = slots_.first();
  }
  position_ = slot->rtp_time;
  decoded_end_ = position_;
  tick_ = std::max(due(*slot) + kGuard, now);
}

base::Duration JitterBuffer::transit(base::Instant at, std::int64_t rtp_time) const {
  return at.time_since_epoch() - to_duration(rtp_time);
}

base::Duration JitterBuffer::target() const {
  return std::clamp(std::min(window_.lateness(), options_.hold_cap), options_.min_delay,
                    std::max(options_.min_delay, options_.max_delay));
}

base::Instant JitterBuffer::due(const Slot& slot) const {
  // A packet shorter than a block needs the next ones too.
  auto rest = std::max(kBlock - to_duration(slot.info.duration), base::Duration(0));
  return base::Instant(to_duration(slot.rtp_time) + window_.baseline() + target() + rest);
}

}  // namespace sidetone::jitter
