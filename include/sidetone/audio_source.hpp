// Where PCM goes in. Push frames of any length; the source cuts them into packets and hands one to
// the encoder per slot of its media clock.
//
// Shape: a cheap handle; copies are the same source. The last one closes it. Formats are int16,
// 8 to 192 kHz, 1 or 2 channels; samples are counted per channel.
// Queue: exactly floor(queue_size * sample_rate) samples; a push waits, in order, while it is full.
// queue_size = 0 is live mode: no queue, the pusher's clock is the media clock, a packet leaves the
// moment it is complete, frames are at most 120 ms. A source that is not published holds its audio
// (live mode: drops it), unless drain_unpublished says otherwise.
//
// Errors: constructors and blocking forms throw boost::system::system_error; handlers get the code.
//   invalid_argument   the constructor's numbers; a live frame over 120 ms
//   format_mismatch    the frame's rate or channels differ; nothing is counted
//   cleared            clear_queue() came while it waited
//   closed             close(), or the Runtime has ended
//   timed_out          the deadline passed; what had not played was removed
//   would_deadlock     a blocking form on the media thread
//   operation_aborted  (asio::error) cancelled: what had not played was removed
// A capture that failed leaves the source as usable as before. CaptureOptions::played tells how
// much of such a frame was played.
//
// Threads: any, several at once; frames of two threads never mix. try_capture_frame is for one
// real-time thread: noexcept, no allocation, no lock another thread can hold.
// Completion: async forms complete on the handler's executor, else on the Runtime's event thread,
// never inside the call. Cancellation: per operation, all types.
// Source: api.md §3, audio.md §2.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sidetone/audio_frame.hpp>
#include <sidetone/error.hpp>
#include <sidetone/export.hpp>
#include <sidetone/runtime.hpp>
#include <utility>

namespace sidetone {
namespace shell {
class Source;
}

inline namespace v0 {

struct AudioSourceOptions {
  std::uint32_t sample_rate = 48000;           // Hz
  std::uint32_t num_channels = 1;              // 1 or 2
  std::chrono::milliseconds queue_size{1000};  // 0 to 10 min; 0 = live mode
  // After a pause the first packet waits for this much audio, for flush(), or until nothing has
  // been pushed for as long: for producers that deliver in bursts. 0 to 10 min.
  std::chrono::milliseconds preroll{0};
  bool drain_unpublished = false;  // unpublished, it plays into nothing at pace
  // Published, it holds until the first subscriber, at most this long.
  std::optional<std::chrono::milliseconds> hold_until_subscribed;
};

struct CaptureOptions {
  std::optional<std::chrono::nanoseconds> timeout;  // none: as long as it takes
  // Set before the call returns or the handler runs: how many of the frame's samples had been
  // played. Must live as long.
  std::int64_t* played = nullptr;
};

// Samples per channel, all from one moment. captured == played + discarded + queued, always.
struct AudioSourceCounters {
  std::int64_t captured = 0;       // accepted, counted at the call, even while it waits
  std::int64_t played = 0;         // handed to the encoder in their slot, muted or not
  std::int64_t muted = 0;          // those of played that were replaced by zeros
  std::int64_t discarded = 0;      // voided by clear, cancel, timeout, close
  std::int64_t queued = 0;         // accepted, not yet played or discarded
  std::int64_t silence = 0;        // zeros sent in slots without data, and padding
  std::int64_t padded = 0;         // padding of tails alone
  std::uint64_t underruns = 0;     // slots due without data in the middle of speech
  std::uint64_t late_packets = 0;  // packets not complete when their slot was due
};

struct ClearedAudio {
  std::int64_t played = 0;  // AudioSourceCounters::played at the cut: the position in one's audio
  std::int64_t discarded = 0;  // samples voided by the call
};

class SIDETONE_API AudioSource {
 public:
  explicit AudioSource(Runtime& runtime, const AudioSourceOptions& options = {});

  std::uint32_t sample_rate() const;
  std::uint32_t num_channels() const;
  std::chrono::milliseconds queue_size() const;

  // Returns when all of the frame is in the queue.
  void capture_frame(const AudioFrame& frame, const CaptureOptions& options = {});

  // The same as an Asio operation, void(error_code). The frame is copied during the call.
  template <class Token>
  auto async_capture_frame(const AudioFrame& frame, Token&& token) {
    return async_capture_frame(frame, CaptureOptions{}, std::forward<Token>(token));
  }

  template <class Token>
  auto async_capture_frame(const AudioFrame& frame, const CaptureOptions& options, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [source = source_](auto handler, const AudioFrame& captured, const CaptureOptions& how) {
          start_capture(source, captured, how, std::move(handler));
        },
        token, frame, options);
  }

  // The whole frame or nothing: would_block when it does not fit min(queue, 2 s), which is reserved
  // at construction, or when others wait; else the errors above. A second thread in it at the same
  // moment is told would_block.
  error_code try_capture_frame(const AudioFrame& frame) noexcept;

  // Accepted and not yet handed to the encoder: exact, never negative, waiting frames included.
  std::chrono::nanoseconds queued_duration() const;

  // Voids everything captured before; at most one packet leaves afterwards.
  ClearedAudio clear_queue();

  // The end of an utterance: a partial last packet goes out in its slot, padded with silence.
  void flush();

  // Returns when every sample captured before the call has left or was voided.
  void wait_for_playout(std::optional<std::chrono::nanoseconds> timeout = {});

  template <class Token>
  auto async_wait_for_playout(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [source = source_](auto handler) { start_wait(source, std::move(handler)); }, token);
  }

  AudioSourceCounters counters() const;

  // Idempotent. Everything that waits ends with closed; what was queued is discarded.
  void close();
  bool closed() const;

  // For the library's own objects.
  std::shared_ptr<shell::Source> impl() const;

 private:
  using Handler = boost::asio::any_completion_handler<void(error_code)>;

  static void start_capture(const std::shared_ptr<shell::Source>& source,
                            const AudioFrame& frame,
                            const CaptureOptions& options,
                            Handler handler);
  static void start_wait(const std::shared_ptr<shell::Source>& source, Handler handler);

  std::shared_ptr<shell::Source> source_;
};

}  // namespace v0
}  // namespace sidetone
