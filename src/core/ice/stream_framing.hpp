// Packets on a stream of bytes, to a TURN server and to an ICE-TCP candidate.
//
// turn: STUN messages and ChannelData follow each other; each says its length in bytes 2 and 3,
// ChannelData is padded to four bytes (RFC 8656 §12.5). rfc4571: two bytes of length, then the
// packet (RFC 6544 §3). A frame longer than a packet (base::kMaxPacketBytes), or a first byte that
// is neither STUN's nor a channel's, ends the stream: there is no way to find the next frame.
// Allocates nothing. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/packet.hpp"

namespace sidetone::ice {

enum class Framing : std::uint8_t { turn, rfc4571 };

// The longest frame there is: a packet, its header and its padding.
inline constexpr std::size_t kMaxFrameBytes = base::kMaxPacketBytes + 4;

class Deframer {
 public:
  explicit Deframer(Framing framing) : framing_(framing) {}

  // Where the next bytes of the stream go; never empty before broken().
  base::MutableBytes space();
  // So many came there.
  void commit(std::size_t bytes);

  // The next whole packet, borrowed until space() is called; without its frame (rfc4571), with its
  // header and without its padding (turn).
  std::optional<base::Bytes> next();

  // Nothing more will come out.
  bool broken() const { return broken_; }

 private:
  static constexpr std::size_t kBytes = 4 * kMaxFrameBytes;

  base::Bytes rest() const { return {buffer_.data() + begin_, end_ - begin_}; }

  Framing framing_;
  std::array<std::byte, kBytes> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

// Writes the packet with its frame; empty when it does not fit or is no packet of that kind. What a
// TurnClient on a stream sends is padded already and stays as it is.
base::Bytes frame(Framing framing, base::Bytes packet, base::MutableBytes into);

}  // namespace sidetone::ice
