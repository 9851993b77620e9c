// The RTP part of a Peer: SRTP, the streams both ways, their reports and repairs. Knows no path: it
// puts protected packets into an outbox, and the Peer sends them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/peer/output.hpp"
#include "core/rtp/receiver.hpp"
#include "core/rtp/reporter.hpp"
#include "core/rtp/rtcp.hpp"
#include "core/rtp/sender.hpp"
#include "core/srtp/session.hpp"

namespace sidetone::peer {

class Media {
 public:
  // RTP may overtake the end of the handshake, or the description that declares its SSRC: 2 ms and
  // more were seen (wire_protocol §4.4). Beyond this it is dropped.
  static constexpr std::size_t kMaxHeld = 32;
  static constexpr base::Duration kHoldFor = std::chrono::milliseconds(500);

  Media(const Config& config, Counters& counters);

  bool keyed() const { return session_.has_value(); }

  // Keys are there: held packets are looked at, reports begin. media_failure from libsrtp.
  error_code start(const srtp::KeyingMaterial& keys, bool dtls_client, Instant now, Output& out);
  void stop();

  error_code add_sender(rtp::SenderConfig config);
  void remove_sender(std::uint32_t ssrc);
  error_code add_receiver(const rtp::ReceiverConfig& config, Instant now, Output& out);
  void remove_receiver(std::uint32_t ssrc);
  rtp::Sender* sender(std::uint32_t ssrc);
  const rtp::Receiver* receiver(std::uint32_t ssrc) const;

  void on_rtp(const Incoming& datagram, Output& out);
  // `to_send` gets protected packets that were asked for again.
  void on_rtcp(const Incoming& datagram, Instant now, base::Outbox<base::Packet>& to_send);

  // Protects what `sender` just wrote into `packet` and keeps it for repairs.
  error_code protect(rtp::Sender& sender, base::Packet& packet);

  // Reports, NACKs: protected.
  void on_deadline(Instant now, base::Outbox<base::Packet>& to_send);

  // May be earlier than needed, never later.
  Deadline next_deadline() const { return deadline_; }

  void hasten(Deadline deadline) { deadline_ = base::earliest(deadline_, deadline); }

  std::optional<base::Duration> rtt() const { return reporter_.rtt(); }

  AudioTotals totals() const;

 private:
  struct Held {
    Instant arrival;
    std::uint32_t ssrc = 0;
    base::Packet packet;
  };

  bool hold(std::vector<Held>& held, const Held& packet);
  void list_receivers();
  void deliver(rtp::Receiver& receiver, Bytes packet, Instant arrival, Output& out);
  void open_rtp(base::Packet& packet, Instant arrival, Output& out);
  void count(srtp::Status status);
  void on_item(const rtp::RtcpItem& item,
               Instant arrival,
               Instant now,
               base::Outbox<base::Packet>& to_send);
  void repair(const rtp::Nack& nack, Instant now, base::Outbox<base::Packet>& to_send);
  void expire(Instant now);
  void recompute_deadline();

  const Config& config_;
  Counters& counters_;
  std::optional<srtp::Session> session_;
  rtp::Reporter reporter_;
  std::map<std::uint32_t, rtp::Sender> senders_;
  std::map<std::uint32_t, rtp::Receiver> receivers_;
  std::vector<rtp::Receiver*> receiver_list_;  // for the reporter, in SSRC order
  std::vector<std::uint32_t> used_ssrcs_;      // of removed senders
  std::vector<std::uint32_t>
      idle_ssrcs_;                     // of removed receivers, still known to SRTP, oldest first
  std::vector<Held> before_keys_;      // protected
  std::vector<Held> before_receiver_;  // opened
  AudioTotals ended_;                  // of removed streams
  base::Packet scratch_;
  base::Outbox<base::Packet> rtcp_;
  base::Outbox<rtp::RtcpItem> items_;
  base::Outbox<Bytes> repairs_;
  Deadline deadline_;
};

}  // namespace sidetone::peer
