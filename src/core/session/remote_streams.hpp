// Who listens to which remote track. Packets of a track nobody listens to yet are kept for its
// first second, so that a listener attached on TrackSubscribed hears the first word.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/media/packet_sink.hpp"
#include "core/rtp/packet.hpp"
#include "core/session/outputs.hpp"

namespace sidetone::session {

class RemoteStreams {
 public:
  static constexpr base::Duration kEarlyFor = std::chrono::seconds(1);
  static constexpr std::size_t kMaxEarly = 100;  // a second of 10 ms packets
  static constexpr std::size_t kMaxListeners = 64;

  error_code attach(std::string_view track_sid,
                    media::PacketSink& sink,
                    StreamEnd end,
                    base::Instant now);
  void detach(const media::PacketSink& sink);

  // The track's media begins, maybe again.
  void begin(std::string_view track_sid, base::Instant now);
  // The track is gone: its listeners end, or are let go.
  void end(std::string_view track_sid, media::EndReason reason, base::Instant now);
  void end_all(media::EndReason reason, base::Instant now);

  // False: nobody listens, and it is too late to keep it.
  bool deliver(std::string_view track_sid, const rtp::ReceivedPacket& packet, base::Instant now);

 private:
  struct Listener {
    media::PacketSink* sink = nullptr;
    StreamEnd end{};
  };

  struct Stream {
    std::vector<Listener> listeners;
    std::vector<rtp::ReceivedPacket> early;
    base::Instant begun;
  };

  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace sidetone::session
