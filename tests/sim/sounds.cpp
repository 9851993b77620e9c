#include "tests/sim/sounds.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace sidetone::sim {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

std::complex<double> component(const std::vector<double>& samples, double hertz, double rate) {
  std::complex<double> sum;
  for (std::size_t i = 0; i < samples.size(); ++i)
    sum += samples[i] * std::polar(1.0, -kTurn * hertz * static_cast<double>(i) / rate);
  return samples.empty() ? 0 : 2.0 * sum / static_cast<double>(samples.size());
}

double energy(std::span<const double> samples) {
  double sum = 0;
  for (double x : samples) sum += x * x;
  return sum;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) product += a[i] * b[i];
  const double scale = std::sqrt(energy(a) * energy(b));
  return scale > 0 ? product / scale : 0;
}

// The best place for `window` in `heard` within [first, last].
std::pair<double, std::size_t> find(std::span<const double> window,
                                    std::span<const double> heard,
                                    std::size_t first,
                                    std::size_t last) {
  std::pair<double, std::size_t> best{-1, first};
  for (std::size_t at = first; at <= last && at + window.size() <= heard.size(); ++at)
    best = std::max(best, {correlation(window, heard.subspan(at, window.size())), at});
  return best;
}

}  // namespace

std::vector<std::int16_t> Tone::next(std::size_t samples) {
  std::vector<std::int16_t> result;
  for (std::size_t i = 0; i < samples; ++i)
    for (std::size_t c = 0; c < hertz_.size(); ++c) {
      result.push_back(static_cast<std::int16_t>(std::lround(8000 * std::sin(phase_[c]))));
      phase_[c] = std::fmod(phase_[c] + kTurn * hertz_[c] / rate_, kTurn);
    }
  return result;
}

std::vector<std::int16_t> Numbers::next(std::size_t samples) {
  std::vector<std::int16_t> result;
  for (std::size_t i = 0; i < samples * channels_; ++i)
    result.push_back(
        static_cast<std::int16_t>(sign_ * static_cast<int>(1 + random_.next() % 30000)));
  return result;
}

void Speech::begin_syllable() {
  voiced_ = random_.uniform() < 0.75;
  length_ = static_cast<std::size_t>(rate_ * (voiced_ ? 0.12 + 0.2 * random_.uniform() : 0.08));
  left_ = length_;
  pitch_ = 100 + 80 * random_.uniform();
  glide_ = (random_.uniform() - 0.5) * 40;
  formant_ = 400 + 600 * random_.uniform();
  shape(pitch_);
}

// How loud each harmonic is: the nearer to the formant, the louder.
void Speech::shape(double pitch) {
  double harmonic = 0;
  for (auto& weight : weights_) {
    const double off = (++harmonic * pitch - formant_) / 300;
    weight = 0.1 + std::exp(-off * off);
  }
}

std::vector<std::int16_t> Speech::next(std::size_t samples) {
  std::vector<std::int16_t> result;
  for (std::size_t i = 0; i < samples; ++i) {
    if (left_ == 0) begin_syllable();
    const double place = 1 - static_cast<double>(left_--) / static_cast<double>(length_);
    const double envelope = std::sin(std::numbers::pi * place);
    double value = 0;
    if (voiced_) {
      const double pitch = pitch_ + glide_ * place;
      phase_ = std::fmod(phase_ + kTurn * pitch / rate_, kTurn);
      if (left_ % kShapeSamples == 0) shape(pitch);
      // sin(n x) = 2 cos(x) sin((n-1) x) - sin((n-2) x)
      const double twice = 2 * std::cos(phase_);
      double before = 0;
      double sine = std::sin(phase_);
      for (const double weight : weights_) {
        value += sine * weight;
        before = std::exchange(sine, twice * sine - before);
      }
    } else {
      value = random_.uniform() - 0.5;
    }
    result.push_back(
        static_cast<std::int16_t>(std::clamp(3500 * envelope * value, -30000., 30000.)));
  }
  return result;
}

double amplitude(const std::vector<double>& samples, double hertz, double rate) {
  return std::abs(component(samples, hertz, rate));
}

double phase(const std::vector<double>& samples, double hertz, double rate) {
  const double periods = std::arg(component(samples, hertz, rate)) / kTurn + 0.25;  // of a sine
  return periods - std::floor(periods);
}

double rms(const std::vector<double>& samples) {
  return samples.empty() ? 0 : std::sqrt(energy(samples) / static_cast<double>(samples.size()));
}

double likeness(const std::vector<double>& said, const std::vector<double>& heard, double rate) {
  const auto window = static_cast<std::size_t>(rate / 10);
  const auto reach = static_cast<std::size_t>(rate / 50);
  std::size_t lag = 0;
  bool found = false;
  double sum = 0;
  int windows = 0;
  for (std::size_t at = 0; at + window <= said.size(); at += window) {
    const auto piece = std::span(said).subspan(at, window);
    if (energy(piece) / static_cast<double>(window) < 100. * 100.) continue;
    const auto first = found ? at + lag - std::min(at + lag, reach) : at;
    const auto last = found ? at + lag + reach : at + static_cast<std::size_t>(rate / 2);
    if (last + window > heard.size()) break;
    const auto [match, place] = find(piece, heard, first, last);
    if (match > 0.8) {
      lag = place - std::min(place, at);
      found = true;
    }
    sum += match;
    ++windows;
  }
  return windows > 0 ? sum / windows : 0;
}

std::vector<double> to_doubles(std::span<const std::int16_t> samples) {
  return {samples.begin(), samples.end()};
}

std::span<const std::int16_t> from_first_sound(std::span<const std::int16_t> samples) {
  const auto first = std::find_if(samples.begin(), samples.end(), [](auto x) { return x != 0; });
  return samples.subspan(static_cast<std::size_t>(first - samples.begin()));
}

std::uint64_t hash(std::span<const std::int16_t> samples) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (auto sample : samples) value = (value ^ static_cast<std::uint16_t>(sample)) * 0x100000001b3U;
  return value;
}

}  // namespace sidetone::sim
