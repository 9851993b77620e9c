// For tests only: two participants in a room, the first with something to say.
#pragma once

#include <string>

#include "core/server/world_test.hpp"

namespace sidetone::server::test {

inline constexpr std::uint32_t kSsrc = 5000;

// Alice has something to say, bob listens.
struct Call {
  explicit Call(Guest listener = {.identity = "bob"}, Limits limits = {})
      : world(limits), alice(world.enter({})), bob(world.enter(std::move(listener))) {}

  void publish(bool muted = false, bool red = false) {
    alice.publish("mic", kSsrc, muted, red);
    world.run_for(200ms);
    sid = alice.track_sid();
  }

  bool heard_of() const {
    const auto* info = bob.told_of("alice");
    return info && info->tracks_size() == 1;
  }

  World world;
  Client& alice;
  Client& bob;
  std::string sid;
};

inline livekit::RequestResponse::Reason refusal(const Client& client) {
  const auto* message = client.last(livekit::SignalResponse::kRequestResponse);
  return message ? message->request_response().reason() : livekit::RequestResponse::OK;
}

inline bool is_silence(const rtp::ReceivedPacket& packet) {
  const auto bytes = packet.payload.bytes();
  return bytes.size() == 80 && bytes[0] == std::byte{0xf8} && bytes[1] == std::byte{0xff} &&
         bytes[2] == std::byte{0xfe} && packet.marker;
}

}  // namespace sidetone::server::test
