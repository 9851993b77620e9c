// The inside of an AudioStream: the pipeline on its strand, and the queue between it and the
// readers.
//
// Whoever has the packets (a Room) makes one with create(), feeds on_packet() and end() on the
// strand it gave, and hands AudioStream(core) to the user. The core runs its own timer on that
// strand; next_deadline() and on_deadline() are public for owners that drive many streams in one
// turn and for tests. Source: architecture.md §4, audio.md §3.17.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sidetone/audio_stream.hpp>
#include <string>

#include "core/audio/frame_pool.hpp"
#include "core/media/stream_pipeline.hpp"
#include "shell/clock.hpp"
#include "shell/frame_ring.hpp"
#include "shell/operation.hpp"
#include "shell/runtime.hpp"
#include "shell/timer.hpp"

namespace sidetone::shell {

// The rule that the options break, naming the numbers, or nothing.
std::optional<std::string> broken_rule(const AudioStreamOptions& options);

// The payload types as negotiated.
struct StreamCodec {
  std::uint8_t opus_type = 111;
  std::uint8_t red_type = 63;
};

class StreamCore final : public Loop::Service,
                         public media::PacketSink,
                         public std::enable_shared_from_this<StreamCore> {
 public:
  // Throws invalid_argument for options outside their rules.
  static std::shared_ptr<StreamCore> create(const std::shared_ptr<Loop>& loop,
                                            const Strand& strand,
                                            const AudioStreamOptions& options,
                                            StreamCodec codec = {});

  // ---- on the strand ----
  void on_packet(const rtp::ReceivedPacket& packet, base::Instant now) override;
  void on_pcm(const media::TappedPacket& tapped, base::Instant now) override;
  void end(media::EndReason reason, base::Instant now) override;
  base::Deadline next_deadline() const;
  void on_deadline(base::Instant now);

  // Nobody is told silence before there is a track: between hold() and release() readers wait. Any
  // thread.
  void hold() { held_.store(true, std::memory_order_release); }

  void release() { held_.store(false, std::memory_order_release); }

  // Called once, on the strand, when the user closed the stream: stop feeding it.
  void on_closed(std::function<void()> call);

  // ---- any thread ----
  Result<AudioFrameEvent> try_read() noexcept;
  // Completes with eof at the end.
  void start_read(Operation<AudioFrameEvent>::Handler handler);
  // Waiting readers end with `why`: eof, or operation_aborted when nobody holds the stream.
  void close(bool drop_backlog, error_code why);

  // Whether no reader waits, so that try_read() may go first.
  bool unattended() const { return waiting_.load(std::memory_order_acquire) == 0; }

  bool closed() const { return closed_.load(std::memory_order_acquire); }

  const AudioStreamOptions& options() const { return options_; }

  AudioStreamStats stats() const;

  const std::shared_ptr<Loop>& loop() const { return loop_; }

  void runtime_ended() noexcept override;

 private:
  StreamCore(std::shared_ptr<Loop> loop,
             const Strand& strand,
             const AudioStreamOptions& options,
             StreamCodec codec);

  void turn(base::Instant now);
  void arm(base::Instant now);
  void begin_reading(base::Instant now);
  void deliver(const media::StreamFrame& frame);
  void enqueue(AudioFrameEvent event);
  bool make_room();
  void refill();
  void serve();
  void stop(errc why);
  void close_here(bool drop_backlog, error_code why);

  std::size_t queued() const { return ring_.size() + spill_.size(); }

  void publish_stats();

  std::shared_ptr<Loop> loop_;
  Strand strand_;
  AudioStreamOptions options_;
  std::size_t capacity_;  // frames
  base::WallClock wall_ = wall_clock();

  // On the strand.
  media::StreamPipeline pipeline_;
  media::StreamOutput output_;
  std::shared_ptr<audio::FramePool> pool_;
  std::deque<AudioFrameEvent> spill_;  // what does not fit the ring, behind it
  Waiters<AudioFrameEvent> waiters_;
  Timer timer_;
  std::function<void()> closed_call_;
  base::Instant look_at_{};      // when to look whether somebody reads, or has made room
  bool reading_ = false;         // as the pipeline knows it
  bool refusing_ = false;        // drop_newest, until half is read
  std::optional<errc> stopped_;  // why no frame will be added
  std::uint64_t refused_ = 0;    // frames dropped since the last one queued
  std::uint64_t delivered_ = 0;
  std::optional<std::chrono::nanoseconds> mouth_to_ear_;  // of the last frame that tells
  std::uint64_t dropped_ = 0;

  // Between threads.
  FrameRing ring_;
  std::atomic<bool> wants_frames_{false};  // somebody has read
  std::atomic<bool> held_{false};          // there is no track yet
  std::atomic<bool> closed_{false};
  std::atomic<bool> discarded_{false};            // the backlog is not wanted
  std::atomic<int> end_{0};                       // errc value once everything is in the ring
  std::atomic<std::uint64_t> dropped_oldest_{0};  // not yet reported to a reader
  std::atomic<std::size_t> waiting_{0};           // operations under way
  std::atomic<OperationId> next_id_{1};
  mutable std::mutex stats_mutex_;  // the strand only tries it
  AudioStreamStats stats_;
};

}  // namespace sidetone::shell
