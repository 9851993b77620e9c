// Any bytes as an Opus packet: what inspect() promises about them is what the decoder does.
#include <cstdlib>
#include <vector>

#include "core/codec/opus_decoder.hpp"
#include "core/codec/opus_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidetone;
  if (size < 1) return 0;
  static constexpr std::uint32_t kRates[] = {8000, 12000, 16000, 24000, 48000};
  auto rate = kRates[data[0] % 5];
  auto channels = 1U + (data[0] >> 7);
  auto decoder = codec::OpusDecoder::create(rate, channels).value();
  std::vector<float> pcm(audio::Decoder::kMaxSamples * channels);
  auto payload = std::as_bytes(std::span(data, size).subspan(1));
  auto info = codec::opus_inspect(payload);
  if (info.fec_duration != 0)
    static_cast<void>(
        decoder->decode_fec(payload, std::size_t{info.fec_duration} * rate / 48000, pcm));
  auto decoded = decoder->decode(payload, pcm);
  if (decoded && *decoded * 48000 / rate != info.duration) std::abort();
  if (!decoder->conceal(rate / 100, pcm)) std::abort();
  return 0;
}
