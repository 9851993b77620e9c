// What an operator does to rooms from outside: the acts behind RoomService's calls, as typed calls
// on the machine. Checks of tokens and the HTTP around it are the caller's (wire_protocol §9.5).
//
// Texts are UTF-8 and bounded by Limits; ids are those of the participants' own messages. A refusal
// is a value: what livekit-server would answer. Everything is done and told when a call returns,
// but for silence and offers that follow with their own deadlines. One strand, as the Server.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/server/types.hpp"
#include "livekit.pb.h"

namespace sidetone::server {

class Participant;
class Room;
class Server;

// Named and worded as Twirp errors are: the caller picks the HTTP status by the code.
struct Refused {
  enum class Code { not_found, invalid_argument, failed_precondition, resource_exhausted };
  Code code = Code::not_found;
  std::string message;
};

template <class T>
using Answer = std::variant<T, Refused>;

struct Done {};

class Administration {
 public:
  // Of one call; the server outlives it.
  explicit Administration(Server& server) : server_(server) {}

  // ---- rooms ----
  struct NewRoom {
    std::string name;
    std::string metadata;
    std::uint32_t empty_timeout = 0;      // seconds it stays before anybody came; 0: 300
    std::uint32_t departure_timeout = 0;  // seconds it stays after the last one left; 0: 20
    std::uint32_t max_participants = 0;   // 0: as many as the server takes
  };

  // A room that is there already takes over what is given.
  Answer<livekit::Room> create_room(const NewRoom& room, Turn turn);
  // Those of the names that exist; all for no name.
  std::vector<livekit::Room> list_rooms(const std::vector<std::string>& names) const;
  // Participants are told ROOM_DELETED.
  Answer<Done> delete_room(std::string_view room, Turn turn);
  Answer<livekit::Room> update_room_metadata(std::string_view room,
                                             std::string metadata,
                                             Turn turn);

  // ---- participants ----
  struct Who {
    std::string_view room;
    std::string_view identity;
  };

  // Hidden ones too.
  Answer<std::vector<livekit::ParticipantInfo>> list_participants(std::string_view room) const;
  Answer<livekit::ParticipantInfo> get_participant(Who who) const;
  // Told PARTICIPANT_REMOVED.
  Answer<Done> remove_participant(Who who, Turn turn);

  struct Change {
    std::string name;                               // empty: as it is
    std::string metadata;                           // empty: as it is
    std::map<std::string, std::string> attributes;  // merged; an empty value removes its key
    // All fields count, but `hidden`, which stays as the participant joined. What may not be
    // published any more is dropped, who may not subscribe any more hears nothing.
    std::optional<livekit::ParticipantPermission> permission;
  };

  Answer<livekit::ParticipantInfo> update_participant(Who who, const Change& change, Turn turn);

  // ---- tracks and data ----
  // The publisher is told to mute. Only muting is possible: a microphone is not switched on from
  // afar.
  Answer<livekit::TrackInfo> mute_track(Who who, std::string_view track_sid, bool muted, Turn turn);
  // Unknown tracks are passed over.
  Answer<Done> update_subscriptions(Who who,
                                    const std::vector<std::string>& track_sids,
                                    bool subscribe,
                                    Turn turn);
  // `packet.user`, on the channel of `packet.kind`, to `packet.destination_identities` or to all;
  // its sender's identity stays empty.
  Answer<Done> send_data(std::string_view room, livekit::DataPacket packet, Turn turn);

 private:
  struct Found {
    Room* room = nullptr;
    Participant* participant = nullptr;
  };

  Answer<Found> find(Who who) const;

  Server& server_;
};

}  // namespace sidetone::server
