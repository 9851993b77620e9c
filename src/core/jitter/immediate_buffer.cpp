#include "core/jitter/immediate_buffer.hpp"

#include <algorithm>
#include <cstdlib>

namespace sidetone::jitter {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kTolerance = 48;             // as in jitter_buffer.cpp
constexpr std::int64_t kJump = 5000 * kTicksPerMs;  // audio.md §3.12
constexpr base::Duration kAllLate = milliseconds(100);
// A reordered packet comes within this beyond the usual lateness; a retransmission within the most.
constexpr base::Duration kPatience = milliseconds(40);
constexpr base::Duration kMostPatience = milliseconds(300);
// So much is concealed inside the decoder, unheard, to keep its state in step (audio.md §3.15).
constexpr int kSilentlyConcealed = 3;

}  // namespace

ImmediateBuffer::ImmediateBuffer(audio::Decoder& decoder, const Options& options)
    : decoder_(decoder),
      options_(options),
      queue_(decoder.sample_rate(), decoder.channels()),
      slot_decoder_(decoder, queue_, counters_) {}

void ImmediateBuffer::insert(const Packet& packet, base::Instant now) {
  if (finished_) return;
  ++counters_.packets_received;
  if (ssrc_ != packet.ssrc) restart(packet);
  auto copies = split(packet, decoder_, counters_);
  for (const auto& copy : copies.all()) place(copy, now);
  auto evicted = slots_.evict();
  if (reading_) {
    counters_.overflows += evicted;
    counters_.packets_discarded += evicted;
  }
}

void ImmediateBuffer::restart(const Packet& packet) {
  auto first = !ssrc_;
  ssrc_ = packet.ssrc;
  if (first) return;
  slots_.clear();
  window_.clear();
  slot_decoder_.reset();
  position_.reset();
  last_sequence_.reset();
  delivered_end_.reset();
  late_since_.reset();
  asleep_ = false;
}

void ImmediateBuffer::place(const Copy& copy, base::Instant now) {
  if (position_ && std::llabs(copy.rtp_time - *position_) > kJump) {
    if (copy.red) return;
    if (copy.rtp_time < *position_ && last_sequence_ && *copy.sequence <= *last_sequence_) {
      ++counters_.late;
      ++counters_.packets_discarded;
      return;
    }
    ++counters_.resyncs;
    slots_.clear();
    position_ = copy.rtp_time;
    last_sequence_.reset();
    late_since_.reset();
  }
  if (position_ && copy.rtp_time + copy.info.duration <= *position_ + kTolerance) {
    if (copy.red) {
      ++counters_.fec_packets_discarded;
      return;
    }
    ++counters_.late;
    ++counters_.packets_discarded;
    if (!late_since_) late_since_ = now;
    if (now - *late_since_ < kAllLate) return;
    ++counters_.resyncs;
    late_since_.reset();
    slots_.clear();
    position_ = copy.rtp_time;
    last_sequence_.reset();
  }
  switch (slots_.insert(copy)) {
    case PacketSlots::Outcome::stored:
      window_.on_packet(copy.arrival.time_since_epoch() - to_duration(copy.rtp_time), now);
      if (!copy.red) late_since_.reset();
      break;
    case PacketSlots::Outcome::replaced: break;
    case PacketSlots::Outcome::duplicate:
      ++(copy.red ? counters_.fec_packets_discarded : counters_.duplicates);
      break;
  }
}

void ImmediateBuffer::set_reading(bool on, base::Instant /*now*/) {
  if (on && !reading_ && !slots_.empty())
    slots_.drop_before(slots_.newest()->end() - to_ticks(options_.preroll));
  reading_ = on;
}

void ImmediateBuffer::finish(base::Instant /*now*/) {
  finished_ = true;
}

bool ImmediateBuffer::is_next(const Slot& slot) const {
  return !position_ || slot.rtp_time <= *position_ + kTolerance;
}

