#include "core/session/subscriber.hpp"

#include <algorithm>

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
  return result;
}

// "PA_…|TR_…", "TR_…" → the participant and the track; the map is there for servers whose track id
// is another word.
Reception make_reception(const sdp::AudioSection& section,
                         const livekit::SessionDescription& offer) {
  Reception reception;
  reception.mid = section.mid;
  reception.ssrc = section.ssrc;
  reception.opus_type = section.opus.value_or(111);
  reception.red_type = section.red;
  reception.participant_sid = section.msid->stream.substr(0, section.msid->stream.find('|'));
  reception.track_sid = section.msid->track;
  if (!reception.track_sid.starts_with("TR_"))
    if (auto mapped = offer.mid_to_track_id().find(section.mid);
        mapped != offer.mid_to_track_id().end())
      reception.track_sid = mapped->second;
  return reception;
}

bool carries_track(const sdp::AudioSection& section) {
  return !section.rejected && sdp::sends(section.direction) && section.msid && section.ssrc != 0 &&
         section.opus;
}

}  // namespace

Subscriber::Subscriber(const SessionConfig& config,
                       const std::vector<base::Endpoint>& endpoints,
                       Turn& turn)
    : peer_(peer_config(config)), answer_(config.random->u64() >> 2) {
  for (const auto& endpoint : endpoints) peer_.add_local(endpoint, turn.now, output_);
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
  if (trickled_ufrag_ != local.ice_ufrag && !description->sections.empty())
    trickle_candidates(local, description->sections.front().mid, livekit::SUBSCRIBER, turn);
  trickled_ufrag_ = local.ice_ufrag;
  expecting_ = false;
  return receive(sdp::audio_sections(*description), offer, turn);
}

ReceptionChanges Subscriber::receive(const std::vector<sdp::AudioSection>& sections,
                                     const livekit::SessionDescription& offer,
                                     Turn& turn) {
  std::vector<Reception> wanted;
  std::vector<const sdp::AudioSection*> sources;
  for (const auto& section : sections) {
    if (!carries_track(section)) continue;
    auto reception = make_reception(section, offer);
    bool repeated = std::any_of(wanted.begin(), wanted.end(),
                                [&](const auto& other) { return other.ssrc == reception.ssrc; });
    if (repeated) continue;  // one SSRC cannot be two tracks: the first keeps it
    wanted.push_back(std::move(reception));
    sources.push_back(&section);
  }
  auto contains = [](const std::vector<Reception>& list, const Reception& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  ReceptionChanges changes;
  for (const auto& old : receptions_) {
    if (contains(wanted, old)) continue;
    peer_.remove_receiver(old.ssrc);
    changes.ended.push_back(old);
  }
  std::vector<Reception> kept;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool known = contains(receptions_, wanted[i]);
    rtp::ReceiverConfig config;
    config.ssrc = wanted[i].ssrc;
    config.nack = sources[i]->nack;
    // Refused when there are more than a peer takes: that track stays silent, the others do not.
    if (!known && peer_.add_receiver(config, turn.now, output_)) continue;
    if (!known) changes.begun.push_back(wanted[i]);
    kept.push_back(std::move(wanted[i]));
  }
  receptions_ = std::move(kept);
  return changes;
}

void Subscriber::on_candidate(std::string_view candidate, Turn& turn) {
  // What is no candidate is not worth a connection: the others may work.
  (void)peer_.add_remote_candidate(candidate, turn.now, output_);
}

const Reception* Subscriber::find(std::uint32_t ssrc) const {
  auto found = std::find_if(receptions_.begin(), receptions_.end(),
                            [&](const Reception& reception) { return reception.ssrc == ssrc; });
  return found == receptions_.end() ? nullptr : &*found;
}

bool Subscriber::receives(std::string_view track_sid) const {
  return std::any_of(receptions_.begin(), receptions_.end(),
                     [&](const Reception& r) { return r.track_sid == track_sid; });
}

}  // namespace sidetone::session
