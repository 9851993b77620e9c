// The room as its server describes it: participants, tracks, speakers, quality, metadata. Messages
// go in, ordered events come out, and the state shows a change before its event is emitted.
// Machine: no time enters, nothing is sent; any thread, one at a time.
//
// Rules (protocol/wire_protocol.md §2.7, §3.3, §4.4): an update is a whole ParticipantInfo, older
// versions of a sid are dropped; DISCONNECTED of an unknown sid is ignored; a known identity under
// a new sid means the old one is gone; a JoinResponse or the first update after a resume is
// complete, whoever is missing has left. At most kMaxParticipants and kMaxTracks are kept, the rest
// is counted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/room/events.hpp"
#include "core/room/participant.hpp"

namespace sidetone::room {

inline constexpr std::size_t kMaxParticipants =
    10'000;                                    // as many as a livekit-server room may hold
inline constexpr std::size_t kMaxTracks = 64;  // of one participant

struct RoomInfo {
  std::string sid;
  std::string name;
  std::string metadata;
  std::uint32_t num_participants = 0;
  std::uint32_t num_publishers = 0;
  bool recording = false;

  friend bool operator==(const RoomInfo&, const RoomInfo&) = default;
};

class RoomState {
 public:
  // Of a fresh session, first or after a full reconnect: what changed since the last one becomes
  // events.
  void on_join(const livekit::JoinResponse& join, EventOutbox& out);

  // Who is not in the next update has left (§7.1).
  void on_resumed() { next_update_is_complete_ = true; }

  void on_update(const livekit::ParticipantUpdate& update, EventOutbox& out);
  void on_speakers(const livekit::SpeakersChanged& change, EventOutbox& out);
  void on_quality(const livekit::ConnectionQualityUpdate& update, EventOutbox& out);
  void on_room(const livekit::Room& room, EventOutbox& out);
  void on_permission(const livekit::SubscriptionPermissionUpdate& update, EventOutbox& out);

  // Told by the session, which knows the media. False (and no event) when the track is unknown or
  // already so.
  bool set_subscribed(std::string_view track_sid, bool subscribed, EventOutbox& out);
  bool set_wanted(std::string_view track_sid, bool wanted);
  // Our own tracks and their mutes belong to the session: what an update says of them may be older.
  void add_local_track(Track track, EventOutbox& out);
  void remove_local_track(std::string_view track_sid, EventOutbox& out);
  // A full reconnect gave it another sid.
  void replace_local_track(std::string_view previous_sid, Track track, EventOutbox& out);
  void set_local_muted(std::string_view track_sid, bool muted, EventOutbox& out);

  const RoomInfo& info() const { return info_; }

  const Participant& local() const { return local_; }

  const std::map<std::string, Participant, std::less<>>& remotes() const {
    return remotes_;
  }  // by sid

  const Participant* find(std::string_view sid) const;
  const Participant* find_identity(std::string_view identity) const;

  struct Found {
    const Participant* participant = nullptr;
    const Track* track = nullptr;

    explicit operator bool() const { return track != nullptr; }
  };

  Found find_track(std::string_view track_sid) const;

  std::uint64_t ignored() const { return ignored_; }  // stale, unknown or over a bound

 private:
  Participant* mutable_participant(std::string_view sid);
  std::pair<Participant*, Track*> mutable_track(std::string_view track_sid);
  void apply(const livekit::ParticipantInfo& info, EventOutbox& out);
  void add(const livekit::ParticipantInfo& info, EventOutbox& out);
  void change_profile(Participant& participant,
                      const livekit::ParticipantInfo& info,
                      EventOutbox& out);
  void update_local_tracks(const livekit::ParticipantInfo& info);
  void change(Participant& participant, const livekit::ParticipantInfo& info, EventOutbox& out);
  void change_tracks(Participant& participant,
                     const livekit::ParticipantInfo& info,
                     EventOutbox& out);
  void remove_track(Participant& participant, std::size_t index, EventOutbox& out);
  void remove(std::string_view sid, DisconnectReason reason, EventOutbox& out);
  void remove_missing(const google::protobuf::RepeatedPtrField<livekit::ParticipantInfo>& present,
                      EventOutbox& out);
  void emit_speakers(EventOutbox& out);

  RoomInfo info_;
  Participant local_;
  std::map<std::string, Participant, std::less<>> remotes_;
  bool joined_ = false;
  bool announcing_ = false;  // false while the first JoinResponse is read
  bool next_update_is_complete_ = false;
  std::uint64_t ignored_ = 0;
};

}  // namespace sidetone::room
