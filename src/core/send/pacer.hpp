// The whole behaviour of an AudioSource, on virtual time: what is pushed comes out as packets, one
// per slot, and every operation that waits ends in one Completion.
//
// States: waiting (no grid yet: nothing captured, or held for want of a sink), talking (slots are
// filled as they fall due; a late packet goes out late, without moving the grid), paused (slots are
// skipped or filled with zeros; audio leaves in the first slot due at or after its completion).
// Live mode (queue_ms = 0) has no grid of its own: a packet is due when its last sample is pushed.
//
// Time: each call brings `now`; one earlier than the call before counts as that one's. Pauses and
// tails are dated by the rules, however late on_deadline() or take() come. At equal times a push
// comes before what would have happened for want of it.
//
// Units: samples per channel, interleaved int16 at the source's own rate. Errors are Outcomes.
// Allocates only while the queue grows or pushes wait. Not thread-safe.
// Source: audio.md §2.3–2.8, api.md §3.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/audio/queue.hpp"
#include "core/base/outbox.hpp"
#include "core/send/counters.hpp"
#include "core/send/media_clock.hpp"
#include "core/send/mute_gate.hpp"
#include "core/send/pacer_options.hpp"
#include "core/send/packet_sizes.hpp"
#include "core/send/pcm_packet.hpp"
#include "core/send/position_marks.hpp"
#include "core/send/push_times.hpp"

namespace sidetone::send {

// Chosen by the caller, unique among its pending operations. 0 = nobody waits, no Completion: for
// frames accepted elsewhere before, which count even if close() came in between.
using OpId = std::uint64_t;

enum class Outcome : std::uint8_t {
  done,       // a push: its last sample is in the queue; a wait: its last sample has left
  cleared,    // clear() came while it waited
  closed,     // close() came, before or while it waited
  cancelled,  // cancel()
  too_long,   // live mode: a frame over kMaxLiveFrame
};

struct Completion {
  OpId id = 0;
  Outcome outcome = Outcome::done;
  std::int64_t played = 0;  // of a push: how many of its samples have left so far
};

using Completions = base::Outbox<Completion>;

struct Cleared {
  std::int64_t played = 0;     // Counters::played at the cut
  std::int64_t discarded = 0;  // samples voided by this call
};

class Pacer {
 public:
  // Options that break a rule (pacer_options.hpp) are the caller's mistake: checked there.
  explicit Pacer(const PacerOptions& options);

  // ---- the producer's side ----
  // Takes a copy; exactly one Completion, at once or when there was room.
  void push(OpId id, std::span<const std::int16_t> samples, base::Instant now, Completions& out);
  // The whole frame at once (true), or nothing: no room, others wait, too long or closed.
  bool try_push(std::span<const std::int16_t> samples, base::Instant now, Completions& out);
  // Ends a waiting push, whose samples not yet played are discarded, or a wait. False: no such one.
  bool cancel(OpId id, base::Instant now, Completions& out);
  Cleared clear(base::Instant now, Completions& out);
  // The end of an utterance: its tail is not waited for.
  void flush(base::Instant now, Completions& out);
  // Ends when everything captured so far has been played or discarded.
  void wait_playout(OpId id, base::Instant now, Completions& out);
  void close(base::Instant now, Completions& out);

  // ---- the sink's side ----
  void configure(const SinkOptions& options, base::Instant now, Completions& out);
  void set_sink(bool up, base::Instant now, Completions& out);
  void on_subscribed(base::Instant now, Completions& out);
  void set_muted(bool muted, base::Instant now, Completions& out);
  // Somebody in this process hears the packets: a sink too, but for a hold until a subscriber.
  void set_tapped(bool tapped, base::Instant now, Completions& out);

  // ---- time ----
  base::Deadline next_deadline() const;
  // Pauses, tails, the end of a hold; hands nothing out.
  void on_deadline(base::Instant now, Completions& out);
  // The oldest packet whose slot is due; call until false.
  bool take(base::Instant now, PcmPacket& packet, Completions& out);

  // ---- what is known ----
  Counters counters() const;

  const PacerOptions& options() const { return options_; }

  bool live() const { return options_.queue_ms == 0; }

  bool closed() const { return closed_; }

  bool muted() const { return gate_.muted(); }

  // What a try_push may bring now; in live mode the longest frame.
  std::int64_t room() const;

  std::int64_t longest_push() const { return send::longest_push(options_); }

  // Whether more audio could make next_deadline() earlier.
  bool eager() const;

 private:
  enum class State : std::uint8_t { waiting, talking, paused };
  enum class EventKind : std::uint8_t { hold_limit, preroll_over, tail, pause };

  struct Event {
    base::Instant at;
    EventKind kind;
  };

  // ---- pacer.cpp: the queue's side
  void capture(OpId id, std::span<const std::int16_t> samples, Completions& out);
  void settle(Completions& out);
  void fit_queue();
  std::int64_t discard_all(Outcome outcome, Completions& out);
  void drop_packet();

  // ---- pacer_time.cpp: states, and what happens as time passes
  void advance(base::Instant now, bool inclusive, Completions& out);
  std::optional<Event> next_event() const;
  Event next_event_waiting() const;
  std::optional<Event> next_event_talking() const;
  void apply(const Event& event, Completions& out);
  bool starts() const;
  void try_start(base::Instant at);
  void start(base::Instant at);
  void pause(base::Instant at);
  void hold(Completions& out);
  void release(base::Instant at, Completions& out);
  base::Instant grid_point(base::Instant at) const;
  // The packet at the head of the queue: its audio samples, whether it may leave, and since when.
  std::int64_t head_samples() const;
  bool head_complete() const;
  base::Instant head_complete_at() const;

  // ---- pacer_take.cpp: packets
  base::Deadline audio_due() const;
  base::Deadline silence_due() const;
  bool take_audio(base::Instant now, PcmPacket& packet, Completions& out);
  bool take_silence(base::Instant now, PcmPacket& packet);
  void begin_packet(PcmPacket& packet) const;
  void fill(PcmPacket& packet);
  void judge(base::Instant complete, base::Instant now);
  void catch_up(base::Instant complete, base::Instant now);
  bool idle_at(base::Instant slot) const;

  bool plays_without_sink() const { return options_.drain_unpublished || tapped_; }

  PacerOptions options_;
  SinkOptions sink_options_;
  audio::SampleQueue queue_;
  PacketSizes sizes_;
  MediaClock clock_;
  SlowProducer slow_;
  MuteGate gate_;
  Counters counters_;

  State state_ = State::waiting;
  bool sink_ = false;
  bool tapped_ = false;
  bool held_ = true;
  bool subscribed_ = false;
  bool closed_ = false;
  bool marker_ = true;
  bool idle_ = false;    // the encoder was not run for some slots
  base::Instant now_{};  // of the latest call
  base::Instant sink_since_{};
  base::Instant released_at_{};
  base::Instant paused_since_{};
  base::Instant last_push_{};
  base::Deadline last_keep_alive_;

  PushTimes push_times_;
  PositionMarks<base::Instant> utterance_ends_;  // where a tail is padded, and since when it may go
  PositionMarks<OpId> playout_waiters_;
};

}  // namespace sidetone::send
