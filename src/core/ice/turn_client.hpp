// One allocation on a TURN server: an address there whose datagrams come to us (RFC 8656 and RFC
// 5766, long-term credentials of RFC 8489 §9.2).
//
// start() asks for the allocation; ready: relayed() is a candidate. send() wraps a packet for a
// peer behind the relay, on_datagram() unwraps what the server sends. A peer costs a permission
// (asked for with its first packet, which waits for it) and, once it carries anything but STUN, a
// channel, which saves 32 bytes a packet. Allocation, permissions and channels are renewed before
// they end; a permission nobody used since its last renewal is let go.
//
// Bounds: 64 peers, 16 packets that wait for a permission, 7 transmissions of a request on UDP (8
// s) and as long on a stream, three new nonces a request. Hostile input is dropped and counted. An
// answer is believed when it carries the number of a request of ours and, for success, our
// password. Warm, send() and on_datagram() allocate nothing. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/crypto/hash.hpp"
#include "core/ice/path.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice {

inline constexpr std::size_t kMaxTurnPeers = 64;
inline constexpr std::size_t kMaxHeldPackets = 16;
// RFC 8656 §9: permissions last 5 minutes; §12: channels 10. Renewed with time for a lost request.
inline constexpr base::Duration kPermissionRenewal = std::chrono::minutes(4);
inline constexpr base::Duration kChannelRenewal = std::chrono::minutes(8);

struct TurnConfig {
  base::Endpoint local;   // our socket or stream towards the server
  base::Endpoint server;  // where its datagrams come from
  bool stream = false;    // TCP or TLS: nothing is sent again, ChannelData is padded
  std::string username;
  std::string password;
  bool v6 = false;  // the relayed address wanted; a server that has none gives the other family
};

enum class TurnState { idle, allocating, ready, failed, closed };

struct TurnCounters {
  std::uint64_t requests = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t nonces = 0;           // renewed
  std::uint64_t malformed = 0;        // neither STUN nor ChannelData
  std::uint64_t unmatched = 0;        // answers to nothing we asked
  std::uint64_t unauthenticated = 0;  // success without our password
  std::uint64_t strangers = 0;        // data of a channel or peer we did not ask for
  std::uint64_t dropped = 0;          // packets of ours: not ready, refused, too long, too many
};

class TurnClient {
 public:
  // `random` outlives the client.
  TurnClient(TurnConfig config, base::RandomSource& random);

  void start(base::Instant now, Output& out);

  // What a peer said, borrowed from the datagram.
  struct Arrival {
    base::Endpoint peer;
    base::Bytes bytes;
  };

  // Everything that comes from the server.
  std::optional<Arrival> on_datagram(base::Bytes datagram, base::Instant now, Output& out);
  void send(const base::Endpoint& peer, base::Bytes packet, Output& out);

  void on_deadline(base::Instant now, Output& out);
  base::Deadline next_deadline() const;

  // Gives the allocation back, without waiting for the answer.
  void close(Output& out);

  TurnState state() const { return state_; }

  const TurnConfig& config() const { return config_; }

  // When ready.
  const base::Endpoint& relayed() const { return relayed_; }

  // Our address as the server sees it.
  const std::optional<base::Endpoint>& mapped() const { return mapped_; }

  // Why it failed, or which peer the server refuses; empty when all is well.
  const std::string& trouble() const { return trouble_; }

  const TurnCounters& counters() const { return counters_; }

 private:
  struct Request {
    std::uint16_t method = 0;
    stun::TransactionId id{};
    base::Deadline resend_at;  // nothing: not under way
    base::Duration timeout{};
    int transmissions = 0;
    int renewals = 0;
  };

  enum class Grant { wanted, asked, granted, refused };

  struct Peer {
    base::Endpoint endpoint;
    Grant permission = Grant::wanted;
    std::optional<Grant> binding;  // nothing: only STUN so far
    std::uint16_t channel = 0;
    bool used = true;       // since its permission was renewed last
    bool renewing = false;  // the permission is to be asked for again
    base::Deadline renew_permission_at;
    base::Deadline renew_binding_at;
    Request permitting;
    Request channelling;
  };

  struct Held {
    base::Endpoint peer;
    base::Packet packet;
  };

  // A request, and whose it is; no peer: the allocation's.
  struct Asked {
    Request* request = nullptr;
    Peer* peer = nullptr;
  };

  // turn_client.cpp
  void work(base::Instant now, Output& out);
  void work_for(Peer& peer, base::Instant now, Output& out);
  void renew(Peer& peer, base::Instant now);
  void begin(Request& request, std::uint16_t method, const Peer* peer, Output& out);
  void repeat(Request& request, Peer* peer, Output& out);
  void transmit(const Request& request, const Peer* peer, Output& out);
  void timed_out(const Request& request, Peer* peer);
  void fail(std::string why);
  void set_refresh(std::uint32_t seconds);
  std::optional<Arrival> on_channel_data(base::Bytes datagram);
  std::optional<Arrival> on_indication(const stun::Message& message);
  Peer* find(const base::Endpoint& endpoint);
  Peer* add(const base::Endpoint& endpoint);
  bool asking_for(const base::Address& address) const;
  void hold(const base::Endpoint& peer, base::Bytes packet);
  void release(const base::Address& address, Output& out);
  void wrap(Peer& peer, base::Bytes packet, Output& out);

  // turn_answers.cpp
  Asked asked(const stun::TransactionId& id);
  void on_answer(const stun::Message& message, Output& out);
  void on_success(const Asked& asked, const stun::Message& message, Output& out);
  void on_allocated(const stun::Message& message);
  void on_error(const Asked& asked, const stun::Message& message, Output& out);
  bool renew_nonce(const stun::Message& message);
  void refuse(const Request& request, Peer& peer, std::uint16_t code);

  TurnConfig config_;
  base::RandomSource* random_;
  TurnState state_ = TurnState::idle;
  bool ask_family_;
  base::Endpoint relayed_;
  std::optional<base::Endpoint> mapped_;
  std::string realm_;
  std::string nonce_;
  crypto::Md5 key_{};
  Request control_;  // Allocate, later Refresh
  base::Deadline refresh_at_;
  base::Instant expires_at_;
  std::vector<Peer> peers_;
  std::vector<Held> held_;
  std::uint16_t next_channel_;
  bool pending_ = false;  // send() left something that needs the time
  base::Instant now_;     // of the last call that told it
  std::string trouble_;
  TurnCounters counters_;
};

}  // namespace sidetone::ice
