// For tests: a decoder whose samples say which packet they came from.
//
// Payload: | duration in 2.5 ms | flags: 1 = repairs the packet before, 2 = silence | value (16) |;
// a payload of one byte is a DTX packet. All samples of a packet are value / 32768; redundancy
// decodes to value - 1, concealment to kGuess.
#pragma once

#include <algorithm>
#include <vector>

#include "core/audio/coder.hpp"

namespace sidetone::jitter {

class FakeDecoder final : public audio::Decoder {
 public:
  static constexpr float kGuess = -0.5F;

  explicit FakeDecoder(std::uint32_t rate = 8000, std::uint32_t channels = 1)
      : rate_(rate), channels_(channels) {}

  std::uint32_t sample_rate() const override { return rate_; }

  std::uint32_t channels() const override { return channels_; }

  audio::PayloadInfo inspect(base::Bytes payload) const override {
    base::ByteReader reader(payload);
    audio::PayloadInfo info;
    info.duration = reader.u8() * 120U;
    if (payload.size() == 1) {
      info.dtx = true;
      return info;
    }
    auto flags = reader.u8();
    reader.u16();
    if (!reader.ok() || info.duration > 5760) return {};
    if ((flags & 1) != 0) info.fec_duration = info.duration;
    info.silence = (flags & 2) != 0;
    return info;
  }

  Result<std::size_t> decode(base::Bytes payload, std::span<float> into) override {
    ++decoded;
    if (refuse) return errc::protocol_error;
    return fill(inspect(payload).duration, value(payload), into);
  }

  Result<std::size_t> decode_fec(base::Bytes next,
                                 std::size_t samples,
                                 std::span<float> into) override {
    return fill(samples * 48'000 / rate_, value(next) - 1, into);
  }

  Result<std::size_t> conceal(std::size_t samples, std::span<float> into) override {
    ++concealed;
    std::fill_n(into.begin(), samples * channels_, kGuess);
    return samples;
  }

  void reset() override { ++resets; }

  int decoded = 0;
  int concealed = 0;
  int resets = 0;
  bool refuse = false;

 private:
  static int value(base::Bytes payload) {
    if (payload.size() < 4) return 0;
    return std::to_integer<int>(payload[2]) << 8 | std::to_integer<int>(payload[3]);
  }

  Result<std::size_t> fill(std::size_t ticks, int number, std::span<float> into) const {
    auto samples = ticks * rate_ / 48'000;
    std::fill_n(into.begin(), samples * channels_, static_cast<float>(number) / 32768.0F);
    return samples;
  }

  std::uint32_t rate_;
  std::uint32_t channels_;
};

// 20 ms unless told otherwise.
inline std::vector<std::byte> fake_payload(int value, int flags = 0, int quarters = 8) {
  return {std::byte(quarters), std::byte(flags), std::byte(value >> 8), std::byte(value & 0xff)};
}

inline std::vector<std::byte> fake_dtx() {
  return {std::byte{8}};
}

}  // namespace sidetone::jitter
