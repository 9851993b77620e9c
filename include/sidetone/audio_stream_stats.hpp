// What an AudioStream tells about itself: the names and meaning of W3C's inbound-rtp statistics,
// and what they leave out. Counters only grow. Sample counts are per channel in 1/48000 s whatever
// the stream's rate; delays are those the receiver adds. A plain value, at most 10 ms old.
// Source: audio.md §3.19, https://www.w3.org/TR/webrtc-stats/ (RTCInboundRtpStreamStats)
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sidetone {
inline namespace v0 {

struct AudioStreamStats {
  std::uint64_t packets_received = 0;
  std::uint64_t packets_discarded = 0;  // late, or over the bound of 2 s
  std::uint64_t total_samples_received = 0;
  std::uint64_t concealed_samples = 0;
  std::uint64_t silent_concealed_samples = 0;
  std::uint64_t concealment_events = 0;
  std::uint64_t inserted_samples_for_deceleration = 0;
  std::uint64_t removed_samples_for_acceleration = 0;
  std::uint64_t fec_packets_received = 0;
  std::uint64_t fec_packets_discarded = 0;
  // Divided by jitter_buffer_emitted_count: the mean delay per sample.
  std::chrono::nanoseconds jitter_buffer_delay{0};
  std::chrono::nanoseconds jitter_buffer_target_delay{0};
  std::uint64_t jitter_buffer_emitted_count = 0;

  std::uint64_t late_packets = 0;
  std::uint64_t duplicate_packets = 0;
  std::uint64_t lost_slots = 0;  // packets that were concealed or repaired from in-band redundancy
  std::uint64_t red_recoveries = 0;
  std::uint64_t fec_recoveries = 0;
  std::uint64_t decode_errors = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t overflows = 0;            // packets dropped undecoded
  std::uint64_t interruptions_80ms = 0;   // concealment of at least 80 ms
  std::uint64_t interruptions_150ms = 0;  // of at least 150 ms
  std::uint64_t frames_delivered = 0;     // put into the queue
  std::uint64_t frames_dropped = 0;       // by its overflow policy
  std::chrono::nanoseconds queued{0};     // decoded, waiting for a reader
  std::chrono::nanoseconds target_delay{0};
  std::chrono::nanoseconds current_delay{0};
  // From capture to delivery of the last frame with a capture time: true where both machines'
  // clocks are.
  std::optional<std::chrono::nanoseconds> mouth_to_ear;
};

}  // namespace v0
}  // namespace sidetone
