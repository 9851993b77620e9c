// libopus' encoder. Rates 8, 12, 16, 24, 48 kHz, 1 or 2 channels, int16 in, one packet out.
// Constrained variable bit rate, always. Errors: create() says invalid_argument for numbers Opus
// does not take; encode() says invalid_frame for a wrong sample count. Not thread-safe; encode
// allocates nothing. Source: RFC 6716, audio.md §2.10.
#pragma once

#include <memory>

#include "core/audio/coder.hpp"

struct OpusEncoder;

namespace sidetone::codec {

enum class Application : std::uint8_t {
  voip,       // speech: 6.5 ms of look-ahead
  audio,      // music: 6.5 ms
  low_delay,  // CELT only: 2.5 ms
};

struct EncoderOptions {
  std::uint32_t sample_rate = 48000;
  std::uint32_t channels = 1;
  Application application = Application::voip;
  std::uint32_t bitrate = 48000;  // bit/s
  int complexity = 5;             // 0..10
  bool dtx = true;
  int loss_percent = 0;  // > 0 turns in-band FEC on
};

class OpusEncoder final : public audio::Encoder {
 public:
  // Opus never writes more for one packet of up to 20 ms (RFC 6716 §3.2.1: 1275 bytes a frame).
  static constexpr std::size_t kMaxPayload = 1276;

  static Result<std::unique_ptr<OpusEncoder>> create(const EncoderOptions& options);

  Result<std::size_t> encode(std::span<const std::int16_t> samples,
                             base::MutableBytes into) override;
  void reset() override;
  void set_loss_percent(int percent) override;
  void set_dtx(bool on) override;
  void set_bitrate(std::uint32_t bits_per_second);
  bool in_dtx() const;
  std::uint32_t look_ahead() const;  // samples at the encoder's rate

 private:
  struct Free {
    void operator()(::OpusEncoder* state) const;
  };

  OpusEncoder(::OpusEncoder* state, std::uint32_t channels) : state_(state), channels_(channels) {}

  std::unique_ptr<::OpusEncoder, Free> state_;
  std::uint32_t channels_;
};

}  // namespace sidetone::codec
