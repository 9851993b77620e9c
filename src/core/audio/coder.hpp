// What stands between samples and payloads, as the stages around it see it: Opus in the product
// (core/codec), a pass-through where a test covers hours. Sample counts are per channel at the
// coder's own rate unless they say otherwise; samples are interleaved. Not thread-safe; no call
// throws or allocates. Source: audio.md §3.1, §3.8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sidetone/error.hpp>
#include <span>

#include "core/base/bytes.hpp"

namespace sidetone::audio {

// What a payload says about itself, without decoding it.
struct PayloadInfo {
  std::uint32_t duration = 0;      // in 1/48000 s; 0 = malformed
  std::uint32_t fec_duration = 0;  // of the slot before it that it can repair; 0 = none
  std::uint8_t channels = 1;
  bool dtx = false;      // at most 2 bytes: the sender's encoder sleeps (RFC 7587 §3.1.3)
  bool silence = false;  // digital silence as LiveKit's server injects it
};

class Encoder {
 public:
  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  // One packet; the bytes written. Error: media_failure.
  virtual Result<std::size_t> encode(std::span<const std::int16_t> samples,
                                     base::MutableBytes into) = 0;
  virtual void reset() = 0;
  virtual void set_loss_percent(int percent) = 0;  // > 0 turns in-band FEC on
  virtual void set_dtx(bool on) = 0;
};

class Decoder {
 public:
  // The longest packet is 120 ms: what every call must have room for at 48 kHz.
  static constexpr std::size_t kMaxSamples = 5760;

  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  virtual std::uint32_t sample_rate() const = 0;
  virtual std::uint32_t channels() const = 0;
  virtual PayloadInfo inspect(base::Bytes payload) const = 0;

  // Samples written. Malformed input or too little room is errc::protocol_error and leaves the
  // state as it was, so that the caller can conceal.
  virtual Result<std::size_t> decode(base::Bytes payload, std::span<float> into) = 0;
  // The slot before `next`, from the redundancy inside `next`: exactly `samples`. Call decode(next)
  // afterwards.
  virtual Result<std::size_t> decode_fec(base::Bytes next,
                                         std::size_t samples,
                                         std::span<float> into) = 0;
  // Exactly `samples` of concealment or comfort noise; a multiple of 2.5 ms.
  virtual Result<std::size_t> conceal(std::size_t samples, std::span<float> into) = 0;
  virtual void reset() = 0;
};

}  // namespace sidetone::audio
