// What a stream hears of a track of one's own: PCM packets as the pacer hands them out, back as
// blocks for the FrameCutter. No sample is lost, stretched or invented.
//
// Paced: the first 10 ms of a packet come when it does, the rest at its pace, or at once when the
// next packet is there. Where the source sends nothing (paused, muted, held, no track) there is
// silence in real time; it begins 80 ms after the last audio, all that was missing at once, so that
// a packet that is merely late is never preceded by silence of ours.
// Immediate: each packet at once, silence not at all; gaps show. Until somebody reads, the last
// 2 s of packets are kept: immediate delivery begins with them (or so much as it is told), paced
// begins live.
//
// A machine on virtual time; warm, it allocates nothing. Source: audio.md §2.8, §3.15; api.md §4.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "core/audio/frame.hpp"
#include "core/base/time.hpp"
#include "core/jitter/buffer.hpp"
#include "core/media/packet_sink.hpp"

namespace sidetone::media {

struct TapOptions {
  bool immediate = false;
  bool hear_muted = false;                           // the audio ahead of mute
  base::Duration preroll = std::chrono::seconds(2);  // as jitter::Options'
};

class TapBuffer {
 public:
  TapBuffer(const audio::Format& format, const TapOptions& options)
      : format_(format), options_(options) {}

  void insert(const TappedPacket& tapped, base::Instant now);

  // As jitter::Buffer's.
  void set_reading(bool on, base::Instant now);
  base::Deadline next_deadline() const;
  bool pull(base::Instant now, jitter::Block& block);
  void finish(base::Instant now);
  bool drained() const;

  const audio::Format& format() const { return format_; }

  const jitter::Counters& counters() const { return counters_; }

 private:
  struct Kept {
    std::int64_t rtp_time = 0;
    std::int64_t ticks = 0;
    base::Instant arrival{};
    bool first = false;
    bool silence = false;
    std::vector<float> samples;
  };

  void drop_oldest();
  void bound();
  std::int64_t block_ticks(const Kept& kept) const;
  void play(jitter::Block& block);
  void fall_silent(std::int64_t ticks, jitter::Block& block);
  std::int64_t hole_before_first() const;
  std::size_t samples_until(const Kept& kept, std::int64_t ticks) const;

  audio::Format format_;
  TapOptions options_;
  jitter::Counters counters_;
  std::list<Kept> kept_;
  std::list<Kept> spare_;   // their memory is used again
  std::vector<float> out_;  // of the last block
  std::int64_t kept_ticks_ = 0;
  std::int64_t played_ = 0;               // ticks of the first packet kept
  std::int64_t fraction_ = 0;             // of a sample of silence owed, in 1/48000
  std::optional<std::int64_t> position_;  // RTP time of what comes next
  base::Instant next_{};                  // since when nothing was heard
  bool reading_ = false;
  bool finishing_ = false;
  bool quiet_ = true;  // nothing has come for a while
};

}  // namespace sidetone::media
