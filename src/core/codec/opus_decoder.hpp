// libopus' decoder, float out, at one Opus rate and channel count for its whole life: a change of
// TOC, a gap or a loss never re-creates it. Not thread-safe; allocates only in create(). Source:
// RFC 6716, audio.md §3.8, §3.13, §3.18.
#pragma once

#include <memory>

#include "core/audio/coder.hpp"

struct OpusDecoder;

namespace sidetone::codec {

// The rate to decode at for a stream of `rate`: the smallest Opus rate not below it, else 48000.
// Decoding at the output rate is cheaper than converting and as good (audio.md §3.18).
constexpr std::uint32_t opus_rate_for(std::uint32_t rate) {
  for (std::uint32_t candidate : {8000U, 12000U, 16000U, 24000U})
    if (rate <= candidate) return candidate;
  return 48000;
}

class OpusDecoder final : public audio::Decoder {
 public:
  // invalid_argument unless the rate is one of Opus and there are 1 or 2 channels.
  static Result<std::unique_ptr<OpusDecoder>> create(std::uint32_t sample_rate,
                                                     std::uint32_t channels);

  std::uint32_t sample_rate() const override { return sample_rate_; }

  std::uint32_t channels() const override { return channels_; }

  audio::PayloadInfo inspect(base::Bytes payload) const override;
  Result<std::size_t> decode(base::Bytes payload, std::span<float> into) override;
  Result<std::size_t> decode_fec(base::Bytes next,
                                 std::size_t samples,
                                 std::span<float> into) override;
  Result<std::size_t> conceal(std::size_t samples, std::span<float> into) override;
  void reset() override;

 private:
  struct Free {
    void operator()(::OpusDecoder* state) const;
  };

  OpusDecoder(::OpusDecoder* state, std::uint32_t sample_rate, std::uint32_t channels)
      : state_(state), sample_rate_(sample_rate), channels_(channels) {}

  Result<std::size_t> run(base::Bytes payload,
                          std::size_t samples,
                          bool fec,
                          std::span<float> into);

  std::unique_ptr<::OpusDecoder, Free> state_;
  std::uint32_t sample_rate_;
  std::uint32_t channels_;
};

}  // namespace sidetone::codec
