// A client's side of one signalling WebSocket: asks for the socket, waits for the server's first
// message, decodes what comes, pings, notices silence. One object per socket; a reconnect makes a
// new one. Machine: no socket, no clock; any thread, one at a time.
//
// Errors arrive as one Lost output, after which the object is done. Source: SignalRequest and
// SignalResponse, protocol/wire_protocol.md §2.4–2.7.
#pragma once

#include <string>
#include <variant>

#include "core/base/bytes.hpp"
#include "core/base/outbox.hpp"
#include "core/base/time.hpp"
#include "core/signal/url.hpp"

namespace sidetone::signal {

struct OpenSocket {
  SocketRequest request;
};

struct SendMessage {
  std::string bytes;  // one binary WebSocket message
};

// Close code 1000. Nothing more is wanted from this socket.
struct CloseSocket {};

struct Received {
  livekit::SignalResponse response;
};

// The session is over without a leave message.
struct Lost {
  errc code{};
  std::string text;    // the server's words, tokens masked
  bool retry = false;  // worth another attempt: network or a 5xx, not a refusal
};

using ClientOutput = std::variant<OpenSocket, SendMessage, CloseSocket, Received, Lost>;
using ClientOutbox = base::Outbox<ClientOutput>;

// An answer to the handshake other than 101.
struct HttpRefusal {
  unsigned status = 0;
  std::string body;
};

// 401 unauthorized, 403 forbidden, 404 not_found, other 4xx invalid_argument, 429 and 5xx
// unreachable with retry; the text is the status and the server's reason, masked, at most 300 bytes
// of it.
Lost classify_refusal(const HttpRefusal& refusal);

// The server answers before the upgrade or not at all; SDKs allow the first message five seconds.
inline constexpr base::Duration kFirstMessageTimeout = std::chrono::seconds(5);
// For a server that sends none; livekit-server says 5 and 15.
inline constexpr base::Duration kDefaultPingInterval = std::chrono::seconds(5);
inline constexpr base::Duration kDefaultPingTimeout = std::chrono::seconds(15);
// The server sends updates in batches of 128 KiB; a JoinResponse of a full room is longer.
inline constexpr std::size_t kMaxResponseBytes = std::size_t{16} << 20;

class ClientSession {
 public:
  enum class State { idle, opening, awaiting_first, active, closed };

  explicit ClientSession(base::WallClock wall) : wall_(wall) {}

  void open(SocketRequest request, base::Instant now, ClientOutbox& out);

  void on_socket_open(base::Instant now, ClientOutbox& out);
  void on_socket_refused(const HttpRefusal& refusal, ClientOutbox& out);
  // `code` says what failed to connect (unreachable, tls_verification, …) or that the socket
  // closed.
  void on_socket_closed(errc code, std::string_view text, ClientOutbox& out);
  void on_message(base::Bytes message, base::Instant now, ClientOutbox& out);

  // Dropped silently unless active.
  void send(const livekit::SignalRequest& request, ClientOutbox& out);
  // leave{CLIENT_INITIATED} if the server knows us, then close, without waiting for its echo.
  void leave(ClientOutbox& out);
  void close(ClientOutbox& out);  // without a leave: before a reconnect

  base::Deadline next_deadline() const;
  void on_deadline(base::Instant now, ClientOutbox& out);

  State state() const { return state_; }

  std::optional<base::Duration> rtt() const { return rtt_; }

  std::uint64_t undecodable() const { return undecodable_; }

  // Messages of kinds that we do not know: newer servers have some.
  std::uint64_t unknown() const { return unknown_; }

 private:
  void lose(Lost lost, ClientOutbox& out);
  void start_pings(std::int32_t interval,
                   std::int32_t timeout,
                   base::Instant now,
                   ClientOutbox& out);
  void ping(base::Instant now, ClientOutbox& out);
  void on_response(livekit::SignalResponse response, base::Instant now, ClientOutbox& out);
  std::int64_t unix_ms(base::Instant now) const;

  base::WallClock wall_;
  State state_ = State::idle;
  base::Instant opened_;
  base::Instant last_message_;
  base::Instant next_ping_;
  base::Duration ping_interval_ = kDefaultPingInterval;
  base::Duration ping_timeout_ = kDefaultPingTimeout;
  std::optional<base::Duration> rtt_;
  std::uint64_t undecodable_ = 0;
  std::uint64_t unknown_ = 0;
};

}  // namespace sidetone::signal
