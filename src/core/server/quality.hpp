// How well a participant's connection carries audio, as official clients show it: from the loss of
// each of its streams, up and down, in windows of five seconds (wire_protocol §5.5).
#pragma once

#include <cstdint>

#include "livekit.pb.h"

namespace sidetone::server {

struct Quality {
  livekit::ConnectionQuality level = livekit::EXCELLENT;
  float score = 4.5F;  // of 5, as opinion scores are
};

// The worse of two.
Quality worse(const Quality& a, const Quality& b);

// One stream on one connection.
class StreamQuality {
 public:
  // All since the stream began. `lost` may go back, when late packets are found or when it is
  // known before the other side reports it that some never came: what comes then is not new.
  struct Totals {
    std::int64_t received = 0;
    std::int64_t lost = 0;
  };

  // A window ends. `quiet`: nothing had to come, as while muted. `red`: what is lost comes again
  // with the next packets. A stream that flowed and gives nothing for two windows is LOST.
  Quality on_window(const Totals& totals, bool quiet, bool red);

 private:
  Totals before_;
  int empty_windows_ = 0;
  Quality last_;
};

}  // namespace sidetone::server
