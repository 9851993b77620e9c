// Two associations, a wire that may lose, delay and reorder, usrsctp's timers and the clock it
// reads, all on virtual time: for this folder's tests.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sctp/association.hpp"

namespace sidetone::sctp {

using namespace std::chrono_literals;

// What gettimeofday() says in this test program: 2023-11-14 plus this.
extern base::Duration virtual_time;

// usrsctp's random numbers in this test program start here.
void seed_randomness(std::uint64_t seed);

inline Instant virtual_now() {
  return Instant{} + virtual_time;
}

struct Side {
  explicit Side(bool dtls_client, Config config = {});

  const ChannelOpened* opened(std::string_view label) const;
  std::vector<std::string> texts(ChannelId channel) const;
  std::string closed() const;

  bool connected() const { return association.state() == State::connected; }

  error_code send(ChannelId channel, std::string_view text) {
    return association.send(channel, true, base::as_bytes(text), out);
  }

  template <class Kind>
  std::size_t count() const {
    std::size_t n = 0;
    for (const auto& event : out.events) n += std::holds_alternative<Kind>(event) ? 1 : 0;
    return n;
  }

  int wakes = 0;
  int polled_wakes = 0;  // the wire polls only who was woken
  Association association;
  Outbox out;  // the wire moves packets on; events stay
};

class Wire {
 public:
  // Called for each packet: nothing means lost, else how long it travels.
  using Path = std::function<std::optional<base::Duration>(const Side& from, const base::Packet&)>;

  explicit Wire(Config client_config = {}, Config server_config = {});

  void start();
  void run(base::Duration length);

  Side client;
  Side server;
  Path path = [](const Side&, const base::Packet&) { return std::optional<base::Duration>(1ms); };
  std::vector<base::Packet> log;  // everything sent

 private:
  struct InFlight {
    Instant arrives;
    Side* to;
    base::Packet packet;
  };

  void send_from(Side& from, Side& to);
  void deliver();

  std::vector<InFlight> in_flight_;
  base::Duration next_tick_;
};

inline ChannelOptions reliable() {
  return {"_reliable", true, {}, {}};
}

inline ChannelOptions lossy() {
  return {"_lossy", false, std::uint16_t{0}, {}};
}

// Connected, with the channels that LiveKit opens.
struct Linked : Wire {
  explicit Linked(Config client_config = {}, Config server_config = {})
      : Wire(std::move(client_config), std::move(server_config)) {
    start();
    run(100ms);
    r = *client.association.open_channel(reliable(), client.out);
    l = *client.association.open_channel(lossy(), client.out);
    run(100ms);
  }

  ChannelId r = 0;
  ChannelId l = 0;
};

}  // namespace sidetone::sctp
