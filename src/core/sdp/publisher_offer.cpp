#include "core/sdp/publisher_offer.hpp"

#include <algorithm>

#include "core/sdp/builder.hpp"

namespace sidetone::sdp {

PublisherOffer::PublisherOffer(std::uint64_t session_id, bool data)
    : session_id_(session_id), data_(data) {}

Outcome<std::string> PublisherOffer::add(PublishedTrack track) {
  if (slots_.size() + (data_ ? 1 : 0) >= kMaxSections)
    return because("the connection has 256 sections and takes no more tracks");
  if (track.ssrc == 0) return because("SSRC 0 is not used for media");
  if (!is_token(track.cid) || !is_token(track.stream))
    return because("a track's cid and stream are one word of 1 to 256 characters");
  if (!track.cname.empty() && !is_token(track.cname)) return because("a cname is one word");
  auto same_ssrc = [&](const Slot& s) { return s.track && s.track->ssrc == track.ssrc; };
  if (std::any_of(slots_.begin(), slots_.end(), same_ssrc))
    return because("SSRC " + std::to_string(track.ssrc) + " is in use");
  slots_.push_back({next_mid(), std::move(track)});
  return slots_.back().mid;
}

Outcome<std::string> PublisherOffer::add_reception() {
  if (slots_.size() + (data_ ? 1 : 0) >= kMaxSections)
    return because("the connection has 256 sections and takes no more tracks");
  slots_.push_back({next_mid(), {}, true});
  return slots_.back().mid;
}

std::string PublisherOffer::next_mid() const {
  return std::to_string(slots_.size() + (data_ ? 1 : 0));
}

bool PublisherOffer::remove(std::string_view mid) {
  auto it = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.mid == mid; });
  if (it == slots_.end() || !it->track) return false;
  it->track.reset();
  return true;
}

Description PublisherOffer::offer(const TransportParameters& local) {
  Description description;
  description.session_id = session_id_;
  description.version = ++version_;
  if (data_) description.sections.push_back(data_section("0", local));
  for (const auto& slot : slots_) description.sections.push_back(audio(slot));
  add_transport(description, local, Setup::actpass);
  offered_ = slots_.size();
  return description;
}

Section PublisherOffer::audio(const Slot& slot) const {
  if (slot.reception) {
    OpusLines lines;
    lines.red = kRedType;
    lines.nack = true;
    lines.stereo = true;
    return opus_section(slot.mid, Direction::recvonly, lines);
  }
  if (!slot.track) return opus_section(slot.mid, Direction::inactive, {});
  const auto& track = *slot.track;
  OpusLines lines;
  if (track.red) lines.red = kRedType;
  lines.nack = track.nack && !track.red;
  lines.dtx = track.dtx;
  lines.stereo = track.stereo;
  auto section = opus_section(slot.mid, Direction::sendonly, lines);
  section.extensions = {{kLevelId, std::string(kAudioLevelUri)}, {kMidId, std::string(kMidUri)}};
  section.msid = Msid{track.stream, track.cid};
  section.sources = {{track.ssrc, track.cname.empty() ? track.cid : track.cname, section.msid}};
  return section;
}

Outcome<std::vector<AudioSection>> PublisherOffer::apply(const Description& answer) const {
  std::vector<std::string> mids;
  if (data_) mids.emplace_back("0");
  for (std::size_t i = 0; i < offered_; ++i) mids.push_back(slots_[i].mid);
  if (auto fault = mismatch(answer, data_, mids)) return *fault;
  auto sections = audio_sections(answer);
  for (std::size_t i = 0; i < sections.size(); ++i) sections[i].mid = slots_[i].mid;
  return sections;
}

}  // namespace sidetone::sdp
