#include "core/session/candidates.hpp"

#include "core/signal/trickle.hpp"

namespace sidetone::session {

void trickle_candidates(const sdp::TransportParameters& local,
                        std::string_view mid,
                        livekit::SignalTarget target,
                        Turn& turn) {
  for (std::size_t i = 0; i < local.candidates.size(); ++i) {
    livekit::SignalRequest request;
    auto& trickle = *request.mutable_trickle();
    trickle.set_candidateinit(
        signal::format_candidate_init({local.candidates[i], std::string(mid), 0}));
    trickle.set_target(target);
    trickle.set_final(i + 1 == local.candidates.size());
    turn.requests.push(std::move(request));
  }
}

}  // namespace sidetone::session
