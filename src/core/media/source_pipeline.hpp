// A local track from PCM packets to Opus payloads: PcmFeed (the paced source) → resample where Opus
// does not take the rate → encode → EncodedAudio with RTP time, marker and level. One object per
// publication. Local streams tap the packets ahead of the encoder.
//
// A machine: feed deadlines from one thread; PcmFeed has its own lock where there is one. Steady
// state allocates nothing. Errors: check() names the option that is wrong. Source: audio.md §2.2,
// §2.7–2.12.
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
#include "core/media/encoded_audio.hpp"
#include "core/media/loss_policy.hpp"
#include "core/media/packet_sink.hpp"
#include "core/media/pcm_feed.hpp"

namespace sidetone::media {

enum class Content : std::uint8_t { speech, music };

struct SourceOptions {
  std::uint32_t bitrate = 48000;  // 6000..510000 bit/s
  Content content = Content::speech;
  std::optional<bool> dtx = {};  // default: on for mono speech
  std::optional<int> complexity = {};
  base::Duration packet_duration = std::chrono::milliseconds(20);  // or 10
  bool red = false;  // RED was negotiated: it is the only loss protection, FEC stays off
};

class SourcePipeline {
 public:
  // Empty when the options are within the rules, else what is wrong with them.
  static std::string check(const SourceOptions& options);

  // Without an encoder: Opus. With one: it takes packets at opus_rate_for(feed's rate). The feed
  // must outlive the pipeline.
  SourcePipeline(PcmFeed& feed,
                 const SourceOptions& options,
                 std::unique_ptr<audio::Encoder> encoder = nullptr);

  base::Deadline next_deadline() const { return feed_.next_deadline(); }

  void on_deadline(base::Instant now, base::Outbox<EncodedAudio>& out);

  // Fraction lost (0..1) from a receiver report.
  void set_loss(double fraction, base::Instant now);

  // To the feed: the transport is up or down; a first subscriber; mute.
  void set_sink(bool up, base::Instant now) { feed_.set_sink(up, now); }

  void on_subscribed(base::Instant now) { feed_.on_subscribed(now); }

  void set_muted(bool muted, base::Instant now) { feed_.set_muted(muted, now); }

  // The sink hears every packet as the feed hands it out, from the next one on; it must outlive its
  // tap. One that ends with the track is told when the feed closes or end_taps() says so; others
  // are only let go. False beyond kMaxTaps. Adding one twice does nothing.
  static constexpr std::size_t kMaxTaps = 64;
  bool add_tap(PacketSink& sink, bool ends_with_track, base::Instant now);
  void remove_tap(const PacketSink& sink, base::Instant now);
  void end_taps(EndReason reason, base::Instant now);

  bool stereo() const { return channels_ == 2; }

  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t suppressed = 0;  // slots of DTX and mute that were not sent
    std::uint64_t encode_errors = 0;
  };

  const Counters& counters() const { return counters_; }

 private:
  struct Tap {
    PacketSink* sink = nullptr;
    bool ends_with_track = true;
    bool first = true;
  };

  void tap(base::Instant now);
  bool asleep(const send::PcmPacket& packet, std::size_t size);
  std::span<const std::int16_t> at_encoder_rate(const send::PcmPacket& packet);
  void encode(const send::PcmPacket& packet, base::Outbox<EncodedAudio>& out);

  PcmFeed& feed_;
  SourceOptions options_;
  std::uint32_t rate_;
  std::uint32_t encoder_rate_;
  std::uint32_t channels_;
  bool dtx_;
  std::unique_ptr<audio::Encoder> encoder_;
  std::optional<audio::Resampler> resampler_;
  std::vector<float> unconverted_;
  std::vector<float> converted_;  // what the packets so far did not take
  std::vector<std::int16_t> samples_;
  std::uint32_t generation_ = 0;
  LossPolicy loss_;
  std::vector<Tap> taps_;
  send::PcmPacket packet_;
  EncodedAudio encoded_;
  bool sleeping_ = false;                   // the last payload was a DTX packet, or was not sent
  std::optional<std::int64_t> sent_until_;  // RTP time
  Counters counters_;
};

}  // namespace sidetone::media
