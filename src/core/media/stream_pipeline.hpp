// A remote track from RTP to PCM frames: rtp::ReceivedPacket → jitter → Opus → convert → frames of
// exactly the asked length, rate and channels. One object per AudioStream; the tracks it hears may
// follow each other (a new SSRC starts afresh), with silence between them when paced. A track of
// our own comes as PCM (on_pcm): a TapBuffer then stands where jitter and Opus were.
//
// A machine: the caller feeds packets and deadlines from one thread. Steady state allocates
// nothing. Errors: check() names the option that is wrong; hostile packets only count. Source:
// audio.md §3.15–3.18.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/audio/coder.hpp"
#include "core/audio/convert.hpp"
#include "core/base/outbox.hpp"
#include "core/base/time.hpp"
#include "core/jitter/buffer.hpp"
#include "core/media/capture_clock.hpp"
#include "core/media/frame_cutter.hpp"
#include "core/media/packet_sink.hpp"
#include "core/media/tap_buffer.hpp"

namespace sidetone::media {

enum class Delivery : std::uint8_t {
  paced,      // real time, phase-locked to arrival, continuous
  immediate,  // as soon as decodable; gaps show in the timestamps
};

struct StreamOptions {
  std::uint32_t sample_rate = 48000;
  std::uint32_t channels = 1;
  base::Duration frame_duration = std::chrono::milliseconds(10);
  Delivery delivery = Delivery::paced;
  jitter::Options jitter = {};
  std::uint8_t opus_type = 111;  // payload types as negotiated; every other one is ignored
  std::uint8_t red_type = 63;
  bool hear_muted = false;    // a track of our own: the audio ahead of mute
  base::WallClock wall = {};  // a track of our own: what its capture times are told in
};

class StreamPipeline final : public PacketSink {
 public:
  // Empty when the options are within the rules, else what is wrong with them.
  static std::string check(const StreamOptions& options);

  // Without a decoder: Opus at the rate and channel count that suit the options. With one: its
  // rate must be one of Opus.
  explicit StreamPipeline(const StreamOptions& options,
                          std::unique_ptr<audio::Decoder> decoder = nullptr);

  void on_packet(const rtp::ReceivedPacket& packet, base::Instant now) override;
  void on_pcm(const TappedPacket& tapped, base::Instant now) override;
  void on_deadline(base::Instant now, StreamOutput& out);
  base::Deadline next_deadline() const;

  // Somebody reads: decoding begins. Until then the last 2 s of packets are kept.
  void set_reading(bool on, base::Instant now);

  // The stream ends: what was received is delivered (for 80 ms at its pace, then the rest at once),
  // and ended() tells the reason. The first reason stays.
  void end(EndReason reason, base::Instant now) override;

  // Set once the backlog is delivered.
  EndReason ended() const { return ended_; }

  const jitter::Counters& counters() const { return tap_ ? tap_->counters() : buffer_->counters(); }

  std::uint64_t ignored_packets() const { return ignored_; }  // of a foreign payload type

 private:
  // Calls with the buffer that is heard.
  template <class Call>
  decltype(auto) with_buffer(Call call) {
    return tap_ ? call(*tap_) : call(*buffer_);
  }

  void cut_frames(base::Instant now, StreamOutput& out);

  bool drained() const { return tap_ ? tap_->drained() : buffer_->drained(); }

  StreamOptions options_;
  std::unique_ptr<audio::Decoder> decoder_;
  std::unique_ptr<jitter::Buffer> buffer_;
  FrameCutter cutter_;
  CaptureClock capture_;
  std::optional<TapBuffer> tap_;
  bool new_format_ = false;  // of the tap; cutter_ is still the old one
  bool reading_ = false;
  EndReason ending_ = EndReason::none;
  EndReason ended_ = EndReason::none;
  std::uint64_t ignored_ = 0;
};

}  // namespace sidetone::media
