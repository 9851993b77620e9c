// The words of this folder: what a Peer is made of, what it is handed and what it hands back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/dtls/context.hpp"
#include "core/ice/gatherer.hpp"
#include "core/rtp/packet.hpp"
#include "core/sctp/association.hpp"

namespace sidetone::peer {

using base::Bytes;
using base::Deadline;
using base::Instant;
using sctp::ChannelId;

enum class IceMode {
  controlling,  // the client's publisher connection, and both towards a lite server
  controlled,   // the client's subscriber connection to a full server
  lite,         // the embedded server
};

struct Config {
  const dtls::Context* dtls = nullptr;   // outlives the peer; share one, it is costly to make
  base::RandomSource* random = nullptr;  // outlives the peer
  base::WallClock wall;                  // for NTP times in reports
  IceMode ice = IceMode::controlling;
  ice::GatherConfig gather;  // of a full agent
  std::string cname;
  // SCTP over DTLS; off: no association even when the other side offers one.
  bool data = true;
  // Called from the thread that drives SCTP's timers when poll() has work. Must only post.
  std::function<void()> wake;
  std::size_t max_message_bytes = 65'535;  // what we announce and send; receiving has 4 KiB slack
  std::size_t max_senders = 256;           // as many as a description has sections
  std::size_t max_receivers = 64;          // SSRCs of one participant
};

enum class State : std::uint8_t {
  idle,          // nothing known of the other side
  connecting,    // checks or the DTLS handshake are under way
  connected,     // keys are there, media flows
  disconnected,  // connected, but the path has not answered for a while; it may come back
  failed,        // no path, or no trust; after lost paths restart() may help, else a new Peer
  closed,
};

struct StateChanged {
  State state = State::idle;
  std::string reason;  // a sentence for failed and closed
};

struct ChannelOpened {
  ChannelId id = 0;
  std::string label;
  bool by_peer = false;
};

struct Message {
  ChannelId channel = 0;
  bool binary = true;
  std::vector<std::byte> bytes;
};

// The SCTP association ended while the transport may live on.
struct ChannelsClosed {
  std::string reason;
};

// One more candidate of ours, for trickle.
struct CandidateFound {
  std::string text;
};

using Event = std::variant<StateChanged, ChannelOpened, Message, ChannelsClosed, CandidateFound>;

// Emptied by the caller after each call; clear() keeps the memory.
struct Output {
  base::Outbox<base::Datagram> datagrams;
  base::Outbox<rtp::ReceivedPacket> rtp;
  base::Outbox<Event> events;
  base::Outbox<ice::NetworkWish> network;

  void clear() {
    datagrams.clear();
    rtp.clear();
    events.clear();
    network.clear();
  }
};

// A datagram from a socket, borrowed for the call. `arrival` is the kernel's time stamp.
struct Incoming {
  base::Endpoint local;
  base::Endpoint remote;
  Bytes bytes;
  Instant arrival;
};

// Of datagrams in, each is counted in datagrams_in and, when dropped, in exactly one of the others.
struct Counters {
  std::uint64_t datagrams_in = 0;
  std::uint64_t datagrams_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t strangers = 0;         // DTLS or RTP from an address without an authenticated check
  std::uint64_t unknown_protocol = 0;  // first byte of no protocol, or too long
  std::uint64_t before_keys = 0;       // SRTP dropped because it came before the keys
  std::uint64_t unauthentic = 0;       // SRTP with a wrong tag, or not SRTP at all
  std::uint64_t replayed = 0;          // SRTP indices that were there before
  std::uint64_t unknown_ssrc = 0;      // RTP of an SSRC nobody asked for in time
  std::uint64_t malformed = 0;         // authentic, and still not RTP or RTCP
  std::uint64_t no_path = 0;           // packets of ours with nowhere to go
  std::uint64_t retransmitted = 0;
};

// Over all RTP streams of a peer, those that ended included.
struct AudioTotals {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;  // duplicates not counted
  std::int64_t packets_lost = 0;       // missing from the sequence
};

}  // namespace sidetone::peer
