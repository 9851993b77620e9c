// Room: what is done to it from outside, and what a participant changes about itself
// (wire_protocol §9.5, §8.1).
#include <algorithm>

#include "core/server/room.hpp"

namespace sidetone::server {

void Room::configure(const Administration::NewRoom& wanted, Turn turn) {
  if (wanted.empty_timeout != 0) info_.set_empty_timeout(wanted.empty_timeout);
  if (wanted.departure_timeout != 0) info_.set_departure_timeout(wanted.departure_timeout);
  if (wanted.max_participants != 0) info_.set_max_participants(wanted.max_participants);
  ordered_ = true;
  if (empty()) empty_until_ = turn.now + std::chrono::seconds(info_.empty_timeout());
  if (!wanted.metadata.empty()) set_metadata(wanted.metadata, turn);
}

void Room::set_metadata(std::string metadata, Turn turn) {
  if (metadata == info_.metadata()) return;
  info_.set_metadata(std::move(metadata));
  tell_room(turn);
}

void Room::tell_room(Turn turn) {
  told_counts_ = true;
  livekit::SignalResponse response;
  *response.mutable_room_update()->mutable_room() = info_;
  send_to_all(response, turn.out);
}

std::string Room::update_profile(Participant& participant, const Profile& change, Turn turn) {
  const auto& limits = services_.config.limits;
  auto& info = participant.info();
  auto attributes = info.attributes();
  std::size_t bytes = 0;
  for (const auto& [key, value] : change.attributes) {
    if (value.empty())
      attributes.erase(key);
    else
      attributes[key] = value;
  }
  for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
  if (change.name.size() > limits.name_bytes) return "exceeds name length limit";
  if (change.metadata.size() > limits.metadata_bytes) return "exceeds metadata size limit";
  if (bytes > limits.attributes_bytes) return "exceeds attributes size limit";
  if (change.name.empty() && change.metadata.empty() && change.attributes.empty()) return {};
  if (!change.metadata.empty()) info.set_metadata(change.metadata);
  if (!change.name.empty()) info.set_name(change.name);
  *info.mutable_attributes() = std::move(attributes);
  participant.touch();
  announce(info, turn.out);
  refresh_token(participant, turn);
  return {};
}

void Room::set_permission(Participant& participant,
                          const livekit::ParticipantPermission& permission,
                          Turn turn) {
  participant.set_permission(permission);
  drop_forbidden_tracks(participant, turn);
  if (!permission.can_subscribe())
    end_hearing(participant, turn.now);
  else if (participant.join().auto_subscribe)
    subscribe_to_all(participant);
  participant.touch();
  announce(participant.info(), turn.out);
  refresh_token(participant, turn);
}

// Its publisher is told each, its listeners hear them end (wire_protocol §9.5).
void Room::drop_forbidden_tracks(Participant& publisher, Turn turn) {
  std::vector<std::string> forbidden;
  for (const auto& track : publisher.tracks())
    if (!publisher.may_publish(track->info.source())) forbidden.push_back(track->info.sid());
  for (const auto& sid : forbidden) {
    livekit::SignalResponse response;
    response.mutable_track_unpublished()->set_track_sid(sid);
    publisher.send(response, turn.out);
  }
  end_tracks(publisher, forbidden, turn);
}

void Room::end_hearing(Participant& listener, base::Instant now) {
  for (auto& other : participants_)
    for (auto& track : other->tracks()) {
      deafen(listener, *track);
      listener.unsubscribe(track->info.sid(), now);
    }
}

void Room::mute_from_outside(Participant& publisher, Track& track, Turn turn) {
  if (track.info.muted()) return;
  livekit::SignalResponse response;
  response.mutable_mute()->set_sid(track.info.sid());
  response.mutable_mute()->set_muted(true);
  publisher.send(response, turn.out);
  set_muted(publisher, track, true, turn);
}

void Room::set_subscriptions(Participant& participant,
                             const std::vector<std::string>& sids,
                             bool subscribed,
                             Turn turn) {
  if (!participant.grants().can_subscribe) return;
  for (const auto& sid : sids) {
    const auto published = find_track(sid);
    if (!published.track || published.publisher == &participant) continue;
    if (subscribed) {
      subscribe(participant, *published.publisher, *published.track);
    } else {
      deafen(participant, *published.track);
      participant.unsubscribe(sid, turn.now);
    }
  }
}

void Room::send_from_outside(livekit::DataPacket packet, Turn turn) {
  packet.clear_participant_identity();
  packet.clear_participant_sid();
  packet.clear_sequence();
  packet.mutable_user()->clear_participant_identity();
  packet.mutable_user()->clear_participant_sid();
  if (packet.destination_identities().empty())
    *packet.mutable_destination_identities() = packet.user().destination_identities();
  deliver(nullptr, packet, packet.kind() == livekit::DataPacket::RELIABLE, turn);
}

}  // namespace sidetone::server
