// RTP packets (RFC 3550 §5.1): reading as views into the datagram, writing into memory the caller
// owns. Nothing allocates.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |                             SSRC                              |
//  |                      CSRC, CC of them                         |
//  |  extension profile (if X)     |  length in 32-bit words       |
//  |  extension body … payload … padding, its last byte the count  |
//
// Errors: what is not RTP is nullopt. Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/packet.hpp"
#include "core/base/time.hpp"
#include "core/rtp/clock.hpp"
#include "core/rtp/extension.hpp"

namespace sidetone::rtp {

inline constexpr std::size_t kHeaderBytes = 12;

struct Header {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;

  friend bool operator==(const Header&, const Header&) = default;
};

// Borrowed from the bytes that were parsed.
struct PacketView {
  Header header;
  base::Bytes csrcs{};                            // four bytes each
  std::optional<std::uint16_t> extension_form{};  // the profile field; nullopt: no extension
  base::Bytes extension{};                        // its body, a multiple of four bytes
  base::Bytes payload{};                          // without padding
  std::uint8_t padding = 0;                       // bytes at the end, the count included
};

// nullopt: too short, another version than 2, lengths that contradict each other.
std::optional<PacketView> parse_packet(base::Bytes bytes);

// The SSRC of an RTP packet, protected or not, without looking further; nullopt: not RTP.
std::optional<std::uint32_t> packet_ssrc(base::Bytes bytes);

// Writes a packet with all parts of the view. nullopt, and `into` empty: it does not fit, more than
// 15 CSRCs, or lengths that are no multiple of four. Otherwise its size.
std::optional<std::size_t> write_packet(const PacketView& view, base::Packet& into);

// RTCP and RTP share a port: RFC 5761 §4 keeps the second byte of RTCP in 192..223.
bool is_rtcp(base::Bytes bytes);

// A packet as everything behind rtp::Receiver sees it: numbers unwrapped, payload owned inline so
// that it outlives the datagram without an allocation. Copies copy only the bytes in use.
struct ReceivedPacket {
  std::uint32_t ssrc = 0;
  std::int64_t sequence = 0;  // unwrapped, congruent to the wire's modulo 2^16
  std::int64_t rtp_time = 0;  // unwrapped, congruent to the wire's modulo 2^32, in clock_rate units
  std::uint8_t payload_type = 0;
  bool marker = false;
  bool voice = false;                   // the V bit of the level; false without one
  std::optional<std::uint8_t> level{};  // RFC 6464, -dBov, 127 silent
  std::optional<CaptureTime> capture_time{};
  std::optional<ClockMapping> clock{};  // by the sender report in force when it came
  base::Instant arrival{};
  base::Packet payload{};  // without header, extension and padding
};

}  // namespace sidetone::rtp
