// One DTLS 1.2 association: keys SRTP and carries SCTP (RFC 6347, RFC 5764, RFC 8827 §6.5).
//
// Neither keys nor data leave before the peer's certificate matched its fingerprint, which may
// become known before, during or after the handshake. Hostile datagrams are dropped and counted.
// Clock: OpenSSL times retransmissions by gettimeofday; `now` decides when we ask it. A test
// program that defines gettimeofday owns both.
// Not thread-safe; not movable (OpenSSL's BIO points here).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <sidetone/error.hpp>
#include <string>
#include <variant>
#include <vector>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/base/time.hpp"
#include "core/crypto/fingerprint.hpp"
#include "core/dtls/context.hpp"
#include "core/dtls/datagram_bio.hpp"

struct ssl_st;
struct x509_store_ctx_st;

namespace sidetone::dtls {

using base::Bytes;
using base::Deadline;
using base::Instant;

enum class Role : std::uint8_t { client, server };  // a=setup:active is the client

enum class State : std::uint8_t {
  idle,         // start() not called
  handshaking,  // flights go to and fro
  verifying,    // handshake complete, the peer's fingerprint not known yet
  connected,
  failed,
  closed,
};

// The protection profiles we offer, by their number in use_srtp (RFC 5764 §4.1.2, RFC 7714 §14.2).
enum class SrtpProfile : std::uint16_t { aes128_cm_sha1_80 = 1, aead_aes_128_gcm = 7 };

// The exporter's bytes cut into their parts (RFC 5764 §4.2). GCM uses the first 12 bytes of a salt.
struct SrtpKeys {
  SrtpProfile profile{};
  std::array<std::byte, 16> client_key{};
  std::array<std::byte, 16> server_key{};
  std::array<std::byte, 14> client_salt{};
  std::array<std::byte, 14> server_salt{};
  std::size_t salt_bytes = 0;  // 12 or 14
};

struct Connected {
  SrtpKeys keys;
};

struct Failed {
  std::string reason;  // a sentence
};

struct Closed {};  // the peer said close_notify

using Event = std::variant<Connected, Failed, Closed>;

struct Outbox {
  base::Outbox<base::Packet> packets;  // to the peer, at most kMaxDatagramBytes each
  base::Outbox<base::Packet> data;     // decrypted application data
  base::Outbox<Event> events;

  void clear() {
    packets.clear();
    data.clear();
    events.clear();
  }
};

// Fits every path WebRTC meets; what browsers and pion use.
inline constexpr std::size_t kMaxDatagramBytes = 1200;
// Less a record header, explicit nonce and tag (13 + 8 + 16), rounded down to whole words.
inline constexpr std::size_t kMaxDataBytes = 1160;

struct Counters {
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t dropped_oversized = 0;
  std::uint64_t dropped_not_started = 0;  // before start() or after the end
  std::uint64_t dropped_not_dtls = 0;     // first byte outside 20…63 (RFC 7983 §7)
  std::uint64_t dropped_truncated = 0;    // a protected record shorter than its own protection
  std::uint64_t dropped_flood = 0;        // more than a handshake can need
  std::uint64_t dropped_unverified = 0;   // data beyond what is kept for a late fingerprint
  std::uint64_t retransmissions = 0;
};

class Transport {
 public:
  explicit Transport(const Context& context);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  // The client sends its first flight at once, the server waits for it. Once only.
  void start(Role role, Instant now, Outbox& out);

  // Before or after start(). One that the peer's certificate does not have fails the transport.
  void set_remote_fingerprint(const crypto::Fingerprint& expected, Instant now, Outbox& out);

  // One datagram, already told from STUN and RTP by its first byte.
  void on_packet(Bytes datagram, Instant now, Outbox& out);

  void on_deadline(Instant now, Outbox& out);

  Deadline next_deadline() const { return deadline_; }

  // One SCTP packet of at most kMaxDataBytes. would_block before the transport is connected, closed
  // after its end, payload_too_large.
  error_code send(Bytes data, Outbox& out);

  // Says close_notify to the peer; silent when there is nobody to tell. No event.
  void close(Outbox& out);

  State state() const { return state_; }

  Role role() const { return role_; }

  const Counters& counters() const { return counters_; }

 private:
  friend class Context;
  class Call;

  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  bool admit(Bytes datagram, Instant now);
  void handshake();
  void complete();
  void open();
  void read();
  std::size_t overhead() const;
  void conclude(int result);
  void fail(std::string reason);
  void schedule(Instant now);
  bool is_live() const;
  std::optional<SrtpKeys> export_keys() const;
  static int verify(x509_store_ctx_st* store, void* unused);

  DatagramPort port_;
  std::unique_ptr<ssl_st, Free> ssl_;
  State state_ = State::idle;
  Role role_ = Role::client;
  std::optional<crypto::Fingerprint> expected_;
  crypto::Fingerprint presented_;
  bool refused_ = false;
  Deadline deadline_;
  Deadline handshake_ends_;
  Instant window_began_{};
  unsigned window_packets_ = 0;
  std::vector<base::Packet> unverified_;
  Outbox* out_ = nullptr;  // borrowed for the duration of one call
  Counters counters_;
};

}  // namespace sidetone::dtls
