// The two messages by which data channels are opened (RFC 8832 §5). Stateless.
//
//   DATA_CHANNEL_OPEN
//   | type 0x03 (8) | channel type (8) | priority (16) |
//   |            reliability parameter (32)            |
//   | label length (16)     | protocol length (16)     |
//   | label …               | protocol …               |
//   DATA_CHANNEL_ACK
//   | type 0x02 (8) |, and from some peers three bytes that mean nothing
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.hpp"

namespace sidetone::sctp {

struct DcepOpen {
  std::string label;
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits;  // none: reliable
};

struct DcepAck {};

using Dcep = std::variant<DcepOpen, DcepAck>;

// Labels longer than kMaxLabelBytes, unknown types and lengths that contradict each other are
// nullopt. A lifetime in place of retransmissions, which LiveKit never uses, reads as 0 of them.
std::optional<Dcep> parse_dcep(base::Bytes message);

std::vector<std::byte> write_dcep(const DcepOpen& open);
std::vector<std::byte> write_dcep(const DcepAck& ack);

}  // namespace sidetone::sctp
