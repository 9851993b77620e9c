// One SCTP association over DTLS with WebRTC data channels inside: RFC 8261, RFC 8831, RFC 8832,
// PR-SCTP RFC 3758. Both sides of a connection send INIT from port 5000 to port 5000.
//
// usrsctp is behind it. Its timers run elsewhere (library.hpp): after drive_timers() called the
// wake function, poll() brings what they sent. Everything else happens inside the calls below, on
// one thread at a time. Hostile input is dropped and counted; every length and queue is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <sidetone/error.hpp>
#include <string>
#include <variant>
#include <vector>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/time.hpp"

namespace sidetone::sctp {

using base::Bytes;
using base::Instant;

using ChannelId = std::uint16_t;  // the SCTP stream number, both ways

enum class State : std::uint8_t { idle, connecting, connected, closed };

struct ChannelOptions {
  std::string label;
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits;  // none: reliable
  std::optional<ChannelId> negotiated_id;        // agreed elsewhere: no OPEN is sent
};

struct Connected {};

// The channel may carry messages: its OPEN arrived, or the ACK of ours.
struct ChannelOpened {
  ChannelId id = 0;
  ChannelOptions options;
  bool by_peer = false;
};

struct Message {
  ChannelId channel = 0;
  bool binary = true;
  std::vector<std::byte> bytes;
};

// Aborted, timed out or shut down by the peer; no event follows it.
struct Closed {
  std::string reason;  // a sentence
};

// After send() answered would_block: there is room again.
struct Writable {};

using Event = std::variant<Connected, ChannelOpened, Message, Writable, Closed>;

struct Outbox {
  base::Outbox<base::Packet> packets;  // each fits dtls::Transport::send()
  base::Outbox<Event> events;

  void clear() {
    packets.clear();
    events.clear();
  }
};

struct Config {
  bool dtls_client = false;  // chooses even stream numbers; the DTLS server odd ones
  // Called when poll() has work, from the thread that drives the timers. Must only post; may be
  // empty in tests that poll anyway.
  std::function<void()> wake;
  std::size_t max_packet_bytes = 1160;                    // dtls::kMaxDataBytes
  std::size_t max_send_message_bytes = 65'535;            // what a=max-message-size announces
  std::size_t max_receive_message_bytes = 65'535 + 4096;  // servers add the sender's identity
  std::size_t max_buffered_bytes = 1 << 20;               // 16 messages of the largest size
};

struct Counters {
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t would_block = 0;         // send() refused: the buffer is full
  std::uint64_t dropped_oversized = 0;   // incoming messages beyond the bound
  std::uint64_t dropped_no_channel = 0;  // messages on streams that nobody opened
  std::uint64_t dropped_malformed = 0;   // packets and DCEP that do not parse, unknown payloads
  std::uint64_t refused_channels = 0;    // OPENs beyond kMaxChannels or on a stream in use
  std::uint64_t mailbox_overflow = 0;    // timer packets dropped because nobody polled
};

inline constexpr std::size_t kMaxChannels = 64;
// Of a label: longer ones are refused. LiveKit's longest is 11 bytes.
inline constexpr std::size_t kMaxLabelBytes = 256;

class Association {
 public:
  explicit Association(Config config);  // throws errc::unsupported when usrsctp gives no socket
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;
  ~Association();

  // Sends INIT. Call when DTLS is connected.
  void start(Instant now, Outbox& out);

  void on_packet(Bytes packet, Instant now, Outbox& out);

  // What timers sent since the last call, and what follows from it.
  void poll(Instant now, Outbox& out);

  // Before the association is connected the channel waits for it. invalid_argument (label, too
  // many channels, stream taken), closed.
  Result<ChannelId> open_channel(ChannelOptions options, Outbox& out);

  // One whole message. would_block: the buffer is full or the association not connected yet;
  // not_found: no such channel; payload_too_large; closed.
  error_code send(ChannelId channel, bool binary, Bytes message, Outbox& out);

  // Tells the peer (ABORT) and ends; silent when there is nobody to tell. No event.
  void close(Outbox& out);

  State state() const;
  std::size_t buffered_bytes() const;  // accepted by send(), not yet acknowledged
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidetone::sctp
