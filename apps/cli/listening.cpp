#include "apps/cli/listening.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace sidetone::cli {
namespace {

constexpr std::size_t kDecimation = 6;  // 48 to 8 kHz: the band-pass leaves nothing above 4 kHz
constexpr std::size_t kWindow = Tape::kRate / 2;  // half a second holds several syllables
constexpr std::size_t kStep = Tape::kRate / 10;   // ten delays a second
constexpr std::size_t kWidestLag =
    std::size_t{Tape::kRate} * 5;  // joining a room may precede the first sound by seconds
constexpr std::size_t kNearLag =
    Tape::kRate / 2;              // a window strays from the common alignment by less
constexpr double kSpeech = 1e-5;  // mean square of a window worth matching: -50 dBFS
constexpr double kClearMatch = 0.8;
// A receiver that waits for a late packet plays on a little later: nobody hears that, so it is
// forgiven.
constexpr std::size_t kForgiven = Tape::kRate * 60 / 1000;
constexpr double kAboutAsGood = 0.15;
constexpr std::size_t kMostCandidates = 32;

struct Biquad {
  double b0 = 0, b1 = 0, b2 = 0, a1 = 0, a2 = 0;
  double z1 = 0, z2 = 0;

  static Biquad make(double frequency, bool high_pass) {
    const double w = 2 * std::numbers::pi * frequency / Tape::kRate;
    const double alpha = std::sin(w) / (2 * std::numbers::sqrt2 / 2);
    const double c = std::cos(w);
    const double edge = high_pass ? (1 + c) / 2 : (1 - c) / 2;
    const double a0 = 1 + alpha;
    return {edge / a0, (high_pass ? -2 : 2) * edge / a0, edge / a0, -2 * c / a0, (1 - alpha) / a0};
  }

  float run(float x) {
    const double y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    return static_cast<float>(y);
  }
};

double energy(std::span<const float> samples) {
  double sum = 0;
  for (float x : samples) sum += static_cast<double>(x) * x;
  return sum;
}

std::vector<float> decimate(const std::vector<float>& samples) {
  std::vector<float> result;
  result.reserve(samples.size() / kDecimation + 1);
  for (std::size_t i = 0; i < samples.size(); i += kDecimation) result.push_back(samples[i]);
  return result;
}

struct Match {
  std::size_t at = 0;
  double correlation = 0;
};

// Where a stretch of sound is looked for, at full rate and thinned to 8 kHz, with running energies:
// each place costs one dot product.
class Hay {
 public:
  explicit Hay(std::vector<float> samples)
      : samples_(std::move(samples)), energy_(samples_.size() + 1) {
    for (std::size_t i = 0; i < samples_.size(); ++i)
      energy_[i + 1] = energy_[i] + static_cast<double>(samples_[i]) * samples_[i];
  }

  const std::vector<float>& samples() const { return samples_; }

  double correlation(std::span<const float> needle, double needle_energy, std::size_t at) const {
    const float* window = samples_.data() + at;
    std::array<float, 8> sums{};  // eight at a time: the compiler makes vectors of them
    std::size_t i = 0;
    for (; i + sums.size() <= needle.size(); i += sums.size())
      for (std::size_t lane = 0; lane < sums.size(); ++lane)
        sums[lane] += needle[i + lane] * window[i + lane];
    double dot = 0;
    for (float sum : sums) dot += sum;
    for (; i < needle.size(); ++i) dot += needle[i] * window[i];
    const double power = std::sqrt(needle_energy * (energy_[at + needle.size()] - energy_[at]));
    return power > 0 ? dot / power : 0;
  }

  // The best places of `needle` in [from, to] that are about as good as the very best: a sound that
  // repeats itself, thinned, may look better a period later.
  std::vector<std::size_t> candidates(std::span<const float> needle,
                                      std::size_t from,
                                      std::size_t to) const {
    if (samples_.size() < needle.size()) return {};
    to = std::min(to, samples_.size() - needle.size());
    if (from > to) return {};
    const double power = energy(needle);
    std::vector<double> scores;
    for (std::size_t at = from; at <= to; ++at) scores.push_back(correlation(needle, power, at));
    const double best = *std::max_element(scores.begin(), scores.end());
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < scores.size() && best > 0; ++i) {
      const bool peak = (i == 0 || scores[i] >= scores[i - 1]) &&
                        (i + 1 == scores.size() || scores[i] > scores[i + 1]);
      if (peak && scores[i] > best - kAboutAsGood && result.size() < kMostCandidates)
        result.push_back(from + i);
    }
    return result;
  }

  // The best place of `needle` in [from, to].
  Match find(std::span<const float> needle, std::size_t from, std::size_t to) const {
    Match best;
    if (samples_.size() < needle.size()) return best;
    to = std::min(to, samples_.size() - needle.size());
    const double power = energy(needle);
    for (std::size_t at = from; at <= to; ++at)
      if (const double c = correlation(needle, power, at); c > best.correlation) best = {at, c};
    return best;
  }

