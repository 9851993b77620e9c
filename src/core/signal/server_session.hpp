// A server's side of one signalling WebSocket: decodes requests, encodes responses, answers pings.
// Machine: no socket, no clock. Source: protocol/wire_protocol.md §2.4, §2.7, §8.1.
#pragma once

#include <string>
#include <variant>

#include "core/base/bytes.hpp"
#include "core/base/outbox.hpp"
#include "core/base/time.hpp"
#include "livekit.pb.h"

namespace sidetone::signal {

struct SendToClient {
  std::string bytes;  // one binary WebSocket message
};

// Close code 1000.
struct CloseClient {};

struct Requested {
  livekit::SignalRequest request;  // never a ping, never empty
};

using ServerOutput = std::variant<SendToClient, CloseClient, Requested>;
using ServerOutbox = base::Outbox<ServerOutput>;

inline constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;

class ServerSession {
 public:
  explicit ServerSession(base::WallClock wall) : wall_(wall) {}

  // Undecodable or longer than kMaxRequestBytes: the socket is closed without a leave, as
  // livekit-server does. Empty messages and unknown requests are ignored.
  void on_message(base::Bytes message, base::Instant now, ServerOutbox& out);
  void send(const livekit::SignalResponse& response, ServerOutbox& out);
  // leave{reason, action}, then close.
  void leave(livekit::DisconnectReason reason,
             livekit::LeaveRequest::Action action,
             ServerOutbox& out);

  bool closed() const { return closed_; }

  std::uint64_t malformed() const { return malformed_; }

  std::uint64_t ignored() const { return ignored_; }

 private:
  base::WallClock wall_;
  bool closed_ = false;
  std::uint64_t malformed_ = 0;
  std::uint64_t ignored_ = 0;
};

}  // namespace sidetone::signal
