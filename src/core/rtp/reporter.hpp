// The periodic receiver reports of one transport: RR with a block per stream heard since the last,
// SDES CNAME, our reference time (XR RRTR) and the answers to the other side's (XR DLRR). Gives the
// round trip to those who only receive.
// Source: RFC 3550 §6.4.2, RFC 3611 §4.4–4.5, wire_protocol.md §5.5. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/rtp/receiver.hpp"
#include "core/rtp/rtcp.hpp"

namespace sidetone::rtp {

struct ReporterConfig {
  std::uint32_t local_ssrc = 1;
  std::string cname{};
  base::WallClock wall{};
};

class Reporter {
 public:
  // RFC 3550 §6.2 asks for 5 s where bandwidth is scarce; LiveKit reports each second and so do we.
  static constexpr base::Duration kInterval = std::chrono::seconds(1);
  static constexpr std::size_t kMaxReferences = 64;  // SSRCs a participant may have

  Reporter(ReporterConfig config, base::RandomSource& random);

  // Begins the schedule; call when the transport is up.
  void start(base::Instant now);

  void on_reference_time(const ReferenceTime& time, base::Instant arrival);
  void on_reference_delay(const ReferenceDelay& delay, base::Instant arrival);

  // Writes what there is to say (nothing when nothing was heard) and hands the round trip, once
  // known, to the receivers.
  void on_deadline(base::Instant now,
                   std::span<Receiver* const> receivers,
                   base::Outbox<base::Packet>& rtcp);

  base::Deadline next_deadline() const { return due_; }

  std::optional<base::Duration> rtt() const { return rtt_; }

 private:
  struct Reference {
    std::uint32_t ssrc = 0;
    std::uint32_t compact_ntp = 0;
    base::Instant arrival;
  };

  struct SentReference {
    std::uint32_t compact_ntp = 0;
    base::Instant at;
  };

  void write(base::Instant now,
             std::span<const ReportBlock> blocks,
             bool first,
             base::Outbox<base::Packet>& rtcp);
  void answer_references(base::Instant now, RtcpWriter& writer);

  ReporterConfig config_;
  base::RandomSource& random_;
  base::Deadline due_;
  std::array<Reference, kMaxReferences> references_;  // not answered yet
  std::size_t reference_count_ = 0;
  std::array<SentReference, 4> sent_;  // an answer may come for any of the last four seconds
  std::size_t sent_count_ = 0;
  std::optional<base::Duration> rtt_;
};

}  // namespace sidetone::rtp
