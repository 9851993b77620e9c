// For tests only: two peers on a network that delays, loses and reorders, on a virtual clock that
// OpenSSL and usrsctp share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/peer/peer.hpp"

namespace sidetone::peer::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

struct Link {
  base::Duration delay = 10ms;  // one way
  base::Duration jitter{};      // up to this much more, so packets overtake each other
  double loss = 0;
  std::uint64_t seed = 1;
};

struct End {
  End(IceMode mode, std::string_view address, std::uint64_t seed);

  std::string description_ufrag() const { return peer->local_parameters().ice_ufrag; }

  State state() const { return peer->state(); }

  bool saw(State state) const;
  std::string reason() const;  // of the last state change that had one
  std::vector<std::string> messages() const;

  base::SeededRandom random;
  base::Endpoint address;
  std::unique_ptr<Peer> peer;
  Output out;
  std::vector<rtp::ReceivedPacket> rtp;
  std::vector<Event> events;
  int wakes = 0;
};

class World {
 public:
  World(IceMode first, IceMode second, Link link = {});

  // The first side offers, the second answers `active`.
  void negotiate();
  void tell(End& who, const End& of, sdp::Setup setup);
  // negotiate() until both are connected; false after 10 s.
  bool connect();

  base::Instant now() const;
  void run_for(base::Duration duration);
  bool run_until(const std::function<bool()>& done, base::Duration limit = 10s);

  // Sends what a call at `from` put out, and keeps what it delivered.
  void settle(End& from);
  void inject(const base::Endpoint& from, End& to, Bytes bytes);

  End& other(const End& end) { return &end == &a ? b : a; }

  End a;
  End b;
  Link link;
  // Extra delay for a datagram of ours, or nothing to lose it.
  std::function<std::optional<base::Duration>(const End& from, Bytes bytes)> filter;
  std::function<void(const End& from, Bytes bytes)> tap;

 private:
  struct Flight {
    End* to;
    base::Endpoint from;
    base::Packet packet;
  };

  void step();
  base::Deadline next_event() const;

  base::SeededRandom random_;
  std::multimap<base::Instant, Flight> wire_;
  base::Instant sctp_due_;
};

bool is_rtp(Bytes bytes);
bool is_dtls(Bytes bytes);

// Sidelines for the sender and receiver of one stream.
rtp::SenderConfig sender_config(std::uint32_t ssrc, bool nack);
rtp::ReceiverConfig receiver_config(std::uint32_t ssrc, bool nack);

}  // namespace sidetone::peer::test
