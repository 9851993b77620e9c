// The server's side of ICE (RFC 8445 §2.5): answers checks, never sends one. One per transport,
// many on one socket.
//
// An address counts only after a check from it that is signed with our password. The path is the
// one of the last nominating check (USE-CANDIDATE), before the first nomination that of the last
// check at all. It may be used until 30 s after the last valid check on any address (RFC 7675's
// consent seen from this side); a later check revives it. Whatever is not authenticated is never
// answered, so a forged source address gets nothing from us; nor is a recorded check that somebody
// sends again from elsewhere, and repeated from its own address it is answered and means nothing
// more. One strand.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/ice/credentials.hpp"
#include "core/ice/path.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice {

struct LiteCounters {
  std::uint64_t checks = 0;           // authenticated, answered with success
  std::uint64_t nominations = 0;      // of those, with USE-CANDIDATE
  std::uint64_t malformed = 0;        // not STUN, or broken
  std::uint64_t unauthenticated = 0;  // no or wrong user name or integrity: dropped in silence
  std::uint64_t replayed = 0;         // repeated, or recorded and sent from elsewhere
  std::uint64_t role_conflicts = 0;   // answered with 487
  std::uint64_t refused = 0;          // answered with 420
  std::uint64_t path_changes = 0;
};

class LiteAgent {
 public:
  explicit LiteAgent(base::RandomSource& random);

  // For our description.
  const Credentials& local_credentials() const { return current_; }

  // New credentials for a new description; checks with the old ones stay valid until the first with
  // the new ones. The path is kept.
  void restart(base::RandomSource& random);

  // The other side's, to refuse checks that belong to another session of it. Optional.
  void set_remote(const Credentials& remote);

  // A STUN datagram (classify() says so) that came to `local` from `remote`.
  void on_datagram(const base::Endpoint& local,
                   const base::Endpoint& remote,
                   base::Bytes datagram,
                   base::Instant now,
                   Output& out);
  void on_deadline(base::Instant now, Output& out);
  base::Deadline next_deadline() const;

  // Where to send; empty before the first valid check and 30 s after the last.
  const std::optional<Path>& selected() const { return selected_; }

  // Whether DTLS and RTP from there may be looked at.
  bool is_verified(const Path& path) const;

  // Whether the datagram handed in last was a valid new check: the caller then tells
  // Demux::verify().
  bool last_was_valid() const { return last_was_valid_; }

  State state() const { return state_; }

  const LiteCounters& counters() const { return counters_; }

 private:
  struct Verified {
    Path path;
    base::Instant at;
  };

  // Checks remembered: about twenty minutes of consent, at one check in five seconds.
  static constexpr std::size_t kMaxRemembered = 256;

  // Addresses a client may come from at once: its interfaces times two families, and some change.
  static constexpr std::size_t kMaxVerified = 8;

  // The password the request is signed with; nullptr when it is none of ours.
  const std::string* authenticate(const stun::Message& request);
  void accept(const Path& path, const stun::Message& request, base::Instant now, Output& out);
  void remember(const Path& path, base::Instant now);
  // Whether a request with that id was accepted before; from now on one was.
  bool seen(const stun::TransactionId& transaction);
  void set_state(State state, Output& out);

  Credentials current_;
  std::optional<Credentials> previous_;
  std::string remote_ufrag_;
  std::array<Verified, kMaxVerified> verified_{};
  std::size_t verified_count_ = 0;
  std::array<std::uint64_t, kMaxRemembered> transactions_{};  // 64 of each one's 96 random bits
  std::size_t transaction_count_ = 0;                         // of all time
  std::optional<Path> selected_;
  bool nominated_ = false;
  bool last_was_valid_ = false;
  base::Instant last_check_;
  State state_ = State::idle;
  LiteCounters counters_;
};

}  // namespace sidetone::ice
