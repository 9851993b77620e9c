#include "core/server/speakers.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sidetone::server {
namespace {

constexpr std::uint8_t kActiveLevel = 35;  // -dBov: 35 is active, 36 is not
constexpr int kMinPercentile = 40;         // of the observed time
constexpr float kSmoothing = 2.0F / 3.0F;  // two intervals: 2 / (n + 1)
constexpr float kSteps =
    8.0F;  // reported levels are multiples of 1/8, so that small changes stay silent

float linear(std::uint8_t level) {
  return std::pow(10.0F, -static_cast<float>(level) / 20.0F);
}

}  // namespace

void Speakers::on_level(const std::string& participant_sid,
                        std::uint8_t level,
                        base::Duration length) {
  auto& window = windows_[participant_sid];
  window.observed += length;
  if (level > kActiveLevel) return;
  window.active += length;
  window.loudest = std::min(window.loudest, level);
}

void Speakers::remove(const std::string& participant_sid) {
  auto found = windows_.find(participant_sid);
  if (found == windows_.end()) return;
  if (found->second.reported.active) gone_.push_back({participant_sid, 0, false});
  windows_.erase(found);
}

std::vector<Speaker> Speakers::on_window_end() {
  auto changed = std::exchange(gone_, {});
  for (auto& [sid, window] : windows_) {
    const bool active = window.active * 100 > window.observed * kMinPercentile;
    const float now = active ? linear(window.loudest) : 0;
    window.smoothed += (now - window.smoothed) * kSmoothing;
    if (!active) window.smoothed = 0;
    const Speaker speaker{sid, std::ceil(window.smoothed * kSteps) / kSteps, active};
    window.active = window.observed = {};
    window.loudest = 127;
    const bool was_active = window.reported.active;
    if (active != was_active || (active && speaker.level != window.reported.level))
      changed.push_back(speaker);
    window.reported = speaker;
  }
  std::stable_sort(changed.begin(), changed.end(),
                   [](const Speaker& a, const Speaker& b) { return a.level > b.level; });
  return changed;
}

}  // namespace sidetone::server