// Contiguous numbers, or a sleeping encoder: nothing was lost, whatever the timestamps say.
bool ImmediateBuffer::is_pause(const Slot& slot) const {
  return asleep_ || (slot.sequence && last_sequence_ && *slot.sequence == *last_sequence_ + 1);
}

base::Instant ImmediateBuffer::give_up_at(const Slot& next) const {
  return next.arrival + std::min(window_.lateness() + kPatience, kMostPatience);
}

base::Deadline ImmediateBuffer::next_deadline() const {
  if (!reading_) return std::nullopt;
  const auto* next = slots_.first();
  if (queue_.size() != 0) return base::Instant::min();
  if (next == nullptr) return std::nullopt;
  if (finished_ || is_next(*next) || is_pause(*next)) return next->arrival;
  return give_up_at(*next);
}

bool ImmediateBuffer::pull(base::Instant now, Block& block) {
  while (base::is_due(next_deadline(), now)) {
    if (queue_.size() != 0) return take_block(now, block);
    const auto& next = *slots_.first();
    if (is_next(next))
      play();
    else if (is_pause(next))
      position_ = next.rtp_time;
    else
      bridge(next);
  }
  return false;
}

void ImmediateBuffer::play() {
  const auto& slot = *slots_.first();
  auto skip = position_ ? std::max<std::int64_t>(*position_ - slot.rtp_time, 0) : 0;
  if (skip < slot.info.duration) {
    slot_decoder_.decode(slot, skip > kTolerance ? skip : 0);
    position_ = slot.end();
  }
  asleep_ = slot.info.dtx;
  if (slot.sequence) last_sequence_ = slot.sequence;
  // The decoder has heard it; the reader learns of silence from the timestamps.
  if (slot.info.dtx || slot.info.silence) queue_.clear();
  slots_.pop_first();
}

// The slots before `next` will not come.
void ImmediateBuffer::bridge(const Slot& next) {
  auto last = slot_decoder_.last_duration();
  auto missing = next.rtp_time - *position_;
  auto lost = (missing + last - 1) / last;
  counters_.lost_slots += static_cast<std::uint64_t>(lost);
  auto fec = static_cast<std::int64_t>(next.info.fec_duration);
  auto unrepaired = fec != 0 && fec <= missing ? missing - fec : missing;
  for (std::int64_t i = 0; i < unrepaired && i < kSilentlyConcealed * last; i += last) {
    auto ticks = std::min(last, unrepaired - i);
    slot_decoder_.conceal(*position_ + i, ticks);
    if (!options_.fill_gaps) queue_.clear();
  }
  if (unrepaired != missing && !slot_decoder_.recover(next, fec, 0) && options_.fill_gaps)
    slot_decoder_.conceal(next.rtp_time - fec, fec);
  position_ = next.rtp_time;
}

bool ImmediateBuffer::take_block(base::Instant now, Block& block) {
  auto samples = queue_.front_run();
  block = queue_.describe(samples);
  queue_.consume(samples);
  auto ticks = static_cast<std::int64_t>(samples * 48'000 / decoder_.sample_rate());
  if (delivered_end_ && block.rtp_time - *delivered_end_ > kTolerance)
    block.gap_before = static_cast<std::uint32_t>(
        std::min<std::int64_t>(block.rtp_time - *delivered_end_, UINT32_MAX));
  delivered_end_ = block.rtp_time + ticks;
  auto delay = now.time_since_epoch() - to_duration(block.rtp_time) - window_.baseline();
  block.delay = std::max(delay, base::Duration(0));
  counters_.total_samples_received += static_cast<std::uint64_t>(ticks);
  counters_.current_delay = block.delay;
  if (block.received_at) {
    counters_.jitter_buffer_emitted_count += static_cast<std::uint64_t>(ticks);
    counters_.jitter_buffer_delay += std::max(now - *block.received_at, base::Duration(0)) * ticks;
  }
  return true;
}

}  // namespace sidetone::jitter
