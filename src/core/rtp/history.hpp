// The last packets sent on one SSRC, as they went out (protected), for retransmission: nothing is
// encrypted twice under one index. Memory is fixed at construction.
// Source: RFC 4585 §6.2.1, wire_protocol.md §5.5. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

namespace sidetone::rtp {

enum class Refusal { unknown, too_often, too_soon };

class History {
 public:
  // 5 s of 20 ms packets, more than any receiver still wants.
  static constexpr std::size_t kPackets = 256;
  // 2 s at 48 kb/s with one redundant copy, 0.5 s at Opus' maximum.
  static constexpr std::size_t kBytes = 32 * 1024;
  // A request that three answers did not end is not about loss: a fourth only feeds a flood.
  static constexpr std::uint8_t kMaxRetransmissions = 3;
  // While the round trip is unknown; livekit-server uses the same for good.
  static constexpr base::Duration kDefaultSpacing = std::chrono::milliseconds(100);
  static constexpr base::Duration kMinSpacing = std::chrono::milliseconds(5);

  History();

  // `packet` begins with its RTP header (which SRTP leaves readable). Larger than kBytes, or not
  // RTP: ignored.
  void store(base::Bytes packet);

  struct Answer {
    base::Bytes packet;  // until the next store(); empty: refused
    Refusal refusal = Refusal::unknown;
  };

  // `rtt` spaces the answers: a repetition asked for sooner than one round trip after the last
  // answer cannot have known of it.
  Answer request(std::uint16_t sequence, std::optional<base::Duration> rtt, base::Instant now);

 private:
  struct Entry {
    std::uint64_t at = 0;  // position in the endless stream of stored bytes
    std::uint32_t size = 0;
    std::uint16_t sequence = 0;
    std::uint8_t retransmissions = 0;
    base::Instant last;
  };

  std::array<Entry, kPackets> entries_;
  std::unique_ptr<std::array<std::byte, kBytes>> bytes_;  // pages untouched until used
  std::uint64_t end_ = 0;
};

}  // namespace sidetone::rtp
