// Where PCM comes out: a remote track, or one source of a participant through all its tracks, as
// frames of exactly the asked length, rate and channels.
//
// Shape: a cheap handle; copies are the same stream, several readers share it (each frame goes to
// one of them). The last one closes it. Frames are int16; 22050 Hz in 10 ms frames alternates 220
// and 221 samples, without drift. Until somebody reads, nothing is decoded and the last 2 s of
// packets are kept (immediate delivery begins with them, see preroll; paced begins live).
//
// A track of one's own may be heard as well, by its Track or by the local identity: the samples
// that leave its source in their slots, ahead of the encoder. Mute is silence, what clear_queue()
// voids is not heard. The stream of a track ends when the source is closed, too. While such a
// stream is there the source plays on when the connection is lost, as if it had drain_unpublished.
//
// Errors: constructors and blocking forms throw boost::system::system_error.
//   invalid_argument   an option outside its rule
//   overflow           Overflow::fail, and the queue overflowed; after the backlog
//   timed_out          read()'s deadline passed
//   would_deadlock     read() on the media thread
//   closed             the Runtime has ended
//   operation_aborted  (asio::error) this async_read was cancelled
// End of stream: after everything already received was delivered, every reader and every later read
// is told: read() returns nothing, async_read ends with asio::error::eof, try_read with ended.
//
// Threads: any, several at once. try_read is noexcept, allocates nothing and takes no lock another
// thread can hold. Completion of async_read: on the handler's executor, else on the Runtime's event
// thread, never inside the call. Cancellation: per operation, all types.
// Source: api.md §4, audio.md §3.15–3.19.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sidetone/audio_frame.hpp>
#include <sidetone/audio_stream_stats.hpp>
#include <sidetone/error.hpp>
#include <sidetone/export.hpp>
#include <sidetone/room_types.hpp>
#include <sidetone/runtime.hpp>
#include <sidetone/track.hpp>
#include <string_view>
#include <utility>

namespace sidetone {
namespace shell {
class StreamCore;
}

inline namespace v0 {

class Room;

enum class Delivery : std::uint8_t {
  paced,      // in real time, continuous: silence when nothing arrives
  immediate,  // each frame as soon as it can be decoded; gaps show in rtp_time and gap_before
};

enum class Overflow : std::uint8_t {
  drop_oldest,
  drop_newest,  // what is queued stays contiguous: refuses until the reader has emptied half
  fail,         // the stream ends with errc::overflow after its backlog
};

// How long the stream waits for late packets before it gives their place up.
enum class StreamMode : std::uint8_t { low_latency, balanced, quality };

struct AudioStreamOptions {
  std::uint32_t sample_rate = 48000;                 // 8000 to 192000 Hz
  std::uint32_t num_channels = 1;                    // 1 to 8; more than 2 are copies of a mix
  std::chrono::microseconds frame_duration{10'000};  // 2.5 to 120 ms
  std::size_t capacity = 0;                          // frames; 0: 30 s of them
  Overflow overflow = Overflow::drop_oldest;
  Delivery delivery = Delivery::paced;
  StreamMode mode = StreamMode::balanced;
  std::chrono::milliseconds min_delay{0};     // 0 to 10 s, added by the stream at least
  std::chrono::milliseconds max_delay{1000};  // min_delay to 10 s, at most
  bool fill_gaps = false;                     // immediate: concealment in place of gaps
  std::chrono::milliseconds preroll{2000};  // immediate: so much of before the first read, 0 to 2 s
  bool hear_muted = false;  // a track of one's own: its audio also while it is muted

  static AudioStreamOptions interactive();  // paced, 100 ms, drop_oldest
  static AudioStreamOptions transcribe();   // immediate, 30 s, drop_newest, 16 kHz
};

// Where samples came from: a set.
enum class Provenance : std::uint8_t {
  none = 0,
  normal = 1,
  red = 2,        // from redundancy in a later packet, as good as normal
  fec = 4,        // from Opus' in-band redundancy
  concealed = 8,  // no received bit describes it
  stretched = 16,
  silence = 32,  // nothing was sent; includes comfort noise
};

constexpr bool contains(Provenance set, Provenance one) {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

struct AudioFrameEvent {
  AudioFrame frame;
  std::int64_t rtp_time = 0;  // of its first sample, in 1/48000 s, unwrapped
  // Arrival of the packet its first sample came from; none for silence and concealment.
  std::optional<std::chrono::steady_clock::time_point> received_at;
  // Capture of its first sample by the sender's wall clock: from its sender reports (the first
  // comes about a second after its audio), or, of a track of one's own, the slot it left in. None
  // for silence and concealment.
  std::optional<std::chrono::system_clock::time_point> captured_at;
  std::chrono::steady_clock::time_point delivered_at;
  std::chrono::nanoseconds delay{0};  // added by the receiver, against the fastest packet
  Provenance provenance = Provenance::none;
  std::uint32_t concealed_samples = 0;  // of this frame
  std::uint32_t gap_before = 0;         // rtp_time ticks missing before it
  std::uint64_t dropped_before = 0;     // frames this stream's queue lost before it
};

class SIDETONE_API AudioStream {
 public:
  // Ends with the track.
  explicit AudioStream(const Track& track, const AudioStreamOptions& options = {});
  static AudioStream from_track(const Track& track, const AudioStreamOptions& options = {});
  // Follows the source through unpublish, republish and reconnect; may be made before the
  // participant joins; ends with the room or close().
  static AudioStream from_participant(Room& room,
                                      std::string_view identity,
                                      TrackSource source,
                                      const AudioStreamOptions& options = {});

  // The next frame; nothing at the end of the stream.
  std::optional<AudioFrameEvent> read(std::optional<std::chrono::nanoseconds> timeout = {});

  // The same as an Asio operation, void(error_code, AudioFrameEvent).
  template <class Token>
  auto async_read(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, AudioFrameEvent)>(
        [core = core_](auto handler) { start_read(core, std::move(handler)); }, token);
  }

  // would_block, ended, overflow or closed when there is no frame.
  Result<AudioFrameEvent> try_read() noexcept;

  const AudioStreamOptions& options() const;
  AudioStreamStats stats() const;

  // Idempotent. Waiting readers are told the end at once; what is queued can still be read, unless
  // it is dropped.
  void close(bool drop_backlog = false);
  bool closed() const;

  // For the library's own objects.
  explicit AudioStream(std::shared_ptr<shell::StreamCore> core);

  const std::shared_ptr<shell::StreamCore>& core() const { return core_; }

 private:
  struct Handle;
  using Handler = boost::asio::any_completion_handler<void(error_code, AudioFrameEvent)>;

  static void start_read(const std::shared_ptr<shell::StreamCore>& core, Handler handler);

  std::shared_ptr<shell::StreamCore> core_;
  std::shared_ptr<Handle> handle_;  // closes the stream when the last copy goes
};

}  // namespace v0
}  // namespace sidetone
