// Pushes a sound into a source as a microphone would: 10 ms frames on absolute deadlines.
#pragma once

#include <cstdint>
#include <functional>
#include <sidetone/audio_source.hpp>
#include <span>

#include "apps/cli/audio_file.hpp"

namespace sidetone::cli {

class Player {
 public:
  // Called with each frame just before it is pushed: its samples, and the moment. Returns whether
  // to go on.
  using OnFrame =
      std::function<bool(std::span<const std::int16_t> frame, std::int64_t nanoseconds)>;

  explicit Player(const Sound& sound) : sound_(sound) {}

  // Plays it once. Returns false when `on_frame` said stop. Throws what capture_frame throws.
  bool play(AudioSource& source, const OnFrame& on_frame);

 private:
  const Sound& sound_;
  std::int64_t next_ns_ = 0;  // goes on across plays: a loop has no seam
};

}  // namespace sidetone::cli
