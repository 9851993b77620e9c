#include "tests/sim/voice.hpp"

#include "core/rtp/packet.hpp"

namespace sidetone::sim {

void Ear::on_packet(const rtp::ReceivedPacket& packet, base::Instant now) {
  ++packets_;
  pipeline_.on_packet(packet, now);
}

void Ear::on_pcm(const media::TappedPacket& tapped, base::Instant now) {
  ++packets_;
  pipeline_.on_pcm(tapped, now);
}

void Ear::on_deadline(base::Instant now) {
  pipeline_.on_deadline(now, output_);
  heard_.insert(heard_.end(), output_.samples.begin(), output_.samples.end());
  total_ += output_.samples.size() / options_.channels;
  for (const auto& frame : output_.frames) latest_ = frame;
  output_.clear();
  if (!ended_at_ && pipeline_.ended() != media::EndReason::none) ended_at_ = now;
}

std::vector<double> Ear::channel(std::uint32_t which) const {
  std::vector<double> result;
  for (std::size_t i = which; i < heard_.size(); i += options_.channels)
    result.push_back(heard_[i]);
  return result;
}

}  // namespace sidetone::sim