 private:
  std::vector<float> samples_;
  std::vector<double> energy_;
};

// One search at 8 kHz over [from, to] (48 kHz indices), then refined to the sample.
Match locate(std::span<const float> needle,
             const Hay& hay,
             const Hay& thin_hay,
             std::size_t from,
             std::size_t to) {
  const std::vector<float> thin = decimate({needle.begin(), needle.end()});
  Match best;
  for (const auto at : thin_hay.candidates(thin, from / kDecimation, to / kDecimation)) {
    const std::size_t centre = at * kDecimation;
    const auto match =
        hay.find(needle, centre > kDecimation ? centre - kDecimation : 0, centre + kDecimation);
    if (match.correlation > best.correlation) best = match;
  }
  return best;
}

// A stretch of speech and where it was heard.
struct Heard {
  double energy;
  std::size_t lag;
  double correlation;
};

// How alike all of it is: the stretches' correlations weighted by their energy, each at its own
// place within kForgiven of the common one. What was heard elsewhere, or not at all, is not alike.
double likeness(const std::vector<Heard>& stretches, std::size_t common) {
  double alike = 0;
  double said = 0;
  for (const auto& stretch : stretches) {
    said += stretch.energy;
    const auto strayed = stretch.lag > common ? stretch.lag - common : common - stretch.lag;
    if (strayed <= kForgiven) alike += stretch.energy * std::max(0.0, stretch.correlation);
  }
  return said > 0 ? alike / said : 0;
}

std::size_t median_lag(const std::vector<Heard>& stretches) {
  std::vector<double> lags;
  for (const auto& stretch : stretches)
    if (stretch.correlation >= kClearMatch) lags.push_back(static_cast<double>(stretch.lag));
  return static_cast<std::size_t>(percentile(lags, 50));
}

}  // namespace

void Tape::append(std::span<const std::int16_t> frame, std::int64_t nanoseconds) {
  if (frame.empty()) return;
  marks_.push_back({samples_.size(), frame.size(), nanoseconds});
  for (auto sample : frame) samples_.push_back(static_cast<float>(sample) / 32768.0F);
}

const Tape::Mark* Tape::mark_of(std::size_t index) const {
  auto after = std::upper_bound(marks_.begin(), marks_.end(), index,
                                [](std::size_t i, const Mark& mark) { return i < mark.first; });
  return after == marks_.begin() ? nullptr : &*(after - 1);
}

double Tape::playable_at_ms(std::size_t index) const {
  const Mark* mark = mark_of(index);
  if (!mark) return 0;
  return static_cast<double>(mark->nanoseconds) / 1e6 +
         static_cast<double>(index - mark->first) * 1000.0 / kRate;
}

double Tape::captured_at_ms(std::size_t index) const {
  const Mark* mark = mark_of(index);
  if (!mark) return 0;
  return playable_at_ms(index) - static_cast<double>(mark->length) * 1000.0 / kRate;
}

std::vector<float> telephone_band(std::span<const float> samples) {
  auto high_a = Biquad::make(300, true);
  auto high_b = Biquad::make(300, true);
  auto low_a = Biquad::make(3400, false);
  auto low_b = Biquad::make(3400, false);
  std::vector<float> result;
  result.reserve(samples.size());
  for (float x : samples) result.push_back(low_b.run(low_a.run(high_b.run(high_a.run(x)))));
  return result;
}

Comparison compare(const Tape& pushed, const Tape& heard) {
  Comparison result;
  const auto mouth = telephone_band(pushed.samples());
  const Hay ear(telephone_band(heard.samples()));
  const Hay thin_ear(decimate(ear.samples()));
  if (mouth.size() < kWindow || ear.samples().size() < kWindow) return result;

  // The first clear window says where about to look; the others search near it.
  std::vector<Heard> stretches;
  std::optional<std::size_t> first;
  for (std::size_t at = 0; at + kWindow <= mouth.size(); at += kStep) {
    const auto needle = std::span(mouth).subspan(at, kWindow);
    const double power = energy(needle);
    if (power / kWindow < kSpeech) continue;
    const std::size_t near = at + first.value_or(0);
    const std::size_t from = first ? near - std::min(near, kNearLag) : at;
    const std::size_t to = first ? near + kNearLag : at + kWidestLag;
    const Match match = locate(needle, ear, thin_ear, from, to);
    stretches.push_back(
        {power, match.at - std::min(match.at, at), match.at < at ? 0 : match.correlation});
    if (match.correlation < kClearMatch || match.at < at) continue;
    if (!first) first = match.at - at;
    result.delays_ms.push_back(heard.playable_at_ms(match.at) - pushed.captured_at_ms(at));
  }
  if (!first) return result;
  result.offset = median_lag(stretches);
  result.correlation = likeness(stretches, *result.offset);
  return result;
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  const auto rank =
      static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  const std::size_t index = std::min(values.size() - 1, rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

}  // namespace sidetone::cli
