#include "core/session/subscriber.hpp"

#include "core/session/candidates.hpp"

namespace sidetone::session {
namespace {

peer::Config peer_config(const SessionConfig& config) {
  peer::Config result;
  result.dtls = config.dtls;
  result.random = config.random;
  result.wall = config.wall;
  result.ice = peer::IceMode::controlled;  // towards a lite server the agent controls by itself
  result.cname = config.random->text(16);
  result.wake = config.wake;
  result.gather = config.gather;
  return result;
}

}  // namespace

Subscriber::Subscriber(const SessionConfig& config,
                       const std::vector<base::Endpoint>& endpoints,
                       Turn& turn)
    : peer_(peer_config(config)), answer_(config.random->u64() >> 2) {
  for (const auto& endpoint : endpoints) peer_.add_local(endpoint, turn.now, output_);
  peer_.gather(turn.now, output_);
}

sdp::Outcome<ReceptionChanges> Subscriber::on_offer(const livekit::SessionDescription& offer,
                                                    Turn& turn) {
  auto description = sdp::parse(offer.sdp());
  if (!description) return description.error();
  auto remote = sdp::transport_parameters(*description);
  if (!remote) return remote.error();
  if (peer_.set_remote(*remote, turn.now, output_))
    return sdp::because("the offer's ICE credentials or fingerprint are not valid");
  auto local = peer_.local_parameters();
  auto answer = answer_.answer(*description, local, {});
  if (!answer) return answer.error();

  last_offer_ = offer;
  last_answer_.set_type("answer");
  last_answer_.set_sdp(sdp::to_text(*answer));
  last_answer_.set_id(offer.id());
  livekit::SignalRequest request;
  *request.mutable_answer() = last_answer_;
  turn.requests.push(std::move(request));
  if (!description->sections.empty()) mid_ = description->sections.front().mid;
  if (trickled_ufrag_ != local.ice_ufrag && !description->sections.empty())
    trickle_candidates(local, {mid_, livekit::SUBSCRIBER, peer_.gathered()}, turn);
  trickled_ufrag_ = local.ice_ufrag;
  expecting_ = false;
  return receptions_.follow(sdp::audio_sections(*description), offer, turn.now, peer_, output_);
}

void Subscriber::on_found(std::string_view candidate, Turn& turn) {
  if (trickled_ufrag_ != peer_.local_ufrag()) return;
  trickle_candidate(candidate, {mid_, livekit::SUBSCRIBER, peer_.gathered()}, turn);
}

bool Subscriber::on_candidate(std::string_view candidate, Turn& turn) {
  // What is no candidate is not worth a connection: the others may work.
  return !peer_.add_remote_candidate(candidate, turn.now, output_);
}

}  // namespace sidetone::session
