#include "core/media/source_pipeline.hpp"

#include <algorithm>
#include <utility>

#include "core/audio/level.hpp"
#include "core/codec/opus_decoder.hpp"
#include "core/codec/opus_encoder.hpp"
#include "core/codec/opus_packet.hpp"

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;

// RFC 6464's V bit; audio.md §2.12.
constexpr std::uint8_t kVoiceLevel = 60;

codec::EncoderOptions encoder_options(const SourceOptions& options,
                                      std::uint32_t rate,
                                      std::uint32_t channels,
                                      bool dtx) {
  auto music = options.content == Content::music || channels == 2;
  // From 32 kb/s the last steps of complexity cost a third and cannot be heard (audio.md §2.10).
  auto complexity = !music && options.bitrate < 32'000 ? 9 : 5;
  return {.sample_rate = rate,
          .channels = channels,
          .application = music ? codec::Application::audio : codec::Application::voip,
          .bitrate = options.bitrate,
          .complexity = options.complexity.value_or(complexity),
          .dtx = dtx};
}

}  // namespace

std::string SourcePipeline::check(const SourceOptions& options) {
  if (options.bitrate < 6'000 || options.bitrate > 510'000)
    return "bitrate " + std::to_string(options.bitrate) + ": 6000 to 510000 bit/s";
  if (options.packet_duration != milliseconds(10) && options.packet_duration != milliseconds(20))
    return "packet_duration " + std::to_string(options.packet_duration.count()) +
           " ns: 10 or 20 ms";
  if (options.complexity && (*options.complexity < 0 || *options.complexity > 10))
    return "complexity " + std::to_string(*options.complexity) + ": 0 to 10";
  return {};
}

SourcePipeline::SourcePipeline(PcmFeed& feed,
                               const SourceOptions& options,
                               std::unique_ptr<audio::Encoder> encoder)
    : feed_(feed),
      options_(options),
      rate_(feed.format().sample_rate),
      encoder_rate_(codec::opus_rate_for(rate_)),
      channels_(feed.format().channels),
      dtx_(options.dtx.value_or(channels_ == 1 && options.content == Content::speech)),
      encoder_(std::move(encoder)),
      loss_(options.bitrate, channels_ == 1 && options.content == Content::speech && !options.red) {
  if (!encoder_)
    encoder_ = codec::OpusEncoder::create(encoder_options(options_, encoder_rate_, channels_, dtx_))
                   .value();
  if (encoder_rate_ != rate_) {
    resampler_.emplace(rate_, encoder_rate_, channels_);
    // A packet's share of input is rounded down, so its output may come one sample short.
    converted_.assign(channels_, 0.0F);
  }
}

void SourcePipeline::on_deadline(base::Instant now, base::Outbox<EncodedAudio>& out) {
  while (feed_.take(now, packet_)) {
    tap(now);
    encode(packet_, out);
  }
  if (!taps_.empty() && feed_.closed()) end_taps(EndReason::closed, now);
}

// ---- local streams

bool SourcePipeline::add_tap(PacketSink& sink, bool ends_with_track, base::Instant now) {
  auto same = [&](const Tap& tap) { return tap.sink == &sink; };
  if (std::any_of(taps_.begin(), taps_.end(), same)) return true;
  if (taps_.size() >= kMaxTaps) return false;
  taps_.push_back({&sink, ends_with_track, true});
  feed_.set_tapped(true, now);
  return true;
}

void SourcePipeline::remove_tap(const PacketSink& sink, base::Instant now) {
  auto gone = std::erase_if(taps_, [&](const Tap& tap) { return tap.sink == &sink; });
  if (gone != 0 && taps_.empty()) feed_.set_tapped(false, now);
}

void SourcePipeline::end_taps(EndReason reason, base::Instant now) {
  if (taps_.empty()) return;
  for (const auto& tap : std::exchange(taps_, {}))
    if (tap.ends_with_track) tap.sink->end(reason, now);
  feed_.set_tapped(false, now);
}

void SourcePipeline::tap(base::Instant now) {
  for (auto& tap : taps_)
    tap.sink->on_pcm({packet_, feed_.format(), std::exchange(tap.first, false)}, now);
}

void SourcePipeline::set_loss(double fraction, base::Instant now) {
  if (loss_.on_report(fraction, now)) encoder_->set_loss_percent(loss_.loss_percent());
}

std::span<const std::int16_t> SourcePipeline::at_encoder_rate(const send::PcmPacket& packet) {
  if (!resampler_) return packet.samples;
  if (packet.generation != generation_) {
    // What was cleared must not ring on: neither in the filter nor behind it.
    generation_ = packet.generation;
    resampler_.emplace(rate_, encoder_rate_, channels_);
    converted_.assign(channels_, 0.0F);
  }
  unconverted_.resize(packet.samples.size());
  audio::to_float(packet.samples, unconverted_);
  auto had = converted_.size();
  converted_.resize(had + resampler_->output_for(unconverted_.size() / channels_) * channels_);
  resampler_->process(unconverted_, std::span(converted_).subspan(had));
  auto wanted =
      static_cast<std::size_t>(audio::samples_in(packet.length, encoder_rate_)) * channels_;
  if (converted_.size() < wanted) converted_.resize(wanted, 0.0F);
  samples_.resize(wanted);
  audio::to_int16(std::span(converted_).first(wanted), samples_);
  converted_.erase(converted_.begin(), converted_.begin() + static_cast<std::ptrdiff_t>(wanted));
  return samples_;
}

// Of a row of DTX packets the first is sent; the encoder's refreshes are no DTX packets.
bool SourcePipeline::asleep(const send::PcmPacket& packet, std::size_t size) {
  auto was = sleeping_;
  sleeping_ = dtx_ && !packet.keep_alive && size <= 2;
  return was && sleeping_;
}

void SourcePipeline::encode(const send::PcmPacket& packet, base::Outbox<EncodedAudio>& out) {
  auto samples = at_encoder_rate(packet);
  if (packet.reset) encoder_->reset();
  if (!packet.on_wire) {
    sleeping_ = false;
    ++counters_.suppressed;
    return;
  }
  if (packet.keep_alive) encoder_->set_dtx(false);
  auto size = encoder_->encode(samples, encoded_.storage);
  if (packet.keep_alive) encoder_->set_dtx(dtx_);
  if (!size || asleep(packet, *size)) {
    ++(size ? counters_.suppressed : counters_.encode_errors);
    return;
  }
  encoded_.rtp_time = packet.rtp_time;
  encoded_.captured = packet.captured();
  // A slot that was not sent is a pause to the receiver, whatever the reason.
  encoded_.marker = packet.marker || (sent_until_ && *sent_until_ != packet.rtp_time);
  sent_until_ = packet.rtp_time + audio::samples_in(packet.length, 48'000);
  encoded_.level = packet.silence ? audio::kSilenceLevel : audio::level(packet.samples);
  encoded_.voice = encoded_.level < kVoiceLevel && !sleeping_;
  encoded_.size = static_cast<std::uint16_t>(*size);
  out.push(encoded_);
  ++counters_.packets;
}

}  // namespace sidetone::media
