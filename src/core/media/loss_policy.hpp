// When Opus carries in-band FEC: smooths the loss that receiver reports tell, and switches with
// hysteresis, because each switch is heard as a change of timbre. Pure, on virtual time. Source:
// audio.md §2.11.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.hpp"

namespace sidetone::media {

class LossPolicy {
 public:
  // `allowed`: mono speech without RED.
  LossPolicy(std::uint32_t bitrate, bool allowed) : bitrate_(bitrate), allowed_(allowed) {}

  // One receiver report's fraction lost, 0..1. Returns whether loss_percent() changed.
  bool on_report(double fraction, base::Instant now);

  int loss_percent() const { return percent_; }  // 0 or 10, nothing else

 private:
  void smooth(double fraction, base::Instant now);

  std::uint32_t bitrate_;
  bool allowed_;
  int percent_ = 0;
  double loss_ = 0;
  std::optional<base::Instant> last_report_;
  std::optional<base::Instant> last_change_;
  std::optional<base::Instant> low_since_;
};

}  // namespace sidetone::media
