// One local SSRC: numbers and builds packets, keeps what was sent for retransmission, reports
// (RFC 3550 §6.4.1) and learns what the other side received.
//
// Two ways to number. Own: send() with the source's RTP time. Forwarded: forward() with the
// publisher's unwrapped numbers; a subscription starts at them, gaps stay gaps, and inject() puts
// packets of our own between without a hole. One Sender uses one of the two.
//
// For each packet: packet = send(…) → srtp protects it → sent(packet). Plain RTCP comes out of
// on_deadline. Errors: nullopt and a counter. One thread. The RandomSource outlives the Sender.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/rtp/clock.hpp"
#include "core/rtp/extension.hpp"
#include "core/rtp/history.hpp"
#include "core/rtp/rtcp.hpp"

namespace sidetone::rtp {

// What fits a datagram after protection (srtp::Session::kMaxPlainBytes). What we encode stays below
// 1200; what is forwarded came through somebody else's MTU.
inline constexpr std::size_t kMaxRtpBytes = 1356;

struct SenderConfig {
  std::uint32_t ssrc = 0;
  std::uint8_t payload_type = 111;
  std::uint32_t clock_rate = 48000;
  std::string cname{};
  std::string mid{};
  bool nack = false;
  std::uint8_t level_extension_id = 0;  // 0: not negotiated, here and below
  std::uint8_t mid_extension_id = 0;
  std::uint8_t capture_time_extension_id = 0;
  base::WallClock wall{};
  // Random when absent; tests start near the wrap.
  std::optional<std::uint16_t> initial_sequence{};
  std::optional<std::uint32_t> initial_timestamp{};
};

struct OutgoingAudio {
  std::int64_t rtp_time = 0;  // of the first sample, any origin
  base::Instant captured{};   // when that sample was captured, by the media clock
  bool marker = false;
  std::optional<AudioLevel> level{};
  std::optional<std::uint8_t> payload_type{};  // the configured one when absent
  base::Bytes payload{};
};

struct ForwardedAudio {
  std::int64_t sequence = 0;  // as ReceivedPacket has them
  std::int64_t rtp_time = 0;
  bool marker = false;
  std::optional<CaptureTime> capture_time{};
  std::optional<std::uint8_t> payload_type{};
  base::Bytes payload{};
};

struct InjectedAudio {
  std::int64_t rtp_advance = 0;  // since the last packet sent
  bool marker = true;
  std::optional<std::uint8_t> payload_type{};
  base::Bytes payload{};
};

struct SenderStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;  // payload
  std::uint64_t retransmitted = 0;
  std::uint64_t retransmissions_refused = 0;
  std::uint64_t nacks_received = 0;  // sequence numbers asked for
  std::uint64_t refused = 0;         // too large, or older than where the numbering starts
  std::uint64_t reports_sent = 0;
  // From the receiver's reports.
  std::uint64_t reports_received = 0;
  double fraction_lost = 0;  // of the last report, 0..1
  std::int32_t packets_lost = 0;
  base::Duration jitter{};
  std::optional<base::Duration> rtt{};
};

class Sender {
 public:
  Sender(SenderConfig config, base::RandomSource& random);

  // The packet's sequence number, and the packet, unprotected. nullopt: refused, packet empty.
  std::optional<std::uint16_t> send(const OutgoingAudio& audio,
                                    base::Instant now,
                                    base::Packet& to);
  std::optional<std::uint16_t> forward(const ForwardedAudio& audio,
                                       base::Instant now,
                                       base::Packet& to);
  // Only after a forwarded packet; until the next forward(), which continues without a hole.
  std::optional<std::uint16_t> inject(const InjectedAudio& audio,
                                      base::Instant now,
                                      base::Packet& to);
  // The next forward() comes from another source: sequence numbers continue, and RTP time by the
  // time that passed.
  void change_source();
  // The publisher's clock, in its RTP time; without it a forwarding Sender sends no reports.
  void set_source_clock(const ClockMapping& mapping);

  // Keeps the protected bytes, when NACK was negotiated.
  void sent(const base::Packet& protected_packet);

  // Protected packets to send again, byte for byte; borrowed until the next sent().
  void on_nack(const Nack& nack, base::Instant now, base::Outbox<base::Bytes>& out);
  void on_report_block(const ReportBlock& block, base::Instant now);

  // SR and SDES CNAME: 1 s after the first packet, then every 2–3 s while packets are sent.
  void on_deadline(base::Instant now, base::Outbox<base::Packet>& rtcp);
  base::Deadline next_deadline() const;

  const SenderConfig& config() const { return config_; }

  const SenderStats& stats() const { return stats_; }

 private:
  enum class Numbering { unused, own, forwarding, injected, source_changed };

  struct Build {
    std::int64_t sequence;
    std::int64_t timestamp;
    bool marker;
    std::uint8_t payload_type;
    base::Bytes payload;
  };

  struct SentReport {
    std::uint32_t compact_ntp = 0;
    base::Instant at;
  };

  void start_forwarding(const ForwardedAudio& audio);
  bool place(const ForwardedAudio& audio, base::Instant now);
  void anchor(std::int64_t source_sequence);
  std::optional<std::uint16_t> emit(const Build& build,
                                    ExtensionBlock& extensions,
                                    base::Instant now,
                                    base::Packet& to);
  void add_capture_time(ExtensionBlock& extensions, const CaptureTime& time, base::Instant now);
  SenderReport report(base::Instant now) const;

  SenderConfig config_;
  base::RandomSource& random_;
  SenderStats stats_;
  Numbering numbering_ = Numbering::unused;
  std::int64_t sequence_ = 0;   // highest sent
  std::int64_t timestamp_ = 0;  // of that packet
  std::int64_t sequence_offset_ = 0;
  std::int64_t timestamp_offset_ = 0;
  std::int64_t oldest_source_ = 0;  // publisher's numbers below this are refused
  std::int64_t highest_source_ = 0;
  base::Instant last_sent_;
  std::optional<ClockMapping> clock_;  // in the source's RTP time
  base::Deadline capture_time_due_;
  std::optional<History> history_;
  base::Deadline report_due_;
  bool sent_since_report_ = false;
  std::array<SentReport, 4> reports_;  // a report block may answer any of the last 8 s
};

}  // namespace sidetone::rtp
