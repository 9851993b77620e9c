// What a participant says and hears: a Pacer behind a source pipeline, a stream pipeline with
// everything it delivered.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
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

  void push(std::span<const std::int16_t> samples, base::Instant now) {
    pacer_.push(0, samples, now, completions_);
  }

  send::Cleared clear(base::Instant now) { return pacer_.clear(now, completions_); }

  send::Counters counters() const { return pacer_.counters(); }

 private:
  send::Pacer pacer_;
  send::Completions completions_;
};

// A sine per channel; the phase goes on from call to call.
class Tone {
 public:
  Tone(std::uint32_t rate, std::vector<double> hertz)
      : rate_(rate), hertz_(std::move(hertz)), phase_(hertz_.size()) {}

  std::vector<std::int16_t> next(std::size_t samples) {
    std::vector<std::int16_t> result;
    for (std::size_t i = 0; i < samples; ++i)
      for (std::size_t c = 0; c < hertz_.size(); ++c) {
        phase_[c] += 2 * std::numbers::pi * hertz_[c] / rate_;
        result.push_back(static_cast<std::int16_t>(8000 * std::sin(phase_[c])));
      }
    return result;
  }

 private:
  std::uint32_t rate_;
  std::vector<double> hertz_;
  std::vector<double> phase_;
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

  void end(media::EndReason reason, base::Instant now) override { pipeline_.end(reason, now); }

  base::Deadline next_deadline() const { return pipeline_.next_deadline(); }

  void on_deadline(base::Instant now);

  const std::vector<std::int16_t>& heard() const { return heard_; }  // interleaved

  std::vector<double> channel(std::uint32_t which) const;

  media::EndReason ended() const { return pipeline_.ended(); }

  const jitter::Counters& counters() const { return pipeline_.counters(); }

  std::uint64_t packets() const { return packets_; }

  void forget() { heard_.clear(); }

 private:
  media::StreamOptions options_;
  media::StreamPipeline pipeline_;
  media::StreamOutput output_;
  std::vector<std::int16_t> heard_;
  std::uint64_t packets_ = 0;
};

// How much of one frequency there is, as the amplitude of a sine (Goertzel).
double amplitude(const std::vector<double>& samples, double hertz, double rate);
double rms(const std::vector<double>& samples);

}  // namespace sidetone::sim
