#include "core/session/candidates.hpp"

#include "core/signal/trickle.hpp"

namespace sidetone::session {

void trickle_candidate(std::string_view candidate, const TrickleTo& to, Turn& turn) {
  livekit::SignalRequest request;
  auto& trickle = *request.mutable_trickle();
  trickle.set_candidateinit(
      signal::format_candidate_init({std::string(candidate), std::string(to.mid), 0}));
  trickle.set_target(to.target);
  trickle.set_final(to.complete);
  turn.requests.push(std::move(request));
}

void trickle_candidates(const sdp::TransportParameters& local, const TrickleTo& to, Turn& turn) {
  auto one = to;
  for (std::size_t i = 0; i < local.candidates.size(); ++i) {
    one.complete = to.complete && i + 1 == local.candidates.size();
    trickle_candidate(local.candidates[i], one, turn);
  }
}

}  // namespace sidetone::session
