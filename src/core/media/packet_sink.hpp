// Who hears a track: a StreamPipeline itself, or the shell's stream around one. Packets of a remote
// track, PCM of one of our own, and the end come from the session, on its thread.
#pragma once

#include <cstdint>

#include "core/audio/frame.hpp"
#include "core/base/time.hpp"

namespace sidetone::rtp {
struct ReceivedPacket;
}

namespace sidetone::send {
struct PcmPacket;
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

// Borrowed for the call.
struct TappedPacket {
  const send::PcmPacket& packet;
  audio::Format format;
  bool first = false;  // its RTP time does not follow from what this listener heard before
};

class PacketSink {
 public:
  PacketSink() = default;
  PacketSink(const PacketSink&) = delete;
  PacketSink& operator=(const PacketSink&) = delete;
  virtual ~PacketSink() = default;

  virtual void on_packet(const rtp::ReceivedPacket& packet, base::Instant now) = 0;

  // What our own track sends, as the pacer hands it to the encoder.
  virtual void on_pcm(const TappedPacket& /*tapped*/, base::Instant /*now*/) {}

  // The first reason stays; no packet follows it, unless the sink listens on to what comes after.
  virtual void end(EndReason reason, base::Instant now) = 0;
};

}  // namespace sidetone::media
