#include "tests/sim/voice.hpp"

#include "core/rtp/packet.hpp"

namespace sidetone::sim {

void Ear::on_packet(const rtp::ReceivedPacket& packet, base::Instant now) {
  ++packets_;
  pipeline_.on_packet(packet, now);
}

void Ear::on_deadline(base::Instant now) {
  pipeline_.on_deadline(now, output_);
  heard_.insert(heard_.end(), output_.samples.begin(), output_.samples.end());
  output_.clear();
}

std::vector<double> Ear::channel(std::uint32_t which) const {
  std::vector<double> result;
  for (std::size_t i = which; i < heard_.size(); i += options_.channels)
    result.push_back(heard_[i]);
  return result;
}

double amplitude(const std::vector<double>& samples, double hertz, double rate) {
  double in_phase = 0;
  double quadrature = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
    in_phase += samples[i] * std::cos(angle);
    quadrature += samples[i] * std::sin(angle);
  }
  return samples.empty()
             ? 0
             : 2 * std::hypot(in_phase, quadrature) / static_cast<double>(samples.size());
}

double rms(const std::vector<double>& samples) {
  double sum = 0;
  for (double x : samples) sum += x * x;
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<double>(samples.size()));
}

}  // namespace sidetone::sim
