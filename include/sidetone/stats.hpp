// Figures of a room's transports: plain values, one moment's snapshot. They count since connect(),
// over every connection there was: a full reconnect does not begin them anew. Round trips are those
// of the present connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sidetone {
inline namespace v0 {

struct TransportStats {
  std::uint64_t packets_sent = 0;  // datagrams, everything included
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_dropped =
      0;  // received and refused: strangers, replays, unauthentic, unknown
  std::optional<std::chrono::nanoseconds> round_trip;
  // From connect(), or the attempt to reconnect, until its media was up.
  std::optional<std::chrono::nanoseconds> connected_after;
};

// With one connection for both directions it is the publisher's.
struct RoomStats {
  TransportStats publisher;
  TransportStats subscriber;
  std::uint64_t audio_packets_sent = 0;
  std::uint64_t audio_packets_received = 0;  // accepted, duplicates not counted
  std::int64_t audio_packets_lost = 0;       // missing from the sequence
  std::uint64_t events_dropped = 0;          // nobody took them
};

}  // namespace v0
}  // namespace sidetone
