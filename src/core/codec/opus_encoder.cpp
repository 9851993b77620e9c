#include "core/codec/opus_encoder.hpp"

#include <opus/opus.h>

#include <algorithm>

namespace sidetone::codec {
namespace {

int application(Application wanted) {
  switch (wanted) {
    case Application::voip: return OPUS_APPLICATION_VOIP;
    case Application::audio: return OPUS_APPLICATION_AUDIO;
    case Application::low_delay: return OPUS_APPLICATION_RESTRICTED_LOWDELAY;
  }
  return OPUS_APPLICATION_VOIP;
}

}  // namespace

void OpusEncoder::Free::operator()(::OpusEncoder* state) const {
  opus_encoder_destroy(state);
}

Result<std::unique_ptr<OpusEncoder>> OpusEncoder::create(const EncoderOptions& options) {
  int error = OPUS_OK;
  auto* state = opus_encoder_create(static_cast<opus_int32>(options.sample_rate),
                                    static_cast<int>(options.channels),
                                    application(options.application), &error);
  if (state == nullptr) return errc::invalid_argument;
  std::unique_ptr<OpusEncoder> encoder(new OpusEncoder(state, options.channels));
  auto status = opus_encoder_ctl(state, OPUS_SET_BITRATE(static_cast<opus_int32>(options.bitrate)));
  if (status == OPUS_OK) status = opus_encoder_ctl(state, OPUS_SET_COMPLEXITY(options.complexity));
  if (status == OPUS_OK) status = opus_encoder_ctl(state, OPUS_SET_VBR(1));
  if (status == OPUS_OK) status = opus_encoder_ctl(state, OPUS_SET_VBR_CONSTRAINT(1));
  if (status != OPUS_OK) return errc::invalid_argument;
  encoder->set_dtx(options.dtx);
  encoder->set_loss_percent(options.loss_percent);
  return encoder;
}

Result<std::size_t> OpusEncoder::encode(std::span<const std::int16_t> samples,
                                        base::MutableBytes into) {
  if (samples.empty() || into.empty()) return errc::invalid_frame;
  auto room = std::min(into.size(), kMaxPayload);
  auto written =
      opus_encode(state_.get(), samples.data(), static_cast<int>(samples.size() / channels_),
                  reinterpret_cast<unsigned char*>(into.data()), static_cast<opus_int32>(room));
  if (written < 0) return errc::invalid_frame;
  return static_cast<std::size_t>(written);
}

void OpusEncoder::reset() {
  opus_encoder_ctl(state_.get(), OPUS_RESET_STATE);
}

void OpusEncoder::set_loss_percent(int percent) {
  opus_encoder_ctl(state_.get(), OPUS_SET_PACKET_LOSS_PERC(std::clamp(percent, 0, 100)));
  opus_encoder_ctl(state_.get(), OPUS_SET_INBAND_FEC(percent > 0 ? 1 : 0));
}

void OpusEncoder::set_dtx(bool on) {
  opus_encoder_ctl(state_.get(), OPUS_SET_DTX(on ? 1 : 0));
}

void OpusEncoder::set_bitrate(std::uint32_t bits_per_second) {
  opus_encoder_ctl(state_.get(), OPUS_SET_BITRATE(static_cast<opus_int32>(bits_per_second)));
}

bool OpusEncoder::in_dtx() const {
  opus_int32 asleep = 0;
  opus_encoder_ctl(state_.get(), OPUS_GET_IN_DTX(&asleep));
  return asleep != 0;
}

std::uint32_t OpusEncoder::look_ahead() const {
  opus_int32 samples = 0;
  opus_encoder_ctl(state_.get(), OPUS_GET_LOOKAHEAD(&samples));
  return static_cast<std::uint32_t>(samples);
}

}  // namespace sidetone::codec
