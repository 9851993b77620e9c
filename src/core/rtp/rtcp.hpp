// RTCP: what a compound (or reduced-size, RFC 5506) packet says, as a flat list, and its writer.
// SR, RR, SDES CNAME, BYE (RFC 3550 §6), generic NACK (RFC 4585 §6.2.1), XR RRTR and DLRR (RFC 3611
// §4.4, §4.5). Other packets, report blocks and SDES items are skipped.
//
//  |V=2|P| count/fmt |      PT       |   length in words, minus one  |
//  |                        SSRC of the sender                       |  …
//
// Errors: a datagram whose packets do not fill it exactly says nothing at all (RFC 3550 A.2); a
// packet too short for what its count promises is skipped and counted. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "core/base/bytes.hpp"
#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"

namespace sidetone::rtp {

// Plain RTCP stays below this, so that a protected one stays below 1200 bytes.
inline constexpr std::size_t kMaxRtcpBytes = 1160;
inline constexpr std::size_t kMaxReportBlocks = 31;  // five bits count them

struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
};

// From an SR or an RR. `ssrc` is the stream reported on: ours.
struct ReportBlock {
  std::uint32_t reporter = 0;
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;    // of 256, since the last report
  std::int32_t cumulative_lost = 0;  // 24 bits, signed
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;               // in clock_rate units
  std::uint32_t last_sr = 0;              // compact NTP of the last SR; 0: none
  std::uint32_t delay_since_last_sr = 0;  // 1/65536 s
};

struct Cname {
  std::uint32_t ssrc = 0;
  std::string_view text{};  // borrowed from the datagram
};

struct Bye {
  std::uint32_t ssrc = 0;
};

// `first` and every first + 1 + n whose bit n is set in `mask`.
struct Nack {
  std::uint32_t reporter = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t first = 0;
  std::uint16_t mask = 0;
};

// XR RRTR: the wall clock of one who only receives.
struct ReferenceTime {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;
};

// XR DLRR, the answer to it. `ssrc` is the one that had sent the RRTR.
struct ReferenceDelay {
  std::uint32_t reporter = 0;
  std::uint32_t ssrc = 0;
  std::uint32_t last_rr = 0;  // compact NTP of the RRTR
  std::uint32_t delay_since_last_rr = 0;
};

using RtcpItem =
    std::variant<SenderReport, ReportBlock, Cname, Bye, Nack, ReferenceTime, ReferenceDelay>;

struct RtcpParse {
  bool valid = false;           // the datagram was RTCP
  std::uint32_t skipped = 0;    // packets of types we do not read
  std::uint32_t malformed = 0;  // packets whose body was too short
};

// Appends in wire order. At most one item per four bytes of input.
RtcpParse parse_rtcp(base::Bytes datagram, base::Outbox<RtcpItem>& out);

// The first SSRC of an RTCP packet, protected or not; nullopt: not RTCP.
std::optional<std::uint32_t> rtcp_ssrc(base::Bytes datagram);

// Appends packets to one datagram. A packet that would pass kMaxRtcpBytes is left out whole.
class RtcpWriter {
 public:
  explicit RtcpWriter(base::Packet& into) : into_(into) { into_.resize(0); }

  bool empty() const { return into_.empty(); }

  std::size_t room() const { return kMaxRtcpBytes - into_.size(); }

  // At most kMaxReportBlocks; `reporter` of the blocks is ignored, `ssrc` takes its place.
  void sender_report(const SenderReport& report, std::span<const ReportBlock> blocks = {});
  void receiver_report(std::uint32_t ssrc, std::span<const ReportBlock> blocks);
  void cname(std::uint32_t ssrc, std::string_view text);  // cut at 255 bytes
  void bye(std::uint32_t ssrc);
  // `sequences` ascending modulo 2^16; each block of 16 that follow its first costs four bytes.
  void nack(std::uint32_t reporter, std::uint32_t ssrc, std::span<const std::uint16_t> sequences);
  void reference_time(const ReferenceTime& time);
  void reference_delays(std::uint32_t reporter, std::span<const ReferenceDelay> delays);

 private:
  template <class Body>
  void packet(std::uint8_t count, std::uint8_t type, const Body& body);

  base::Packet& into_;
};

}  // namespace sidetone::rtp
