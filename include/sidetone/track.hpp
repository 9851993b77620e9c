// What is known of a track: plain values, copied out of the room and into its events, safe on any
// thread. Later changes do not reach a copy; ask the Room again. Source: LiveKit's TrackInfo.
#pragma once

#include <memory>
#include <sidetone/export.hpp>
#include <sidetone/room_types.hpp>
#include <string>

namespace sidetone {
namespace shell {
class RoomDriver;
}

inline namespace v0 {

struct Track {
  std::string sid;
  std::string name;
  std::string mime_type;  // "audio/opus" or "audio/red"; empty until the publisher has negotiated
  TrackKind kind = TrackKind::audio;
  TrackSource source = TrackSource::unknown;
  bool muted = false;
  bool stereo = false;
  bool subscribed = false;  // media is negotiated; a remote track's packets may flow
  bool local = false;
  std::string participant_sid;
  std::string participant_identity;

  // For the library's own objects: which room it is of.
  std::weak_ptr<shell::RoomDriver> room;
};

}  // namespace v0
}  // namespace sidetone
