// Two participants in a room, Alice with something to say: what nearly every test begins with.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "core/media/passthrough_codec.hpp"
#include "tests/sim/call.hpp"
#include "tests/sim/sounds.hpp"

namespace sidetone::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than any test lets a source wait for its first subscriber.
inline constexpr auto kHold = seconds(60);

// What a source says while `speaking`, 10 ms every 10 ms, and all it said so far.
struct Voice {
  Voice(const audio::Format& format, std::unique_ptr<Sound> what)
      : mouth(format), sound(std::move(what)) {}

  void say_10_ms();

  Mouth mouth;
  std::unique_ptr<Sound> sound;
  std::vector<std::int16_t> said;
  bool speaking = true;
  bool remembers = true;
  std::uint64_t frames = 0;
};

class Talk {
 public:
  explicit Talk(std::uint64_t seed = 1);
  ~Talk();

 private:
  std::deque<std::unique_ptr<Voice>> voices_;  // outlive the sessions that borrow them

 public:
  Call call;
  Caller& alice;
  Caller& bob;

  // Both are in `room`.
  bool connected(const std::string& room = "room");
  bool connect(Caller& caller, const std::string& room = "room");

  // Speaks from now on, every 10 ms.
  Voice& voice(const audio::Format& format, std::unique_ptr<Sound> sound);

  // Waits until it is published; the track's sid, or nothing.
  std::string publish(Caller& caller,
                      Voice& voice,
                      media::SourceOptions options = {},
                      bool passthrough = false);

  // Without loss: what an ear behind pass-through codecs hears is what was said, sample for sample.
  std::string publish_exact(Caller& caller, Voice& voice, media::SourceOptions options = {}) {
    return publish(caller, voice, std::move(options), true);
  }

  Ear& hear_exact(Caller& caller,
                  const std::string& from,
                  const audio::Format& format,
                  media::Delivery delivery = media::Delivery::immediate);

  // One call into the server.
  template <class What>
  void server(What what) {
    call.server_turn([&](auto& machine, auto& out) { what(machine, now(), out); });
  }

  // The time from now until the ear's end, or -1 when there is none within a second.
  milliseconds until_end(const Ear& ear);
};

// Whether `heard` begins with all of `said`; tells where not.
testing::AssertionResult begins_with(std::span<const std::int16_t> heard,
                                     std::span<const std::int16_t> said);

}  // namespace sidetone::sim
