#include "core/sctp/virtual_wire_test.hpp"

#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "core/base/seeded_random.hpp"
#include "core/sctp/library.hpp"

namespace sidetone::sctp {

base::Duration virtual_time{};

namespace {

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr auto kTick = 10ms;  // as the shell drives usrsctp

std::optional<base::SeededRandom> randomness(1);

Config with_role(Config config, bool dtls_client, int& wakes) {
  config.dtls_client = dtls_client;
  config.wake = [&wakes] { ++wakes; };
  return config;
}

}  // namespace

void seed_randomness(std::uint64_t seed) {
  randomness.emplace(seed);
}

Side::Side(bool dtls_client, Config config)
    : association(with_role(std::move(config), dtls_client, wakes)) {}

const ChannelOpened* Side::opened(std::string_view label) const {
  for (const auto& event : out.events)
    if (const auto* found = std::get_if<ChannelOpened>(&event))
      if (found->options.label == label) return found;
  return nullptr;
}

std::vector<std::string> Side::texts(ChannelId channel) const {
  std::vector<std::string> found;
  for (const auto& event : out.events)
    if (const auto* message = std::get_if<Message>(&event))
      if (message->channel == channel) found.emplace_back(base::as_text(message->bytes));
  return found;
}

std::string Side::closed() const {
  for (const auto& event : out.events)
    if (const auto* found = std::get_if<Closed>(&event)) return found->reason;
  return {};
}

Wire::Wire(Config client_config, Config server_config)
    : client(true, std::move(client_config)),
      server(false, std::move(server_config)),
      next_tick_(virtual_time + kTick) {}

void Wire::start() {
  client.association.start(virtual_now(), client.out);
  server.association.start(virtual_now(), server.out);
}

void Wire::send_from(Side& from, Side& to) {
  for (auto& packet : from.out.packets.take()) {
    log.push_back(packet);
    if (auto delay = path(from, packet))
      in_flight_.push_back({virtual_now() + *delay, &to, packet});
  }
}

void Wire::deliver() {
  for (;;) {
    send_from(client, server);
    send_from(server, client);
    auto due = std::ranges::find_if(
        in_flight_, [](const InFlight& packet) { return packet.arrives <= virtual_now(); });
    if (due == in_flight_.end()) return;
    auto arrived = *due;
    in_flight_.erase(due);
    arrived.to->association.on_packet(arrived.packet.bytes(), virtual_now(), arrived.to->out);
  }
}

void Wire::run(base::Duration length) {
  auto end = virtual_time + length;
  deliver();
  while (virtual_time < end) {
    auto next = std::min(end, next_tick_);
    for (const auto& packet : in_flight_) next = std::min(next, packet.arrives.time_since_epoch());
    virtual_time = std::max(virtual_time, next);
    if (virtual_time >= next_tick_) {
      next_tick_ += kTick;
      drive_timers(kTick);
      for (auto* side : {&client, &server})
        if (std::exchange(side->polled_wakes, side->wakes) != side->wakes)
          side->association.poll(virtual_now(), side->out);
    }
    deliver();
  }
}

}  // namespace sidetone::sctp

// usrsctp's clock and its randomness.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone::sctp;
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + virtual_time).count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}

extern "C" __attribute__((visibility("default"))) void read_random(void* into, std::size_t size) {
  sidetone::sctp::randomness->fill({static_cast<std::byte*>(into), size});
}
