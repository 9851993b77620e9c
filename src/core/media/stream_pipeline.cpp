#include "core/media/stream_pipeline.hpp"

#include <utility>

#include "core/codec/opus_decoder.hpp"
#include "core/jitter/immediate_buffer.hpp"
#include "core/jitter/jitter_buffer.hpp"
#include "core/rtp/packet.hpp"
#include "core/send/pcm_packet.hpp"

namespace sidetone::media {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kMaxChannels = 8;

std::unique_ptr<audio::Decoder> make_decoder(const StreamOptions& options) {
  return codec::OpusDecoder::create(codec::opus_rate_for(options.sample_rate),
                                    options.channels == 2 ? 2 : 1)
      .value();
}

std::unique_ptr<jitter::Buffer> make_buffer(const StreamOptions& options, audio::Decoder& decoder) {
  if (options.delivery == Delivery::immediate)
    return std::make_unique<jitter::ImmediateBuffer>(decoder, options.jitter);
  return std::make_unique<jitter::JitterBuffer>(decoder, options.jitter);
}

}  // namespace

std::string StreamPipeline::check(const StreamOptions& options) {
  if (options.sample_rate < 8'000 || options.sample_rate > 192'000)
    return "sample_rate " + std::to_string(options.sample_rate) + ": 8000 to 192000 Hz";
  if (options.channels == 0 || options.channels > kMaxChannels)
    return "num_channels " + std::to_string(options.channels) + ": 1 to 8";
  if (options.frame_duration < microseconds(2'500) || options.frame_duration > milliseconds(120))
    return "frame_duration " + std::to_string(options.frame_duration.count()) +
           " ns: 2.5 to 120 ms";
  if (options.jitter.preroll < base::Duration(0) || options.jitter.preroll > seconds(2))
    return "preroll " + std::to_string(options.jitter.preroll.count()) + " ns: 0 to 2 s";
  auto least = options.jitter.min_delay;
  auto most = options.jitter.max_delay;
  if (least < base::Duration(0) || most < least || most > seconds(10))
    return "min_delay " + std::to_string(least.count()) + " ns, max_delay " +
           std::to_string(most.count()) + " ns: 0 to 10 s, the least first";
  return {};
}

StreamPipeline::StreamPipeline(const StreamOptions& options,
                               std::unique_ptr<audio::Decoder> decoder)
    : options_(options),
      decoder_(decoder ? std::move(decoder) : make_decoder(options)),
      buffer_(make_buffer(options, *decoder_)),
      cutter_({options.sample_rate, options.channels, options.frame_duration},
              decoder_->sample_rate(),
              decoder_->channels()) {}

void StreamPipeline::on_packet(const rtp::ReceivedPacket& packet, base::Instant now) {
  auto red = packet.payload_type == options_.red_type;
  if (!red && packet.payload_type != options_.opus_type) {
    ++ignored_;
    return;
  }
  capture_.on_packet(packet);
  buffer_->insert({.ssrc = packet.ssrc,
                   .sequence = packet.sequence,
                   .rtp_time = packet.rtp_time,
                   .arrival = packet.arrival,
                   .red = red,
                   .red_type = options_.opus_type,
                   .payload = packet.payload.bytes()},
                  now);
}

void StreamPipeline::on_pcm(const TappedPacket& tapped, base::Instant now) {
  if (ending_ != EndReason::none) return;
  if (!tap_ || tap_->format() != tapped.format) {
    tap_.emplace(tapped.format, TapOptions{.immediate = options_.delivery == Delivery::immediate,
                                           .hear_muted = options_.hear_muted,
                                           .preroll = options_.jitter.preroll});
    if (reading_) tap_->set_reading(true, now);
    new_format_ = true;
  }
  capture_.on_local(tapped.packet.rtp_time, options_.wall.unix_time(tapped.packet.captured()));
  tap_->insert(tapped, now);
}

void StreamPipeline::on_deadline(base::Instant now, StreamOutput& out) {
  if (ended_ != EndReason::none) return;
  const auto before = out.frames.size();
  cut_frames(now, out);
  for (auto i = before; i < out.frames.size(); ++i)
    out.frames[i].captured_at = capture_.at(out.frames[i].rtp_time, out.frames[i].received_at);
}

void StreamPipeline::cut_frames(base::Instant now, StreamOutput& out) {
  if (std::exchange(new_format_, false)) {
    cutter_.flush(now, out);
    cutter_ = FrameCutter({options_.sample_rate, options_.channels, options_.frame_duration},
                          tap_->format().sample_rate, tap_->format().channels);
  }
  jitter::Block block;
  while (with_buffer([&](auto& buffer) { return buffer.pull(now, block); }))
    cutter_.push(block, now, out);
  if (ending_ == EndReason::none || !drained()) return;
  cutter_.flush(now, out);
  ended_ = ending_;
}

base::Deadline StreamPipeline::next_deadline() const {
  if (ended_ != EndReason::none) return std::nullopt;
  if (ending_ != EndReason::none && drained()) return base::Instant::min();
  return tap_ ? tap_->next_deadline() : buffer_->next_deadline();
}

void StreamPipeline::set_reading(bool on, base::Instant now) {
  reading_ = on;
  with_buffer([&](auto& buffer) { buffer.set_reading(on, now); });
}

void StreamPipeline::end(EndReason reason, base::Instant now) {
  if (ending_ != EndReason::none) return;
  ending_ = reason;
  with_buffer([&](auto& buffer) { buffer.finish(now); });
}

}  // namespace sidetone::media
