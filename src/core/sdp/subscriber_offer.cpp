#include "core/sdp/subscriber_offer.hpp"

#include <algorithm>

#include "core/sdp/builder.hpp"

namespace sidetone::sdp {

SubscriberOffer::SubscriberOffer(std::uint64_t session_id, bool data)
    : session_id_(session_id), data_(data) {}

Outcome<std::string> SubscriberOffer::add(ForwardedTrack track) {
  if (track.ssrc == 0) return because("SSRC 0 is not used for media");
  if (!is_token(track.participant_sid) || !is_token(track.track_sid))
    return because("participant and track sids are one word of 1 to 256 characters");
  auto same_ssrc = [&](const Slot& s) {
    return s.state == State::active && s.track.ssrc == track.ssrc;
  };
  if (std::any_of(slots_.begin(), slots_.end(), same_ssrc))
    return because("SSRC " + std::to_string(track.ssrc) + " is in use");
  auto free = std::find_if(slots_.begin(), slots_.end(),
                           [](const Slot& s) { return s.state == State::free; });
  if (free != slots_.end()) {
    free->state = State::active;
    free->track = std::move(track);
    return free->mid;
  }
  if (slots_.size() + (data_ ? 1 : 0) >= kMaxSections)
    return because("the connection has 256 sections and takes no more tracks");
  const auto mid = std::to_string(slots_.size() + (data_ ? 1 : 0));
  slots_.push_back({mid, State::active, std::move(track)});
  return slots_.back().mid;
}

bool SubscriberOffer::remove(std::string_view mid) {
  auto it = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.mid == mid; });
  if (it == slots_.end() || it->state != State::active) return false;
  it->state = State::removed;
  return true;
}

Description SubscriberOffer::offer(const TransportParameters& local) {
  Description description;
  description.session_id = session_id_;
  description.version = ++version_;
  if (data_) description.sections.push_back(data_section("0", local));
  for (auto& slot : slots_) {
    description.sections.push_back(audio(slot));
    if (slot.state == State::removed) slot.state = State::offered_inactive;
  }
  add_transport(description, local, Setup::actpass);
  offered_ = slots_.size();
  return description;
}

Section SubscriberOffer::audio(const Slot& slot) const {
  if (slot.state != State::active) return opus_section(slot.mid, Direction::inactive, {});
  const auto& track = slot.track;
  OpusLines lines;
  if (track.red) lines.red = kRedType;
  lines.nack = track.nack && !track.red;
  lines.sprop_stereo = track.stereo;
  auto section = opus_section(slot.mid, Direction::sendonly, lines);
  auto stream = track.participant_sid + "|" + track.track_sid;
  section.msid = Msid{stream, track.track_sid};
  section.sources = {{track.ssrc, stream, section.msid}};
  return section;
}

Outcome<std::vector<AudioSection>> SubscriberOffer::apply(const Description& answer) {
  std::vector<std::string> mids;
  if (data_) mids.emplace_back("0");
  for (std::size_t i = 0; i < offered_; ++i) mids.push_back(slots_[i].mid);
  if (auto fault = mismatch(answer, data_, mids)) return *fault;
  auto sections = audio_sections(answer);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    sections[i].mid = slots_[i].mid;
    // A track removed or added since that offer is not what this answer speaks of.
    if (slots_[i].state != State::active) sections[i].direction = Direction::inactive;
    if (slots_[i].state == State::offered_inactive) slots_[i].state = State::free;
  }
  return sections;
}

}  // namespace sidetone::sdp
