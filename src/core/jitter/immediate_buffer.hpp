// The receive buffer for transcription and recording: every slot as soon as it can be decoded,
// never stretched. A missing slot is waited for (as late as packets lately come, at most 300 ms),
// then repaired from in-band FEC, else it is a gap in the timestamps (or concealment, if asked
// for). Silence on purpose delivers nothing. What came before somebody read (Options::preroll)
// comes first.
//
// Machine: no clock, no thread; warm, it allocates nothing. Source: audio.md §3.15.
#pragma once

#include <cstdint>
#include <optional>

#include "core/audio/coder.hpp"
#include "core/jitter/buffer.hpp"
#include "core/jitter/copies.hpp"
#include "core/jitter/delay_window.hpp"
#include "core/jitter/packet_slots.hpp"
#include "core/jitter/playout_queue.hpp"
#include "core/jitter/slot_decoder.hpp"

namespace sidetone::jitter {

class ImmediateBuffer final : public Buffer {
 public:
  // The decoder must outlive the buffer.
  explicit ImmediateBuffer(audio::Decoder& decoder, const Options& options = {});

  void insert(const Packet& packet, base::Instant now) override;
  void set_reading(bool on, base::Instant now) override;
  base::Deadline next_deadline() const override;
  bool pull(base::Instant now, Block& block) override;
  void finish(base::Instant now) override;

  bool drained() const override { return finished_ && slots_.empty() && queue_.size() == 0; }

  const Counters& counters() const override { return counters_; }

 private:
  void restart(const Packet& packet);
  void place(const Copy& copy, base::Instant now);
  bool is_next(const Slot& slot) const;
  bool is_pause(const Slot& slot) const;
  base::Instant give_up_at(const Slot& next) const;
  void play();
  void bridge(const Slot& next);
  bool take_block(base::Instant now, Block& block);

  audio::Decoder& decoder_;
  Options options_;
  Counters counters_;
  PacketSlots slots_;
  PlayoutQueue queue_;
  SlotDecoder slot_decoder_;
  DelayWindow window_;
  bool reading_ = false;
  bool finished_ = false;
  std::optional<std::int64_t> position_;  // RTP time of the next slot; none before the first
  std::optional<std::int64_t> last_sequence_;
  std::optional<std::uint32_t> ssrc_;
  std::optional<std::int64_t> delivered_end_;  // RTP time
  std::optional<base::Instant> late_since_;
  bool asleep_ = false;
};

}  // namespace sidetone::jitter
