// The receive buffer in real time: 10 ms blocks at a cadence locked to the packets, continuous from
// the moment somebody reads.
//
// What is lost is repaired from RED, in-band FEC or concealment. What is late is waited for
// ("holding": concealment that consumes no media, at most hold_cap), which is how the delay grows;
// it shrinks again by what eight seconds of packets did not need: the cadence runs up to 1 % fast,
// low energy is cut, and beyond 60 ms also speech, with a cross-fade. Silence on purpose (DTX,
// mute, pause) is no loss: zeros or comfort noise, and the next packet is placed anew.
//
// A simple control law; the adaptive engine replaces it behind this façade. Machine: no clock, no
// thread; warm, it allocates nothing. Source: audio.md §3.2, §3.6–3.12.
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

class JitterBuffer final : public Buffer {
 public:
  // The decoder must outlive the buffer.
  explicit JitterBuffer(audio::Decoder& decoder, const Options& options = {});

  void insert(const Packet& packet, base::Instant now) override;
  void set_reading(bool on, base::Instant now) override;
  base::Deadline next_deadline() const override;
  bool pull(base::Instant now, Block& block) override;
  void finish(base::Instant now) override;

  bool drained() const override { return state_ == State::drained; }

  const Counters& counters() const override { return counters_; }

 private:
  enum class State : std::uint8_t {
    idle,       // nobody reads: packets are kept, nothing is decoded
    waiting,    // reading, no packet yet: silence
    playing,    // the cadence is locked to the packets
    finishing,  // no packet will come: what is here is played out
    drained,
  };

  // ---- jitter_buffer_insert.cpp: packets
  void restart(const Packet& packet);
  void place(const Copy& copy, base::Instant now);
  bool is_older(const Copy& copy) const;
  void on_late(const Copy& copy, base::Instant now);
  void resync(const Copy& copy);
  void start(base::Instant now);
  void go_live(base::Instant now);

  // ---- jitter_buffer.cpp: the tick
  bool must_wait(base::Instant now);
  void skip_missed_ticks(base::Instant now);
  void fill(base::Instant tick);
  void fill_step(base::Instant tick);
  void play(const Slot& slot, base::Instant tick);
  void fill_pause(const Slot* next, bool asleep, base::Instant tick);
  void fill_loss(const Slot& next, base::Instant tick);
  void fill_void();
  bool finish_block(base::Instant now, Block& block);
  void deliver(base::Instant tick, Block& block);

  // ---- jitter_buffer_control.cpp: delay
  void shrink(base::Instant tick);
  void skip_ahead(base::Instant tick);
  bool cut_quiet(std::size_t unit);
  void cut_with_fade(std::size_t unit);
  base::Duration slew() const;

  bool quiet(base::Instant tick) const;
  bool is_here(const Slot* slot) const;
  base::Duration transit(base::Instant at, std::int64_t rtp_time) const;
  base::Duration target() const;
  base::Instant due(const Slot& slot) const;

  std::size_t block_samples() const { return decoder_.sample_rate() / 100; }

  audio::Decoder& decoder_;
  Options options_;
  Counters counters_;
  PacketSlots slots_;
  PlayoutQueue queue_;
  SlotDecoder slot_decoder_;
  DelayWindow window_;
  State state_ = State::idle;

  std::int64_t position_ = 0;                  // RTP time of the next slot to decode
  std::int64_t decoded_end_ = 0;               // end of the last slot that was decoded
  std::int64_t held_ = 0;                      // ticks of concealment that consumed no media
  bool given_up_ = false;                      // holding reached its cap; until a packet is decoded
  bool asleep_ = false;                        // the last packet was a DTX packet
  int silent_slots_ = 0;                       // in a row
  bool concealed_ = false;                     // in this tick
  bool fresh_ = false;                         // the first packet came, no tick since
  std::optional<std::int64_t> last_sequence_;  // of the last decoded primary
  std::optional<std::uint32_t> ssrc_;
  base::Instant last_arrival_{};
  std::optional<base::Instant> late_since_;

  base::Instant tick_{};                // when the next block is due
  std::optional<base::Instant> grace_;  // until when the tick waits for its packet
  base::Instant finish_by_{};
  base::Instant last_cut_{};
};

}  // namespace sidetone::jitter
