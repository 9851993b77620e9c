// The façade of the receive engine: packets in, blocks of decoded samples out. JitterBuffer paces
// them in real time, ImmediateBuffer hands them out as soon as they can be decoded.
//
// All times in the stream are RTP time: int64, unwrapped, in 1/48000 s. Samples are interleaved
// floats at the decoder's rate and channel count. Machines: no clock, no thread, no throw; hostile
// input becomes a counter. Source: audio.md §3.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/jitter/counters.hpp"

namespace sidetone::jitter {

inline constexpr std::int64_t kTicksPerMs = 48;  // RTP time; RFC 7587 §4.1

constexpr base::Duration to_duration(std::int64_t rtp_ticks) {
  return base::Duration(rtp_ticks * 1'000'000 / kTicksPerMs);
}

constexpr std::int64_t to_ticks(base::Duration duration) {
  return duration.count() * kTicksPerMs / 1'000'000;
}

// Where a block's samples came from; a set.
enum Provenance : std::uint8_t {
  kNormal = 1,
  kRed = 2,
  kFec = 4,
  kConcealed = 8,
  kStretched = 16,
  kSilence = 32,  // includes comfort noise
};

// One RTP packet, its numbers unwrapped by rtp/receiver. The payload is borrowed for the call.
struct Packet {
  std::uint32_t ssrc = 0;
  std::int64_t sequence = 0;
  std::int64_t rtp_time = 0;
  base::Instant arrival{};
  bool red = false;           // the payload is RFC 2198 redundancy
  std::uint8_t red_type = 0;  // payload type inside the redundancy that is ours
  base::Bytes payload;
};

struct Options {
  base::Duration min_delay{};
  base::Duration max_delay = std::chrono::seconds(1);
  // How long to wait for a late packet before its place is given up; audio.md §3.4, balanced.
  base::Duration hold_cap = std::chrono::milliseconds(120);
  // ImmediateBuffer: a lost slot becomes concealment instead of a gap.
  bool fill_gaps = false;
  // ImmediateBuffer: so much of what came before somebody read is handed out first, at most 2 s.
  base::Duration preroll = std::chrono::seconds(2);
};

struct Block {
  std::int64_t rtp_time = 0;  // of the first sample
  std::optional<base::Instant> received_at;
  base::Duration delay{};  // of the first sample: time here beyond the route's fastest packet
  std::uint8_t provenance = 0;
  std::uint32_t concealed = 0;     // RTP ticks of this block that no received bit describes
  std::uint32_t gap_before = 0;    // RTP ticks missing before it
  std::span<const float> samples;  // valid until the next call
};

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  virtual void insert(const Packet& packet, base::Instant now) = 0;

  // Delivery begins (or stops). Until it has begun nothing is decoded and the last 2 s of packets
  // are kept.
  virtual void set_reading(bool on, base::Instant now) = 0;

  // When pull() has something to do.
  virtual base::Deadline next_deadline() const = 0;

  // One block if one is due; call until it returns false.
  virtual bool pull(base::Instant now, Block& block) = 0;

  // No packet will come: what is here is handed out without waiting, then pull() returns false and
  // drained() is true.
  virtual void finish(base::Instant now) = 0;
  virtual bool drained() const = 0;

  virtual const Counters& counters() const = 0;
};

}  // namespace sidetone::jitter
