// One remote SSRC: unwraps its numbers, drops duplicates, counts what is missing (RFC 3550 A.1,
// A.3, A.8), asks for it again (RFC 4585) and keeps the sender's clock.
//
// Packets come in after SRTP, so they are authentic: the first one is believed. Errors: a refused
// packet is a Verdict and a counter. RTCP comes out of on_deadline (NACK) and through
// rtp::Reporter. One thread; nothing allocates.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/time.hpp"
#include "core/base/unwrap.hpp"
#include "core/rtp/clock.hpp"
#include "core/rtp/nack_list.hpp"
#include "core/rtp/packet.hpp"
#include "core/rtp/rtcp.hpp"

namespace sidetone::rtp {

struct ReceiverConfig {
  std::uint32_t ssrc = 0;
  std::uint32_t local_ssrc = 1;  // whom NACKs come from; 1 is what browsers use
  std::uint32_t clock_rate = 48000;
  bool nack = false;
  std::uint8_t level_extension_id = 0;  // 0: not negotiated
  std::uint8_t capture_time_extension_id = 0;
};

enum class Verdict {
  accepted,
  duplicate,
  too_old,    // more than 1024 behind the newest: nobody can tell whether it is a duplicate
  oversized,  // payload beyond base::kMaxPacketBytes
};

struct ReceiverStats {
  std::uint64_t packets_received = 0;  // accepted
  std::uint64_t bytes_received = 0;    // payload
  std::uint64_t duplicates = 0;
  std::uint64_t too_old = 0;
  std::uint64_t oversized = 0;
  std::uint64_t reordered = 0;   // accepted, older than the newest
  std::uint64_t recovered = 0;   // accepted after a NACK
  std::uint64_t nacks_sent = 0;  // sequence numbers asked for, repetitions included
  std::uint64_t resyncs = 0;     // jumps too large to be loss
  std::uint64_t sender_reports = 0;
  std::int64_t packets_lost = 0;  // over all, late arrivals taken back
  base::Duration jitter{};
  base::Duration rtt{};  // what NACKs are spaced by
};

class Receiver {
 public:
  // Older ones are refused; also bounds what heavy reordering may do (audio.md §7, 11).
  static constexpr std::int64_t kWindow = 1024;
  // RFC 3550 A.1: a larger jump is a rewritten stream and not a minute of loss. Always forward:
  // SRTP refuses a stream that goes back.
  static constexpr std::int64_t kMaxDropout = 3000;

  explicit Receiver(const ReceiverConfig& config);

  // Accepted packets are appended to `out`. `arrival` is the kernel's time stamp.
  Verdict on_packet(const PacketView& packet,
                    base::Instant arrival,
                    base::Outbox<ReceivedPacket>& out);
  void on_sender_report(const SenderReport& report, base::Instant arrival);

  // NACKs that are due, one RTCP packet for all of them.
  void on_deadline(base::Instant now, base::Outbox<base::Packet>& rtcp);
  base::Deadline next_deadline() const;

  // What to report about the time since the last call; nullopt when nothing arrived in it.
  std::optional<ReportBlock> take_report_block(base::Instant now);

  void set_rtt(base::Duration rtt);

  // From the last sender report, once a packet has come.
  std::optional<ClockMapping> source_clock() const { return clock_; }

  const ReceiverConfig& config() const { return config_; }

  ReceiverStats stats() const;

 private:
  std::int64_t unwrap(std::uint16_t sequence) const;
  Verdict place(std::int64_t sequence, base::Instant arrival);
  void restart_at(std::int64_t sequence);
  void advance_to(std::int64_t sequence, base::Instant arrival);
  void update_jitter(std::int64_t rtp_time, base::Instant arrival);
  void map_clock();
  void read_extensions(const PacketView& packet, ReceivedPacket& into) const;

  std::int64_t expected() const { return highest_ - base_ + 1; }

  std::int64_t lost() const { return lost_before_ + expected() - received_; }

  ReceiverConfig config_;
  ReceiverStats stats_;
  bool started_ = false;
  std::bitset<kWindow> seen_;  // by sequence modulo kWindow, down to highest_ - kWindow + 1
  std::int64_t base_ = 0;      // first of the present numbering
  std::int64_t highest_ = -1;
  std::int64_t received_ = 0;     // since base_
  std::int64_t lost_before_ = 0;  // in earlier numberings
  std::int64_t expected_reported_ = 0;
  std::int64_t received_reported_ = 0;
  bool arrived_since_report_ = false;
  base::TimestampUnwrapper timestamps_;  // remembers that of the newest packet
  std::optional<std::int64_t> transit_;  // of the newest packet, in ticks
  std::int64_t jitter_16_ = 0;           // RFC 3550 A.8: 16 times the jitter
  base::Instant origin_;                 // of arrival ticks
  std::optional<SenderReport> report_;
  base::Instant report_arrival_;
  std::optional<ClockMapping> clock_;
  NackList nacks_;
};

}  // namespace sidetone::rtp
