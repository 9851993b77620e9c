// An AudioSource's inside: the Pacer behind a mutex that is held for a copy only, the ring in front
// of it for the real-time thread, and whoever waits.
//
// Threads: everything from any thread. Producers, users and the media thread meet at the mutex;
// try_capture() does not touch it. Encoding happens outside: take() copies one packet out. While
// no publication takes packets, an unpublished source that drains is served here, on its strand.
// Nothing is completed while the mutex is held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sidetone/audio_source.hpp>
#include <vector>

#include "core/media/pcm_feed.hpp"
#include "core/send/pacer.hpp"
#include "shell/capture_ring.hpp"
#include "shell/operation.hpp"
#include "shell/realtime_wake.hpp"
#include "shell/runtime.hpp"
#include "shell/timer.hpp"

namespace sidetone::shell {

class Source final : public media::PcmFeed,
                     public Loop::Service,
                     public std::enable_shared_from_this<Source> {
 public:
  static std::shared_ptr<Source> create(const std::shared_ptr<Loop>& loop,
                                        const send::PacerOptions& options,
                                        std::optional<base::Duration> hold_until_subscribed);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() override = default;

  // ---- the user's side
  const send::PacerOptions& options() const { return options_; }

  // Whether the source takes such a frame: format_mismatch, invalid_argument.
  error_code check(const AudioFrame& frame) const noexcept;

  error_code capture(const AudioFrame& frame, const CaptureOptions& options);
  void start_capture(const AudioFrame& frame, const CaptureOptions& options, Operation<>::Handler);
  error_code try_capture(const AudioFrame& frame) noexcept;
  error_code wait_playout(const CaptureOptions& options);
  void start_wait(Operation<>::Handler handler);
  send::Cleared clear();
  void flush();
  send::Counters counters();
  // What waits ends with `why`.
  void close(error_code why);

  bool closed() const override { return closed_.load(std::memory_order_acquire); }

  // ---- the publication's side
  // For one publication at a time: nothing while there is one. Letting it go takes the wake off and
  // makes room for the next.
  std::shared_ptr<Source> claim();

  audio::Format format() const override { return options_.format; }

  base::Deadline next_deadline() const override;
  bool take(base::Instant now, send::PcmPacket& packet) override;
  void configure(const send::SinkOptions& options, base::Instant now) override;
  void set_sink(bool up, base::Instant now) override;
  void on_subscribed(base::Instant now) override;
  void set_muted(bool muted, base::Instant now) override;
  void set_tapped(bool tapped, base::Instant now) override;
  // Called on the source's strand. Without one nobody takes packets: the sink is down.
  void set_wake(std::function<void()> wake) override;

  void runtime_ended() noexcept override;

 private:
  // A thread inside a blocking call.
  struct Blocked {
    std::condition_variable changed;
    bool done = false;
    error_code error;
  };

  struct Waiting {
    send::OpId id = 0;
    Blocked* blocked = nullptr;  // or an operation
    Operation<> operation;
    std::int64_t* played = nullptr;
    base::Deadline deadline;  // of an operation
  };

  struct Ended {
    Operation<> operation;
    error_code error;
  };

  Source(const std::shared_ptr<Loop>& loop,
         const send::PacerOptions& options,
         std::optional<base::Duration> hold_until_subscribed);

  // Runs `call` behind the mutex, with the ring drained before and after, wakes the media side if
  // its deadline became earlier, and completes what has ended.
  template <class Call>
  void locked(Call call);
  void drain();
  void settle(std::vector<Ended>& ended);
  error_code error_of(send::Outcome outcome) const;
  bool deadline_came_nearer();

  // `start(id)` begins an operation on the pacer, behind the mutex.
  template <class Start>
  error_code block(const CaptureOptions& options, Start start);
  template <class Start>
  void begin(Operation<>::Handler handler, const CaptureOptions& options, Start start);
  void cancel(send::OpId id, error_code why);

  // On the strand.
  void woken();
  void serve(base::Instant now);

  bool serves_itself() const { return options_.drain_unpublished && !sink_; }

  std::shared_ptr<Loop> loop_;
  Strand strand_;
  const send::PacerOptions options_;
  const std::optional<base::Duration> hold_until_subscribed_;
  const std::int64_t longest_push_;
  std::shared_ptr<RealtimeWake> wake_;
  Timer timer_;
  send::PcmPacket nowhere_;  // what a draining source plays into

  CaptureRing ring_;
  std::atomic<bool> in_try_{false};
  std::atomic<bool> eager_{false};  // a frame in the ring is worth a wake
  std::atomic<bool> closed_{false};
  std::atomic<bool> claimed_{false};
  std::atomic<send::OpId> next_id_{1};

  mutable std::mutex mutex_;  // guards what follows, and the ring's reading side
  send::Pacer pacer_;
  send::Completions completions_;
  std::vector<Waiting> waiting_;
  mutable base::Deadline announced_;  // what the media side knows
  error_code why_cancelled_;
  error_code why_closed_;
  bool sink_ = false;
  std::shared_ptr<const std::function<void()>> publication_wake_;
};

}  // namespace sidetone::shell
