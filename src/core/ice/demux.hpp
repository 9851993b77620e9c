// What arrives on a socket that many transports share: which protocol (RFC 7983) and whose.
//
// A packet belongs to the transport whose local user name fragment a STUN request names, and
// anything else to the transport that has shown by an authenticated check that the sender's address
// is its own. Every table is bounded, every lookup O(1) and free of allocation. One strand.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/endpoint.hpp"
#include "core/base/time.hpp"

namespace sidetone::ice {

enum class PacketKind { stun, dtls, rtp, rtcp, unknown };

// By the first byte, RTCP from RTP by the second (RFC 5761 §4). Says nothing about what follows.
PacketKind classify(base::Bytes datagram);

struct DemuxLimits {
  std::size_t transports = 20000;
  // Restarts overlap by one; the oldest of a transport's fragments goes first.
  std::size_t ufrags_per_transport = 3;
  std::size_t addresses_per_transport = 8;
  // An address whose owner was verified this recently cannot be claimed by another transport, so no
  // participant can pull another's packets over with checks from a forged source address.
  base::Duration owner_keeps = std::chrono::seconds(10);
};

class Demux {
 public:
  using Id = std::uint64_t;

  explicit Demux(DemuxLimits limits = {}) : limits_(limits) {}

  // False when the table is full or another transport has the fragment.
  bool add_ufrag(std::string_view ufrag, Id id);
  void remove_ufrag(std::string_view ufrag);

  // To be called for each authenticated check. False when the address is another's for now.
  bool verify(const base::Endpoint& remote, Id id, base::Instant now);

  // Forgets everything about a transport.
  void remove(Id id);

  // Whose packet this is. STUN requests are found by their user name only, never by their sender.
  std::optional<Id> route(const base::Endpoint& remote, base::Bytes datagram) const;

  std::optional<Id> by_ufrag(std::string_view ufrag) const;
  std::optional<Id> by_address(const base::Endpoint& remote) const;

  std::size_t transports() const { return transports_.size(); }

  std::size_t addresses() const { return addresses_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  struct Owner {
    Id id = 0;
    base::Instant verified;
  };

  struct Keys {
    std::vector<std::string> ufrags;
    std::vector<base::Endpoint> addresses;  // oldest first
  };

  void forget_address(const base::Endpoint& remote, Id id);

  DemuxLimits limits_;
  std::unordered_map<std::string, Id, TextHash, std::equal_to<>> ufrags_;
  std::unordered_map<base::Endpoint, Owner> addresses_;
  std::unordered_map<Id, Keys> transports_;
};

}  // namespace sidetone::ice
