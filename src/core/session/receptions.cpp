#include "core/session/receptions.hpp"

#include <algorithm>

namespace sidetone::session {
namespace {

// "PA_…|TR_…", "TR_…" → the participant and the track; the map is there for servers whose track id
// is another word.
Reception make_reception(const sdp::AudioSection& section,
                         const livekit::SessionDescription& description) {
  Reception reception;
  reception.mid = section.mid;
  reception.ssrc = section.ssrc;
  reception.opus_type = section.opus.value_or(111);
  reception.red_type = section.red;
  reception.participant_sid = section.msid->stream.substr(0, section.msid->stream.find('|'));
  reception.track_sid = section.msid->track;
  if (!reception.track_sid.starts_with("TR_"))
    if (auto mapped = description.mid_to_track_id().find(section.mid);
        mapped != description.mid_to_track_id().end())
      reception.track_sid = mapped->second;
  return reception;
}

bool carries_track(const sdp::AudioSection& section) {
  return !section.rejected && sdp::sends(section.direction) && section.msid && section.ssrc != 0 &&
         section.opus;
}

}  // namespace

ReceptionChanges Receptions::follow(const std::vector<sdp::AudioSection>& sections,
                                    const livekit::SessionDescription& description,
                                    base::Instant now,
                                    peer::Peer& peer,
                                    peer::Output& out) {
  std::vector<Reception> wanted;
  std::vector<const sdp::AudioSection*> sources;
  for (const auto& section : sections) {
    if (!carries_track(section)) continue;
    auto reception = make_reception(section, description);
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
    peer.remove_receiver(old.ssrc);
    changes.ended.push_back(old);
  }
  std::vector<Reception> kept;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool known = contains(receptions_, wanted[i]);
    rtp::ReceiverConfig config;
    config.ssrc = wanted[i].ssrc;
    config.nack = sources[i]->nack;
    // Refused when there are more than a peer takes: that track stays silent, the others do not.
    if (!known && peer.add_receiver(config, now, out)) continue;
    if (!known) changes.begun.push_back(wanted[i]);
    kept.push_back(std::move(wanted[i]));
  }
  receptions_ = std::move(kept);
  return changes;
}

const Reception* Receptions::find(std::uint32_t ssrc) const {
  auto found = std::find_if(receptions_.begin(), receptions_.end(),
                            [&](const Reception& reception) { return reception.ssrc == ssrc; });
  return found == receptions_.end() ? nullptr : &*found;
}

bool Receptions::receives(std::string_view track_sid) const {
  return std::any_of(receptions_.begin(), receptions_.end(),
                     [&](const Reception& r) { return r.track_sid == track_sid; });
}

}  // namespace sidetone::session
