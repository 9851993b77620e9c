#include "core/media/passthrough_codec.hpp"

#include <algorithm>

#include "core/codec/opus_packet.hpp"

namespace sidetone::media {
namespace {

constexpr std::size_t kMaxPayload = 1276;
constexpr std::size_t kHeader = 2;

class PassthroughEncoder final : public audio::Encoder {
 public:
  PassthroughEncoder(std::uint32_t sample_rate, std::uint32_t channels, bool dtx)
      : sample_rate_(sample_rate), channels_(channels), dtx_(dtx) {}

  Result<std::size_t> encode(std::span<const std::int16_t> samples,
                             base::MutableBytes into) override {
    auto ticks = samples.size() / channels_ * 48000 / sample_rate_;
    if (ticks != 480 && ticks != 960) return errc::invalid_frame;
    auto config = ticks == 480 ? 30U : 31U;  // CELT, fullband
    base::ByteWriter writer(into.first(std::min(into.size(), kMaxPayload)));
    writer.u8(config << 3 | (channels_ == 2 ? 4U : 0U));
    auto zero = [](std::int16_t sample) { return sample == 0; };
    if (dtx_ && std::all_of(samples.begin(), samples.end(), zero)) return writer.size();
    auto wide = kHeader + samples.size() * 2 <= kMaxPayload;
    writer.u8(wide ? 16 : 8);
    for (auto sample : samples) {
      if (wide)
        writer.u16(static_cast<std::uint16_t>(sample));
      else
        writer.u8(static_cast<std::uint16_t>(sample) >> 8);
    }
    if (!writer.ok()) return errc::invalid_frame;
    return writer.size();
  }

  void reset() override {}

  void set_loss_percent(int /*percent*/) override {}

  void set_dtx(bool on) override { dtx_ = on; }

 private:
  std::uint32_t sample_rate_;
  std::uint32_t channels_;
  bool dtx_;
};

class PassthroughDecoder final : public audio::Decoder {
 public:
  PassthroughDecoder(std::uint32_t sample_rate, std::uint32_t channels)
      : sample_rate_(sample_rate), channels_(channels) {}

  std::uint32_t sample_rate() const override { return sample_rate_; }

  std::uint32_t channels() const override { return channels_; }

  audio::PayloadInfo inspect(base::Bytes payload) const override {
    auto info = codec::opus_inspect(payload);
    info.fec_duration = 0;
    return info;
  }

  Result<std::size_t> decode(base::Bytes payload, std::span<float> into) override {
    auto info = inspect(payload);
    std::size_t samples = std::size_t{info.duration} * sample_rate_ / 48000;
    if (samples == 0 || samples * channels_ > into.size()) return errc::protocol_error;
    if (info.dtx || info.silence) return conceal(samples, into);
    auto bytes = std::to_integer<std::size_t>(payload[1]) / 8;
    auto frame = bytes * info.channels;
    auto sent = frame == 0 ? 0 : (payload.size() - kHeader) / frame;
    if (sent == 0 || bytes > 2) return errc::protocol_error;
    for (std::size_t i = 0; i < samples; ++i) {
      auto from = payload.subspan(kHeader + i * sent / samples * frame, frame);
      for (std::uint32_t c = 0; c < channels_; ++c)
        into[i * channels_ + c] =
            sample(from.subspan(bytes * std::min(c, info.channels - 1U)), bytes);
    }
    return samples;
  }

  Result<std::size_t> decode_fec(base::Bytes /*next*/,
                                 std::size_t /*samples*/,
                                 std::span<float> /*into*/) override {
    return errc::unsupported;
  }

  Result<std::size_t> conceal(std::size_t samples, std::span<float> into) override {
    if (samples * channels_ > into.size()) return errc::protocol_error;
    std::fill_n(into.begin(), samples * channels_, 0.0F);
    return samples;
  }

  void reset() override {}

 private:
  static float sample(base::Bytes from, std::size_t bytes) {
    base::ByteReader reader(from);
    auto value = bytes == 2 ? reader.u16() : static_cast<std::uint16_t>(reader.u8() << 8);
    return static_cast<float>(static_cast<std::int16_t>(value)) / 32768.0F;
  }

  std::uint32_t sample_rate_;
  std::uint32_t channels_;
};

}  // namespace

std::unique_ptr<audio::Encoder> make_passthrough_encoder(std::uint32_t sample_rate,
                                                         std::uint32_t channels,
                                                         bool dtx) {
  return std::make_unique<PassthroughEncoder>(sample_rate, channels, dtx);
}

std::unique_ptr<audio::Decoder> make_passthrough_decoder(std::uint32_t sample_rate,
                                                         std::uint32_t channels) {
  return std::make_unique<PassthroughDecoder>(sample_rate, channels);
}

}  // namespace sidetone::media
