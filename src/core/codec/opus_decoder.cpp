#include "core/codec/opus_decoder.hpp"

#include <opus/opus.h>

#include <algorithm>

#include "core/codec/opus_packet.hpp"

namespace sidetone::codec {

void OpusDecoder::Free::operator()(::OpusDecoder* state) const {
  opus_decoder_destroy(state);
}

Result<std::unique_ptr<OpusDecoder>> OpusDecoder::create(std::uint32_t sample_rate,
                                                         std::uint32_t channels) {
  int error = OPUS_OK;
  auto* state =
      opus_decoder_create(static_cast<opus_int32>(sample_rate), static_cast<int>(channels), &error);
  if (state == nullptr) return errc::invalid_argument;
  return std::unique_ptr<OpusDecoder>(new OpusDecoder(state, sample_rate, channels));
}

audio::PayloadInfo OpusDecoder::inspect(base::Bytes payload) const {
  return opus_inspect(payload);
}

Result<std::size_t> OpusDecoder::decode(base::Bytes payload, std::span<float> into) {
  // An empty payload would be taken for a loss of unknown length.
  std::size_t samples = std::size_t{opus_duration(payload)} * sample_rate_ / 48000;
  if (samples == 0) return errc::protocol_error;
  auto decoded = run(payload, samples, false, into);
  // After mono packets a stereo decoder lets left and right drift apart slightly (audio.md §3.18).
  if (decoded && channels_ == 2 && !opus_is_stereo(payload))
    for (std::size_t i = 0; i < *decoded; ++i) into[2 * i + 1] = into[2 * i];
  return decoded;
}

Result<std::size_t> OpusDecoder::decode_fec(base::Bytes next,
                                            std::size_t samples,
                                            std::span<float> into) {
  if (opus_duration(next) == 0) return errc::protocol_error;
  return run(next, samples, true, into);
}

Result<std::size_t> OpusDecoder::conceal(std::size_t samples, std::span<float> into) {
  return run({}, samples, false, into);
}

void OpusDecoder::reset() {
  opus_decoder_ctl(state_.get(), OPUS_RESET_STATE);
}

Result<std::size_t> OpusDecoder::run(base::Bytes payload,
                                     std::size_t samples,
                                     bool fec,
                                     std::span<float> into) {
  auto unit = sample_rate_ / 400;  // Opus conceals in steps of 2.5 ms
  if (samples == 0 || samples * channels_ > into.size() || samples % unit != 0)
    return errc::protocol_error;
  auto decoded = opus_decode_float(
      state_.get(),
      payload.empty() ? nullptr : reinterpret_cast<const unsigned char*>(payload.data()),
      static_cast<opus_int32>(payload.size()), into.data(), static_cast<int>(samples), fec ? 1 : 0);
  if (decoded <= 0) return errc::protocol_error;
  return static_cast<std::size_t>(decoded);
}

}  // namespace sidetone::codec
