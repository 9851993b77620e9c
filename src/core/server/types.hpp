// What the server's machine takes and gives: connections by number, signalling messages, datagrams.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/endpoint.hpp"
#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/server/limits.hpp"
#include "core/signal/token.hpp"

namespace sidetone::server {

// One signalling WebSocket; numbers are the shell's and are never used twice.
using ConnectionId = std::uint64_t;

struct SendSignal {
  ConnectionId to = 0;
  std::string bytes;  // one binary message
};

// After everything that was sent before; close code 1000.
struct CloseSignal {
  ConnectionId connection = 0;
};

struct Outbox {
  base::Outbox<base::Datagram> datagrams;
  base::Outbox<SendSignal> signals;
  base::Outbox<CloseSignal> closes;

  bool empty() const { return datagrams.empty() && signals.empty() && closes.empty(); }

  void clear() {
    datagrams.clear();
    signals.clear();
    closes.clear();
  }
};

// One call into the machine: its moment, and where its wishes go.
struct Turn {
  base::Instant now;
  Outbox& out;
};

struct Config {
  signal::ApiKeys keys;
  Limits limits;
  base::WallClock wall;
  std::vector<base::Endpoint> candidates;  // where clients reach our UDP socket, best first
  std::string version =
      "1.9.0";  // of the LiveKit server we stand in for: official SDKs ask for 1.8 or later
};

struct Counters {
  std::uint64_t joined = 0;
  std::uint64_t left = 0;
  std::uint64_t resumed = 0;       // came back over a new signalling connection
  std::uint64_t refused_full = 0;  // rooms or participants at their limit
  std::uint64_t strangers = 0;     // datagrams nobody here is waiting for
  std::uint64_t packets_forwarded = 0;
  std::uint64_t packets_while_muted = 0;  // dropped
  std::uint64_t packets_unrouted = 0;     // of an SSRC without a track
  std::uint64_t data_forwarded = 0;
  std::uint64_t data_dropped_rate = 0;
  std::uint64_t data_dropped_full = 0;     // a receiver's channel was full
  std::uint64_t data_dropped_invalid = 0;  // undecodable, repeated, not granted
  std::uint64_t data_held = 0;             // kept for one whose channels were not open yet
  std::uint64_t signals_malformed = 0;
  std::uint64_t negotiations_failed = 0;
  std::uint64_t tracks_refused = 0;
};

// What rooms share; the Server's own.
struct Services {
  const Config& config;
  base::RandomSource& random;
  Counters& counters;
};

}  // namespace sidetone::server
