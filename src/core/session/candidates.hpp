// Our candidates on their way to the server: they stand in each description, and are trickled
// beside the first one of each set of credentials, for servers that only look there.
#pragma once

#include "core/sdp/parameters.hpp"
#include "core/session/turn.hpp"

namespace sidetone::session {

struct TrickleTo {
  std::string_view mid;
  livekit::SignalTarget target = livekit::PUBLISHER;
  bool complete = true;  // no candidate will follow: the last one says so
};

void trickle_candidates(const sdp::TransportParameters& local, const TrickleTo& to, Turn& turn);

// One that was found later.
void trickle_candidate(std::string_view candidate, const TrickleTo& to, Turn& turn);

}  // namespace sidetone::session
