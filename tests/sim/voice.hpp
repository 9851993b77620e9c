// What a participant says and hears: a Pacer behind a source pipeline, a stream pipeline with
// everything it delivered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/media/pcm_feed.hpp"
#include "core/media/source_pipeline.hpp"
#include "core/media/stream_pipeline.hpp"
#include "core/send/pacer.hpp"

namespace sidetone::sim {

// The pacer as a feed, without the shell's lock.
class Mouth final : public media::PcmFeed {
 public:
  explicit Mouth(audio::Format format, std::int64_t queue_ms = 1000) : pacer_({format, queue_ms}) {}

  // For the next publication: waits for the first subscriber, so that nobody misses a sample.
  std::optional<base::Duration> hold;

  audio::Format format() const override { return pacer_.options().format; }

  base::Deadline next_deadline() const override { return pacer_.next_deadline(); }

  bool take(base::Instant now, send::PcmPacket& packet) override {
    pacer_.on_deadline(now, completions_);
    return pacer_.take(now, packet, completions_);
  }

  void configure(const send::SinkOptions& options, base::Instant now) override {
    pacer_.configure(options, now, completions_);
  }

  void set_sink(bool up, base::Instant now) override { pacer_.set_sink(up, now, completions_); }

  void on_subscribed(base::Instant now) override { pacer_.on_subscribed(now, completions_); }

  void set_muted(bool muted, base::Instant now) override {
    pacer_.set_muted(muted, now, completions_);
  }

  void set_tapped(bool tapped, base::Instant now) override {
    pacer_.set_tapped(tapped, now, completions_);
  }

  bool closed() const override { return pacer_.closed(); }

  void close(base::Instant now) { pacer_.close(now, completions_); }

  void push(std::span<const std::int16_t> samples, base::Instant now) {
    pacer_.push(0, samples, now, completions_);
  }

  send::Cleared clear(base::Instant now) { return pacer_.clear(now, completions_); }

  void flush(base::Instant now) { pacer_.flush(now, completions_); }

  send::Counters counters() const { return pacer_.counters(); }

 private:
  send::Pacer pacer_;
  send::Completions completions_;
};

class Ear final : public media::PacketSink {
 public:
  explicit Ear(media::StreamOptions options,
               base::Instant now,
               std::unique_ptr<audio::Decoder> decoder = nullptr)
      : options_(options), pipeline_(options, std::move(decoder)) {
    pipeline_.set_reading(true, now);
  }

  void on_packet(const rtp::ReceivedPacket& packet, base::Instant now) override;

  void on_pcm(const media::TappedPacket& tapped, base::Instant now) override;

  void end(media::EndReason reason, base::Instant now) override { pipeline_.end(reason, now); }

  base::Deadline next_deadline() const { return pipeline_.next_deadline(); }

  void on_deadline(base::Instant now);

  const std::vector<std::int16_t>& heard() const { return heard_; }  // interleaved

  std::vector<double> channel(std::uint32_t which) const;

  media::EndReason ended() const { return pipeline_.ended(); }

  // When the reader learned that it ended.
  base::Deadline ended_at() const { return ended_at_; }

  // Samples per channel since the beginning, forgotten ones included.
  std::uint64_t total() const { return total_; }

  const media::StreamFrame& latest() const { return latest_; }

  const jitter::Counters& counters() const { return pipeline_.counters(); }

  std::uint64_t packets() const { return packets_; }

  void forget() { heard_.clear(); }

 private:
  media::StreamOptions options_;
  media::StreamPipeline pipeline_;
  media::StreamOutput output_;
  std::vector<std::int16_t> heard_;
  std::uint64_t packets_ = 0;
  std::uint64_t total_ = 0;
  media::StreamFrame latest_;
  base::Deadline ended_at_;
};

}  // namespace sidetone::sim
