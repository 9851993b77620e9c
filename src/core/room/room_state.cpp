#include "core/room/room_state.hpp"

#include <algorithm>
#include <set>

namespace sidetone::room {
namespace {

ConnectionQuality to_quality(livekit::ConnectionQuality quality) {
  switch (quality) {
    case livekit::POOR: return ConnectionQuality::poor;
    case livekit::GOOD: return ConnectionQuality::good;
    case livekit::EXCELLENT: return ConnectionQuality::excellent;
    case livekit::LOST: return ConnectionQuality::lost;
    default: return ConnectionQuality::unknown;
  }
}

ParticipantKind to_kind(livekit::ParticipantInfo::Kind kind) {
  switch (kind) {
    case livekit::ParticipantInfo::INGRESS: return ParticipantKind::ingress;
    case livekit::ParticipantInfo::EGRESS: return ParticipantKind::egress;
    case livekit::ParticipantInfo::SIP: return ParticipantKind::sip;
    case livekit::ParticipantInfo::AGENT: return ParticipantKind::agent;
    case livekit::ParticipantInfo::CONNECTOR: return ParticipantKind::connector;
    case livekit::ParticipantInfo::BRIDGE: return ParticipantKind::bridge;
    default: return ParticipantKind::standard;
  }
}

std::int64_t joined_at_ms(const livekit::ParticipantInfo& info) {
  constexpr std::int64_t kLatest = 1'000'000'000'000;  // far beyond any clock, far below overflow
  if (info.joined_at_ms() != 0) return info.joined_at_ms();
  return std::clamp<std::int64_t>(info.joined_at(), 0, kLatest) * 1000;
}

std::map<std::string, std::string> attributes_of(const livekit::ParticipantInfo& info) {
  return {info.attributes().begin(), info.attributes().end()};
}

std::map<std::string, std::string> difference(const std::map<std::string, std::string>& before,
                                              const std::map<std::string, std::string>& after) {
  std::map<std::string, std::string> changed;
  for (const auto& [key, value] : after)
    if (auto old = before.find(key); old == before.end() || old->second != value)
      changed.emplace(key, value);
  for (const auto& [key, value] : before)
    if (!after.contains(key)) changed.emplace(key, "");
  return changed;
}

Participant make_participant(const livekit::ParticipantInfo& info) {
  Participant participant;
  participant.sid = info.sid();
  participant.identity = info.identity();
  participant.name = info.name();
  participant.metadata = info.metadata();
  participant.attributes = attributes_of(info);
  participant.kind = to_kind(info.kind());
  if (info.has_permission()) participant.permissions = to_permissions(info.permission());
  participant.joined_at_ms = joined_at_ms(info);
  participant.version = info.version();
  participant.active = info.state() == livekit::ParticipantInfo::ACTIVE;
  return participant;
}

// What may change about a published track, taken over from a newer description.
void refresh(Track& track, Track newer) {
  newer.subscribed = track.subscribed;
  newer.wanted = track.wanted;
  newer.allowed = track.allowed;
  track = std::move(newer);
}

}  // namespace

void RoomState::on_join(const livekit::JoinResponse& join, EventOutbox& out) {
  announcing_ = joined_;
  next_update_is_complete_ = false;
  on_room(join.room(), out);
  auto local = make_participant(join.participant());
  local.local = true;
  local.tracks = std::move(local_.tracks);  // the session publishes them again
  local_ = std::move(local);
  for (const auto& info : join.other_participants())
    if (info.state() != livekit::ParticipantInfo::DISCONNECTED) apply(info, out);
  remove_missing(join.other_participants(), out);
  joined_ = announcing_ = true;
}

void RoomState::on_update(const livekit::ParticipantUpdate& update, EventOutbox& out) {
  for (const auto& info : update.participants()) apply(info, out);
  if (std::exchange(next_update_is_complete_, false)) remove_missing(update.participants(), out);
}

void RoomState::apply(const livekit::ParticipantInfo& info, EventOutbox& out) {
  bool gone = info.state() == livekit::ParticipantInfo::DISCONNECTED;
  auto* known = info.sid().empty() ? nullptr : mutable_participant(info.sid());
  if (known == nullptr) {
    // Ourselves under another sid: the server tells the one it evicts by a leave.
    bool usable = !gone && !info.sid().empty() && !info.identity().empty() &&
                  info.identity() != local_.identity;
    if (!usable) {
      ++ignored_;
      return;
    }
    if (const auto* old = find_identity(info.identity()))
      remove(std::string(old->sid), DisconnectReason::duplicate_identity, out);
    add(info, out);
    return;
  }
  if (gone) {
    if (!known->local) remove(info.sid(), to_reason(info.disconnect_reason()), out);
    return;
  }
  if (info.version() < known->version) {
    ++ignored_;
    return;
  }
  change(*known, info, out);
}

void RoomState::add(const livekit::ParticipantInfo& info, EventOutbox& out) {
  if (remotes_.size() >= kMaxParticipants) {
    ++ignored_;
    return;
  }
  auto& participant = remotes_.emplace(info.sid(), make_participant(info)).first->second;
  if (announcing_) out.push(ParticipantConnected{participant});
  change_tracks(participant, info, out);
}

void RoomState::change(Participant& participant,
                       const livekit::ParticipantInfo& info,
                       EventOutbox& out) {
  participant.version = info.version();
  participant.active = info.state() == livekit::ParticipantInfo::ACTIVE;
  participant.kind = to_kind(info.kind());
  participant.joined_at_ms = joined_at_ms(info);
  change_profile(participant, info, out);
  if (participant.local)
    update_local_tracks(info);
  else
    change_tracks(participant, info, out);
}

void RoomState::change_profile(Participant& participant,
                               const livekit::ParticipantInfo& info,
                               EventOutbox& out) {
  auto who = ref(participant);
  if (participant.name != info.name()) {
    auto previous = std::exchange(participant.name, info.name());
    out.push(ParticipantNameChanged{who, std::move(previous), info.name()});
  }
  if (participant.metadata != info.metadata()) {
    auto previous = std::exchange(participant.metadata, info.metadata());
    out.push(ParticipantMetadataChanged{who, std::move(previous), info.metadata()});
  }
  auto attributes = attributes_of(info);
  if (auto changed = difference(participant.attributes, attributes); !changed.empty()) {
    participant.attributes = std::move(attributes);
    out.push(ParticipantAttributesChanged{who, std::move(changed)});
  }
  if (auto permissions = to_permissions(info.permission());
      info.has_permission() && permissions != participant.permissions) {
    participant.permissions = permissions;
    out.push(ParticipantPermissionsChanged{who, std::move(permissions)});
  }
}

void RoomState::update_local_tracks(const livekit::ParticipantInfo& info) {
  for (const auto& wire : info.tracks()) {
    if (auto* track = local_.find(wire.sid())) {
      track->mime_type = wire.mime_type();
      track->mid = wire.mid();
    }
  }
}

void RoomState::change_tracks(Participant& participant,
                              const livekit::ParticipantInfo& info,
                              EventOutbox& out) {
  for (std::size_t i = participant.tracks.size(); i-- > 0;) {
    const auto& sid = participant.tracks[i].sid;
    bool present = std::any_of(info.tracks().begin(), info.tracks().end(),
                               [&](const auto& wire) { return wire.sid() == sid; });
    if (!present) remove_track(participant, i, out);
  }
  for (const auto& wire : info.tracks()) {
    if (auto* track = participant.find(wire.sid())) {
      bool was_muted = track->muted;
      refresh(*track, to_track(wire));
      if (track->muted && !was_muted) out.push(TrackMuted{ref(participant), *track});
      if (!track->muted && was_muted) out.push(TrackUnmuted{ref(participant), *track});
    } else if (participant.tracks.size() < kMaxTracks && !wire.sid().empty()) {
      participant.tracks.push_back(to_track(wire));
      if (announcing_) out.push(TrackPublished{ref(participant), participant.tracks.back()});
    } else {
      ++ignored_;
    }
  }
}

void RoomState::remove_track(Participant& participant, std::size_t index, EventOutbox& out) {
  auto track = std::move(participant.tracks[index]);
  participant.tracks.erase(participant.tracks.begin() + static_cast<std::ptrdiff_t>(index));
  if (std::exchange(track.subscribed, false)) out.push(TrackUnsubscribed{ref(participant), track});
  out.push(TrackUnpublished{ref(participant), std::move(track)});
}

void RoomState::remove(std::string_view sid, DisconnectReason reason, EventOutbox& out) {
  auto found = remotes_.find(sid);
  if (found == remotes_.end()) return;
  auto participant = std::move(found->second);
  remotes_.erase(found);
  while (!participant.tracks.empty()) remove_track(participant, participant.tracks.size() - 1, out);
  bool spoke = std::exchange(participant.speaking, false);
  out.push(ParticipantDisconnected{std::move(participant), reason});
  if (spoke) emit_speakers(out);
}

void RoomState::remove_missing(
    const google::protobuf::RepeatedPtrField<livekit::ParticipantInfo>& present, EventOutbox& out) {
  std::set<std::string, std::less<>> sids;
  for (const auto& info : present) sids.insert(info.sid());
  std::vector<std::string> missing;
  for (const auto& [sid, participant] : remotes_)
    if (!sids.contains(sid)) missing.push_back(sid);
  for (const auto& sid : missing) remove(sid, DisconnectReason::unknown, out);
}

void RoomState::on_speakers(const livekit::SpeakersChanged& change, EventOutbox& out) {
  bool changed = false;
  for (const auto& speaker : change.speakers()) {
    auto* participant = mutable_participant(speaker.sid());
    if (participant == nullptr) {
      ++ignored_;
      continue;
    }
    float level = speaker.active() && speaker.level() > 0 ? std::min(speaker.level(), 1.0F) : 0.0F;
    changed =
        changed || participant->speaking != speaker.active() || participant->audio_level != level;
    participant->speaking = speaker.active();
    participant->audio_level = level;
  }
  if (changed) emit_speakers(out);
}

void RoomState::emit_speakers(EventOutbox& out) {
  ActiveSpeakersChanged event;
  auto collect = [&](const Participant& participant) {
    if (participant.speaking) event.speakers.push_back({ref(participant), participant.audio_level});
  };
  collect(local_);
  for (const auto& [sid, participant] : remotes_) collect(participant);
  std::stable_sort(event.speakers.begin(), event.speakers.end(),
                   [](const Speaker& a, const Speaker& b) { return a.level > b.level; });
  out.push(std::move(event));
}

void RoomState::on_quality(const livekit::ConnectionQualityUpdate& update, EventOutbox& out) {
  for (const auto& info : update.updates()) {
    auto* participant = mutable_participant(info.participant_sid());
    auto quality = to_quality(info.quality());
    if (participant == nullptr) {
      ++ignored_;
    } else if (participant->quality != quality) {
      participant->quality = quality;
      out.push(ConnectionQualityChanged{ref(*participant), quality, info.score()});
    }
  }
}

void RoomState::on_room(const livekit::Room& room, EventOutbox& out) {
  RoomInfo info;
  info.sid = room.sid().empty() ? info_.sid : room.sid();  // may come later, never goes
  info.name = room.name().empty() ? info_.name : room.name();
  info.metadata = room.metadata();
  info.num_participants = room.num_participants();
  info.num_publishers = room.num_publishers();
  info.recording = room.active_recording();
  auto previous = std::exchange(info_, std::move(info));
  if (!joined_) return;
  if (previous.metadata != info_.metadata)
    out.push(RoomMetadataChanged{previous.metadata, info_.metadata});
  previous.metadata = info_.metadata;
  if (previous != info_)
    out.push(RoomInfoChanged{info_.name, info_.sid, info_.num_participants, info_.num_publishers,
                             info_.recording});
}

void RoomState::on_permission(const livekit::SubscriptionPermissionUpdate& update,
                              EventOutbox& out) {
  auto [participant, track] = mutable_track(update.track_sid());
  if (track == nullptr) {
    ++ignored_;
  } else if (track->allowed != update.allowed()) {
    track->allowed = update.allowed();
    out.push(SubscriptionPermissionChanged{ref(*participant), *track, update.allowed()});
  }
}

bool RoomState::set_subscribed(std::string_view track_sid, bool subscribed, EventOutbox& out) {
  auto [participant, track] = mutable_track(track_sid);
  if (track == nullptr || participant->local || track->subscribed == subscribed) return false;
  track->subscribed = subscribed;
  if (subscribed)
    out.push(TrackSubscribed{ref(*participant), *track});
  else
    out.push(TrackUnsubscribed{ref(*participant), *track});
  return true;
}

bool RoomState::set_wanted(std::string_view track_sid, bool wanted) {
  auto [participant, track] = mutable_track(track_sid);
  if (track == nullptr || participant->local) return false;
  track->wanted = wanted;
  return true;
}

void RoomState::add_local_track(Track track, EventOutbox& out) {
  if (local_.find(track.sid) != nullptr) return;
  local_.tracks.push_back(std::move(track));
  out.push(TrackPublished{ref(local_), local_.tracks.back()});
}

void RoomState::remove_local_track(std::string_view track_sid, EventOutbox& out) {
  for (std::size_t i = 0; i < local_.tracks.size(); ++i)
    if (local_.tracks[i].sid == track_sid) return remove_track(local_, i, out);
}

void RoomState::replace_local_track(std::string_view previous_sid, Track track, EventOutbox& out) {
  auto* known = local_.find(previous_sid);
  if (known == nullptr) return add_local_track(std::move(track), out);
  *known = std::move(track);
  out.push(LocalTrackRepublished{std::string(previous_sid), *known});
}

void RoomState::set_local_muted(std::string_view track_sid, bool muted, EventOutbox& out) {
  auto* track = local_.find(track_sid);
  if (track == nullptr || track->muted == muted) return;
  track->muted = muted;
  if (muted)
    out.push(TrackMuted{ref(local_), *track});
  else
    out.push(TrackUnmuted{ref(local_), *track});
}

const Participant* RoomState::find(std::string_view sid) const {
  if (!sid.empty() && sid == local_.sid) return &local_;
  auto found = remotes_.find(sid);
  return found == remotes_.end() ? nullptr : &found->second;
}

const Participant* RoomState::find_identity(std::string_view identity) const {
  if (!identity.empty() && identity == local_.identity) return &local_;
  for (const auto& [sid, participant] : remotes_)
    if (participant.identity == identity) return &participant;
  return nullptr;
}

RoomState::Found RoomState::find_track(std::string_view track_sid) const {
  if (const auto* track = local_.find(track_sid)) return {&local_, track};
  for (const auto& [sid, participant] : remotes_)
    if (const auto* track = participant.find(track_sid)) return {&participant, track};
  return {};
}

Participant* RoomState::mutable_participant(std::string_view sid) {
  return const_cast<Participant*>(find(sid));  // NOLINT(*-const-cast)
}

std::pair<Participant*, Track*> RoomState::mutable_track(std::string_view track_sid) {
  auto found = find_track(track_sid);
  if (!found) return {};
  auto* participant = mutable_participant(found.participant->sid);
  return {participant, participant->find(track_sid)};
}

}  // namespace sidetone::room
