// One published track on its way to one subscriber: new SSRC and payload type, the publisher's
// numbering with no hole where packets were muted, RED unpacked where the subscriber did not take
// it, and silence at mute and end so that its decoder settles (wire_protocol §6.2, §6.3; audio.md
// §3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.hpp"
#include "core/peer/peer.hpp"
#include "core/rtp/packet.hpp"

namespace sidetone::server {

inline constexpr std::size_t kMaxTrailerBytes = 64;

class DownTrack {
 public:
  // What the subscriber's answer allows.
  struct Route {
    std::uint32_t ssrc = 0;
    std::uint8_t opus = 111;
    std::optional<std::uint8_t> red;
  };

  // Forwarding starts with the next packet; again after a new answer.
  void open(const Route& route);

  bool is_open() const { return route_.has_value(); }

  // Ends each packet of silence: that of an encrypted track, whose receivers tell by it what they
  // must not decrypt (JoinResponse.sif_trailer). At most kMaxTrailerBytes.
  void set_trailer(std::string_view trailer);

  // `red`: the payload is RED around Opus. Returns whether it was forwarded.
  bool on_packet(const rtp::ReceivedPacket& packet,
                 bool red,
                 base::Instant now,
                 peer::Peer& to,
                 peer::Output& out);

  // Muted by the publisher or disabled by the subscriber: one second of silence, then nothing.
  void pause(base::Instant now);
  void resume();
  // The track ends: a fifth of a second of silence, then done().
  void close(base::Instant now);

  bool is_closing() const { return closing_; }

  bool is_paused() const { return paused_; }

  // What left last was RED.
  bool carries_red() const { return last_red_; }

  bool done() const { return closing_ && left_ == 0; }

  base::Deadline next_deadline() const;
  void on_deadline(base::Instant now, peer::Peer& to, peer::Output& out);

 private:
  void start_silence(int packets, base::Instant now);

  std::optional<Route> route_;
  std::string trailer_;
  bool sent_ = false;      // something left: only then is there anything to settle
  bool last_red_ = false;  // and in this form
  bool paused_ = false;
  bool closing_ = false;
  int left_ = 0;  // silence packets still to send
  base::Instant silence_due_;
};

}  // namespace sidetone::server
