// What the receive engine counts, under W3C's inbound-rtp names where there is one; all of them
// only grow. Sample counts are per channel in 1/48000 s. Source: audio.md §3.19,
// https://www.w3.org/TR/webrtc-stats/#inboundrtpstats-dict*
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::jitter {

struct Counters {
  std::uint64_t packets_received = 0;
  std::uint64_t packets_discarded = 0;  // too late to be played, or over the bound
  std::uint64_t total_samples_received = 0;
  std::uint64_t concealed_samples = 0;
  std::uint64_t silent_concealed_samples = 0;
  std::uint64_t concealment_events = 0;
  std::uint64_t removed_samples_for_acceleration = 0;
  std::uint64_t inserted_samples_for_deceleration = 0;
  std::uint64_t fec_packets_received = 0;  // copies inside RED or an Opus packet
  std::uint64_t fec_packets_discarded = 0;
  base::Duration jitter_buffer_delay{};         // summed over emitted samples
  base::Duration jitter_buffer_target_delay{};  // likewise
  std::uint64_t jitter_buffer_emitted_count = 0;

  std::uint64_t late = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t overflows = 0;  // packets dropped because 2 s or 256 KB were exceeded
  std::uint64_t resyncs = 0;
  std::uint64_t skips = 0;  // jumps to the target when the delay had run away
  std::uint64_t holds = 0;  // 10 ms of concealment each that delayed the stream
  std::uint64_t lost_slots = 0;
  std::uint64_t red_recoveries = 0;
  std::uint64_t fec_recoveries = 0;
  std::uint64_t decode_errors = 0;
  std::uint64_t missed_ticks = 0;
  std::uint64_t malformed_red = 0;
  std::uint64_t interruptions_80ms = 0;   // concealment of at least 80 ms
  std::uint64_t interruptions_150ms = 0;  // of at least 150 ms
  base::Duration target_delay{};          // now
  base::Duration current_delay{};         // now
};

}  // namespace sidetone::jitter
