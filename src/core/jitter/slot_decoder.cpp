#include "core/jitter/slot_decoder.hpp"

#include <algorithm>
#include <cmath>

namespace sidetone::jitter {
namespace {

// Concealment longer than this fades away: SILK would go on buzzing (audio.md §3.8).
constexpr std::int64_t kFadeStart = 120 * kTicksPerMs;
constexpr std::int64_t kComfort = 1000 * kTicksPerMs;
constexpr std::int64_t kFade = 40 * kTicksPerMs;
constexpr std::int64_t kConcealmentUnit = 120;  // Opus conceals in steps of 2.5 ms
constexpr int kFailuresBeforeReset = 10;
// One step of int16.
constexpr float kSilentPeak = 1.0F / 32768;

bool is_silent(std::span<const float> samples) {
  return std::all_of(samples.begin(), samples.end(),
                     [](float sample) { return std::fabs(sample) <= kSilentPeak; });
}

}  // namespace

void SlotDecoder::decode(const Slot& slot, std::int64_t skip) {
  auto room = queue_.room(samples_of(slot.info.duration));
  auto decoded = decoder_.decode(slot.payload, room);
  if (!decoded) {
    failed();
    conceal(slot.rtp_time + skip, slot.info.duration - skip);
    return;
  }
  failures_ = 0;
  silent_ = slot.info.silence || is_silent(room.first(*decoded * decoder_.channels()));
  if (!slot.info.dtx) {
    last_duration_ = slot.info.duration;
    comforting_ = 0;
  }
  concealing_ = 0;
  std::uint8_t provenance = slot.red ? kRed : kNormal;
  if (slot.red) ++counters_.red_recoveries;
  if (slot.info.dtx || slot.info.silence) provenance = kSilence;
  queue_.append({slot.rtp_time, slot.arrival, provenance}, *decoded, samples_of(skip));
}

bool SlotDecoder::recover(const Slot& next, std::int64_t ticks, std::int64_t skip) {
  // Asked for less than a frame, Opus would silently conceal.
  if (ticks != next.info.fec_duration || !has_decoded()) return false;
  auto samples = samples_of(ticks);
  auto decoded = decoder_.decode_fec(next.payload, samples, queue_.room(samples));
  if (!decoded) return false;
  ++counters_.fec_recoveries;
  ++counters_.fec_packets_received;
  concealing_ = 0;
  queue_.append({next.rtp_time - ticks, next.arrival, kFec}, *decoded, samples_of(skip));
  return true;
}

void SlotDecoder::conceal(std::int64_t rtp_time, std::int64_t ticks) {
  ticks = std::clamp<std::int64_t>(ticks / kConcealmentUnit * kConcealmentUnit, kConcealmentUnit,
                                   audio::Decoder::kMaxSamples);
  auto room = queue_.room(samples_of(ticks));
  // Before the first packet there is nothing to guess from, and nobody misses anything.
  std::uint8_t provenance = has_decoded() ? kConcealed : kSilence;
  if (has_decoded() && concealing_ < kFadeStart + kFade)
    guess(room, ticks);
  else
    std::fill(room.begin(), room.end(), 0.0F);
  fade(room, concealing_, kFadeStart);
  if (has_decoded()) count_concealment(ticks);
  queue_.append({rtp_time, std::nullopt, provenance}, samples_of(ticks));
}

void SlotDecoder::comfort(std::int64_t rtp_time, std::int64_t ticks, bool asleep) {
  auto room = queue_.room(samples_of(ticks));
  if (asleep && has_decoded() && comforting_ < kComfort) {
    guess(room, ticks);
    fade(room, comforting_, kComfort - kFade);
    comforting_ += ticks;
  } else {
    std::fill(room.begin(), room.end(), 0.0F);
  }
  concealing_ = 0;
  queue_.append({rtp_time, std::nullopt, kSilence}, samples_of(ticks));
}

void SlotDecoder::reset() {
  decoder_.reset();
  last_duration_ = 0;
  concealing_ = 0;
  comforting_ = 0;
  failures_ = 0;
  silent_ = false;
}

void SlotDecoder::failed() {
  ++counters_.decode_errors;
  if (++failures_ < kFailuresBeforeReset) return;
  failures_ = 0;
  decoder_.reset();
}

std::size_t SlotDecoder::guess(std::span<float> into, std::int64_t ticks) {
  auto written = decoder_.conceal(samples_of(ticks), into);
  if (!written) std::fill(into.begin(), into.end(), 0.0F);
  return written.has_value() ? *written : 0;
}

void SlotDecoder::count_concealment(std::int64_t ticks) {
  auto before = concealing_;
  concealing_ += ticks;
  if (before == 0) ++counters_.concealment_events;
  auto passed = [&](std::int64_t ms) {
    return before < ms * kTicksPerMs && concealing_ >= ms * kTicksPerMs;
  };
  counters_.interruptions_80ms += passed(80) ? 1 : 0;
  counters_.interruptions_150ms += passed(150) ? 1 : 0;
  counters_.concealed_samples += static_cast<std::uint64_t>(ticks);
  if (before >= kFadeStart + kFade)
    counters_.silent_concealed_samples += static_cast<std::uint64_t>(ticks);
}

// `from`: ticks of concealment before these samples; from `start` on they fade.
void SlotDecoder::fade(std::span<float> samples, std::int64_t from, std::int64_t start) const {
  auto channels = decoder_.channels();
  auto count = samples.size() / channels;
  auto per_sample = 48'000 / decoder_.sample_rate();
  if (from + static_cast<std::int64_t>(count * per_sample) <= start) return;
  for (std::size_t i = 0; i < count; ++i) {
    auto into = from + static_cast<std::int64_t>(i * per_sample) - start;
    auto gain = 1.0F - std::clamp(static_cast<float>(into) / kFade, 0.0F, 1.0F);
    for (std::size_t c = 0; c < channels; ++c) samples[i * channels + c] *= gain;
  }
}

}  // namespace sidetone::jitter
