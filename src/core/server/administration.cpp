#include "core/server/administration.hpp"

#include <algorithm>

#include "core/server/server.hpp"

namespace sidetone::server {
namespace {

// What the channels carry; the real server's limit for a whole message is 65 535.
constexpr std::size_t kMaxDataBytes = 64'000;

Refused no_room() {
  return {Refused::Code::not_found, "requested room does not exist"};
}

Refused no_participant() {
  return {Refused::Code::not_found, "participant does not exist"};
}

Refused too_long(std::string_view what, std::size_t limit) {
  return {Refused::Code::invalid_argument,
          std::string(what) + " exceeds the limit of " + std::to_string(limit) + " bytes"};
}

}  // namespace

Answer<livekit::Room> Administration::create_room(const NewRoom& wanted, Turn turn) {
  const auto& limits = server_.config_.limits;
  if (wanted.name.empty()) return Refused{Refused::Code::invalid_argument, "no room name"};
  if (wanted.name.size() > signal::kMaxRoomNameBytes)
    return too_long("room name", signal::kMaxRoomNameBytes);
  if (wanted.metadata.size() > limits.metadata_bytes)
    return too_long("metadata", limits.metadata_bytes);
  if (!server_.find_room(wanted.name) && server_.rooms() >= limits.rooms)
    return Refused{Refused::Code::resource_exhausted, "the server's limit of rooms is reached"};
  auto& room = server_.room(wanted.name, turn.now);
  room.configure(wanted, turn);
  return room.info();
}

std::vector<livekit::Room> Administration::list_rooms(const std::vector<std::string>& names) const {
  std::vector<livekit::Room> rooms;
  for (const auto& [name, room] : server_.rooms_)
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end())
      rooms.push_back(room->info());
  return rooms;
}

Answer<Done> Administration::delete_room(std::string_view room, Turn turn) {
  if (!server_.delete_room(room, turn.now, turn.out)) return no_room();
  return Done{};
}

Answer<livekit::Room> Administration::update_room_metadata(std::string_view name,
                                                           std::string metadata,
                                                           Turn turn) {
  auto* room = server_.find_room(name);
  if (!room) return no_room();
  const auto limit = server_.config_.limits.metadata_bytes;
  if (metadata.size() > limit) return too_long("metadata", limit);
  room->set_metadata(std::move(metadata), turn);
  return room->info();
}

Answer<Administration::Found> Administration::find(Who who) const {
  auto* room = server_.find_room(who.room);
  if (!room) return no_room();
  auto* participant = room->find(who.identity);
  if (!participant) return no_participant();
  return Found{room, participant};
}

Answer<std::vector<livekit::ParticipantInfo>> Administration::list_participants(
    std::string_view name) const {
  const auto* room = server_.find_room(name);
  if (!room) return no_room();
  std::vector<livekit::ParticipantInfo> participants;
  for (const auto& participant : room->participants()) participants.push_back(participant->info());
  return participants;
}

Answer<livekit::ParticipantInfo> Administration::get_participant(Who who) const {
  const auto found = find(who);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  return std::get<Found>(found).participant->info();
}

Answer<Done> Administration::remove_participant(Who who, Turn turn) {
  if (!server_.remove_participant(who.room, who.identity, turn.now, turn.out))
    return no_participant();
  return Done{};
}

Answer<livekit::ParticipantInfo> Administration::update_participant(Who who,
                                                                    const Change& change,
                                                                    Turn turn) {
  const auto found = find(who);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  const auto [room, participant] = std::get<Found>(found);
  const Room::Profile profile{change.name, change.metadata, change.attributes};
  if (const auto fault = room->update_profile(*participant, profile, turn); !fault.empty())
    return Refused{Refused::Code::invalid_argument, fault};
  if (change.permission) room->set_permission(*participant, *change.permission, turn);
  auto info = participant->info();
  server_.settle(*room, turn);
  return info;
}

Answer<livekit::TrackInfo> Administration::mute_track(Who who,
                                                      std::string_view track_sid,
                                                      bool muted,
                                                      Turn turn) {
  const auto found = find(who);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  const auto [room, participant] = std::get<Found>(found);
  auto* track = participant->track(track_sid);
  if (!track) return Refused{Refused::Code::not_found, "track is not found"};
  if (!muted && track->info.muted())
    return Refused{Refused::Code::failed_precondition, "remote unmute not enabled"};
  room->mute_from_outside(*participant, *track, turn);
  auto info = track->info;
  server_.settle(*room, turn);
  return info;
}

Answer<Done> Administration::update_subscriptions(Who who,
                                                  const std::vector<std::string>& track_sids,
                                                  bool subscribe,
                                                  Turn turn) {
  const auto found = find(who);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  const auto [room, participant] = std::get<Found>(found);
  room->set_subscriptions(*participant, track_sids, subscribe, turn);
  server_.settle(*room, turn);
  return Done{};
}

Answer<Done> Administration::send_data(std::string_view name,
                                       livekit::DataPacket packet,
                                       Turn turn) {
  auto* room = server_.find_room(name);
  if (!room) return no_room();
  if (packet.user().payload().size() > kMaxDataBytes) return too_long("data", kMaxDataBytes);
  room->send_from_outside(std::move(packet), turn);
  server_.settle(*room, turn);
  return Done{};
}

}  // namespace sidetone::server
