// Turns slots into samples, and missing slots into the best guess: redundancy inside the next
// packet, else Opus' own concealment, fading to silence after 120 ms. One decoder lives as long as
// the SSRC and is never fed out of order. Not thread-safe. Source: audio.md §3.8, §3.10, §3.13.
#pragma once

#include <cstdint>

#include "core/audio/coder.hpp"
#include "core/jitter/buffer.hpp"
#include "core/jitter/packet_slots.hpp"
#include "core/jitter/playout_queue.hpp"

namespace sidetone::jitter {

class SlotDecoder {
 public:
  SlotDecoder(audio::Decoder& decoder, PlayoutQueue& queue, Counters& counters)
      : decoder_(decoder), queue_(queue), counters_(counters) {}

  // The slot's samples without the first `skip` ticks. What cannot be decoded is concealed.
  void decode(const Slot& slot, std::int64_t skip);
  // The `ticks` before `next`, from the redundancy in it; false: it has none, nothing happened.
  bool recover(const Slot& next, std::int64_t ticks, std::int64_t skip);
  // A guess at `ticks` of media, counted as concealment.
  void conceal(std::int64_t rtp_time, std::int64_t ticks);
  // Nothing was sent: comfort noise for a second after the encoder fell asleep, else zeros.
  void comfort(std::int64_t rtp_time, std::int64_t ticks, bool asleep);

  void reset();

  bool has_decoded() const { return last_duration_ != 0; }

  // Of the last real packet: what concealment of one slot lasts.
  std::int64_t last_duration() const { return last_duration_ == 0 ? 960 : last_duration_; }

  // Whether the last packet was digital silence, or decoded to it.
  bool was_silent() const { return silent_; }

 private:
  std::size_t samples_of(std::int64_t ticks) const {
    return static_cast<std::size_t>(ticks) * decoder_.sample_rate() / 48'000;
  }

  void failed();
  void count_concealment(std::int64_t ticks);
  std::size_t guess(std::span<float> into, std::int64_t ticks);
  void fade(std::span<float> samples, std::int64_t from, std::int64_t start) const;

  audio::Decoder& decoder_;
  PlayoutQueue& queue_;
  Counters& counters_;
  std::int64_t last_duration_ = 0;
  std::int64_t concealing_ = 0;  // ticks of concealment without a real packet
  std::int64_t comforting_ = 0;  // ticks of comfort noise likewise
  int failures_ = 0;             // in a row
  bool silent_ = false;
};

}  // namespace sidetone::jitter
