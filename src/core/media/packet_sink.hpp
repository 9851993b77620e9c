// Who hears a remote track: a StreamPipeline itself, or the shell's stream around one. Packets and
// the end come from the session, on its thread.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::rtp {
struct ReceivedPacket;
}

namespace sidetone::media {

enum class EndReason : std::uint8_t {
  none,
  unsubscribed,
  unpublished,
  participant_left,
  room_closed,
  closed,
  overflow,
};

class PacketSink {
 public:
  PacketSink() = default;
  PacketSink(const PacketSink&) = delete;
  PacketSink& operator=(const PacketSink&) = delete;
  virtual ~PacketSink() = default;

  virtual void on_packet(const rtp::ReceivedPacket& packet, base::Instant now) = 0;
  // The first reason stays; no packet follows it, unless the sink listens on to what comes after.
  virtual void end(EndReason reason, base::Instant now) = 0;
};

}  // namespace sidetone::media
