// A published track, and a track of somebody else on its way to a participant: what the server
// keeps of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/server/down_track.hpp"
#include "core/server/quality.hpp"
#include "livekit.pb.h"

namespace sidetone::server {

class Participant;
struct Subscription;

// A published track. Announced once its media section has come.
struct Track {
  // Whose transport carries it: looked up for each packet, so kept here.
  struct Listener {
    Participant* participant = nullptr;
    Subscription* subscription = nullptr;
  };

  livekit::TrackInfo info;
  std::string cid;
  std::uint32_t ssrc = 0;  // 0: announced to us, not yet offered
  std::uint8_t opus = 111;
  std::optional<std::uint8_t> red;
  bool heard = false;  // its first subscriber was reported
  StreamQuality quality;
  std::vector<Listener> listeners;
};

// A track of somebody else on its way to this participant.
struct Subscription {
  std::string publisher_sid;
  std::string track_sid;
  std::string mid;
  std::uint32_t ssrc = 0;
  bool answered = false;
  bool disabled = false;  // by the subscriber (track_setting)
  DownTrack down;
  StreamQuality quality;
  std::uint64_t sent_before = 0;                 // packets, at the last tick
  std::optional<std::int64_t> missing_before{};  // of the publisher's, when it was first looked at
  std::optional<livekit::ConnectionQuality> told{};  // of the publisher, to the subscriber
};

}  // namespace sidetone::server
