// Our candidates on their way to the server: they stand in each description, and are trickled
// beside the first one of each set of credentials, for servers that only look there.
#pragma once

#include "core/sdp/parameters.hpp"
#include "core/session/turn.hpp"

namespace sidetone::session {

void trickle_candidates(const sdp::TransportParameters& local,
                        std::string_view mid,
                        livekit::SignalTarget target,
                        Turn& turn);

}  // namespace sidetone::session
