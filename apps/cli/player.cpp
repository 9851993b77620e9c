#include "apps/cli/player.hpp"

#include <thread>

#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

constexpr std::int64_t kFramesPerSecond = 100;
constexpr std::int64_t kFrameNs = 1'000'000'000 / kFramesPerSecond;

}  // namespace

bool Player::play(AudioSource& source, const OnFrame& on_frame) {
  if (next_ns_ == 0) next_ns_ = monotonic_ns();
  const auto total = sound_.samples_per_channel();
  // Frame k ends at k * rate / 100: 22050 Hz alternates 220 and 221 samples.
  std::size_t begin = 0;
  for (std::size_t k = 1; begin < total; ++k) {
    const auto end = std::min<std::size_t>(total, k * sound_.sample_rate / kFramesPerSecond);
    const auto samples =
        std::span(sound_.samples)
            .subspan(begin * sound_.num_channels, (end - begin) * sound_.num_channels);
    std::this_thread::sleep_until(
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next_ns_)));
    if (!on_frame(samples, monotonic_ns())) return false;
    source.capture_frame(AudioFrame::borrow(samples, sound_.sample_rate, sound_.num_channels,
                                            static_cast<std::uint32_t>(end - begin)));
    next_ns_ += kFrameNs;
    begin = end;
  }
  return true;
}

}  // namespace sidetone::cli
