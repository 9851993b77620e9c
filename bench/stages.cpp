// Time per 20 ms packet in each stage, one stream, speech-like input at 48 kHz and 48 kb/s. Compare
// rows of one run: the bare codec is the yardstick for the pipelines around it.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>

#include "core/base/seeded_random.hpp"
#include "core/codec/opus_decoder.hpp"
#include "core/codec/opus_encoder.hpp"
#include "core/media/source_pipeline.hpp"
#include "core/media/stream_pipeline.hpp"
#include "core/rtp/packet.hpp"
#include "core/srtp/session.hpp"
#include "tests/sim/voice.hpp"

namespace sidetone {
namespace {

constexpr std::size_t kPacketSamples = 960;
constexpr auto kPacket = std::chrono::milliseconds(20);

// A second of a wandering pitch with breaths in between, and a little noise: enough to keep SILK
// and CELT busy.
std::vector<std::int16_t> babble() {
  base::SeededRandom random(1);
  std::vector<std::int16_t> samples;
  double phase = 0;
  for (int i = 0; i < 48000; ++i) {
    const double t = i / 48000.0;
    phase += 2 * std::numbers::pi * (160 + 60 * std::sin(9 * t)) / 48000;
    double voice = 0;
    for (int harmonic = 1; harmonic < 12; ++harmonic)
      voice += std::sin(harmonic * phase) / harmonic;
    samples.push_back(static_cast<std::int16_t>(4000 * voice * (0.6 + 0.4 * std::sin(20 * t)) +
                                                200 * random.uniform()));
  }
  return samples;
}

std::span<const std::int16_t> packet(const std::vector<std::int16_t>& samples, std::size_t index) {
  const auto count = samples.size() / kPacketSamples;
  return std::span(samples).subspan(index % count * kPacketSamples, kPacketSamples);
}

std::vector<std::vector<std::byte>> encoded() {
  auto encoder = codec::OpusEncoder::create({.dtx = false}).value();
  const auto samples = babble();
  std::vector<std::vector<std::byte>> payloads;
  for (std::size_t i = 0; i < 50; ++i) {
    std::array<std::byte, codec::OpusEncoder::kMaxPayload> into{};
    const auto size = encoder->encode(packet(samples, i), into).value();
    payloads.emplace_back(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return payloads;
}

void BareEncode(benchmark::State& state) {
  auto encoder = codec::OpusEncoder::create({.dtx = false}).value();
  const auto samples = babble();
  std::array<std::byte, codec::OpusEncoder::kMaxPayload> into{};
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(packet(samples, i++), into));
}

BENCHMARK(BareEncode);

void SourcePipeline(benchmark::State& state) {
  sim::Mouth mouth({48000, 1});
  media::SourcePipeline pipeline(mouth, {.dtx = false});
  base::Instant now(std::chrono::seconds(1));
  pipeline.set_sink(true, now);
  const auto samples = babble();
  base::Outbox<media::EncodedAudio> out;
  std::size_t i = 0;
  for (auto _ : state) {
    mouth.push(packet(samples, i++), now);
    now += kPacket;
    pipeline.on_deadline(now, out);
    out.clear();
  }
}

BENCHMARK(SourcePipeline);

void BareDecode(benchmark::State& state) {
  auto decoder = codec::OpusDecoder::create(48000, 1).value();
  const auto payloads = encoded();
  std::vector<float> into(audio::Decoder::kMaxSamples);
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(decoder->decode(payloads[i++ % payloads.size()], into));
}

BENCHMARK(BareDecode);

void StreamPipeline(benchmark::State& state) {
  media::StreamPipeline pipeline({});
  const auto payloads = encoded();
  base::Instant now(std::chrono::seconds(1));
  pipeline.set_reading(true, now);
  media::StreamOutput out;
  rtp::ReceivedPacket received;
  received.payload_type = 111;
  received.ssrc = 1;
  std::size_t i = 0;
  for (auto _ : state) {
    received.sequence = static_cast<std::int64_t>(i);
    received.rtp_time = static_cast<std::int64_t>(i * kPacketSamples);
    received.arrival = now;
    received.payload.assign(payloads[i++ % payloads.size()]);
    pipeline.on_packet(received, now);
    const auto end = now + kPacket;
    while (base::is_due(pipeline.next_deadline(), end)) {
      now = std::max(now, *pipeline.next_deadline());
      pipeline.on_deadline(now, out);
      out.clear();
    }
    now = end;
  }
}

BENCHMARK(StreamPipeline);

void SrtpRoundTrip(benchmark::State& state) {
  std::array<std::byte, 60> exported{};
  base::SeededRandom random(2);
  random.fill(exported);
  const auto profile = srtp::Profile::aead_aes_128_gcm;
  const auto keys = *srtp::KeyingMaterial::split(profile, base::Bytes(exported).first(56));
  auto sender = srtp::Session::create(keys, true).value();
  auto receiver = srtp::Session::create(keys, false).value();
  rtp::PacketView view;
  view.header = {111, false, 0, 0, 1};
  std::vector<std::byte> payload(120);
  view.payload = payload;
  for (auto _ : state) {
    ++view.header.sequence;
    view.header.timestamp += kPacketSamples;
    base::Packet wire;
    rtp::write_packet(view, wire);
    benchmark::DoNotOptimize(sender.protect_rtp(wire));
    benchmark::DoNotOptimize(receiver.unprotect_rtp(wire));
  }
}

BENCHMARK(SrtpRoundTrip);

}  // namespace
}  // namespace sidetone

BENCHMARK_MAIN();
