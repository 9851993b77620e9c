// What a session wants from the world, and the small values that cross its border.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/peer/output.hpp"
#include "core/room/events.hpp"
#include "core/signal/client_session.hpp"

namespace sidetone::session {

using OperationId = std::uint64_t;  // the caller's, not 0, unique among its pending operations
using SocketId = std::uint32_t;     // grows with each socket wanted

// For the WebSocket `socket`. After a close nothing more is wanted from it, and what it still says
// is ignored.
struct SocketWish {
  SocketId socket = 0;
  std::variant<signal::OpenSocket, signal::SendMessage, signal::CloseSocket> wish;
};

struct SocketFailure {
  errc code{};  // unreachable, tls_verification, not_found …; closed: the server closed it
  std::string text;
};

struct Completion {
  OperationId id = 0;
  error_code error;       // success, an errc, or operation_aborted
  std::string text;       // the server's or our reason, tokens masked; may be empty
  std::string track_sid;  // of a publish
};

struct Outputs {
  base::Outbox<base::Datagram> datagrams;
  base::Outbox<SocketWish> sockets;
  base::Outbox<ice::NetworkWish> network;
  room::EventOutbox events;
  base::Outbox<Completion> completions;

  void clear() {
    datagrams.clear();
    sockets.clear();
    network.clear();
    events.clear();
    completions.clear();
  }
};

// Whether a stream pipeline ends (StreamPipeline::end) with the track it is attached to, or is only
// detached then, because its owner follows a participant from track to track. Leaving the room ends
// neither kind silently: with_track gets its end, the owner of the other sees Disconnected.
enum class StreamEnd : std::uint8_t { with_track, by_owner };

// Absent values stay as they are (UpdateParticipantMetadata).
struct MetadataChange {
  std::string metadata;
  std::string name;
  std::map<std::string, std::string> attributes;  // an empty value removes the key
};

// Who may subscribe to our tracks; nobody said so: everyone.
struct SubscriptionPermissions {
  bool all_participants = true;
  std::vector<TrackPermission> participants;  // whoever is allowed besides
};

struct SessionCounters {
  std::uint64_t undecodable_messages = 0;  // signalling
  std::uint64_t undecodable_data = 0;      // data channels
  std::uint64_t stray_datagrams = 0;       // for no connection of ours
  std::uint64_t orphan_packets = 0;        // RTP of no known track
  std::uint64_t refused_descriptions = 0;
  std::uint64_t duplicate_data = 0;
  std::uint64_t resent_data = 0;         // reliable messages sent again after a resume
  std::uint64_t unknown_messages = 0;    // signalling of kinds that we do not know
  std::uint64_t refused_candidates = 0;  // not candidates, or names that we do not resolve
  std::uint32_t resumes = 0;
  std::uint32_t restarts = 0;
};

// Since connect(), over all connections there were; round trips of the present ones.
struct SessionFigures {
  struct Transport {
    peer::Counters packets;
    peer::AudioTotals audio;
    std::optional<base::Duration> rtt;
    std::optional<base::Duration> connected_after;  // since the attempt to connect began
  };

  Transport publisher;
  Transport subscriber;
};

}  // namespace sidetone::session
