// One packet's worth of PCM in its slot: what the pacer hands to the encoder. Keep one and pass it
// in again: its memory is reused. Source: audio.md §2.6–2.9.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.hpp"

namespace sidetone::send {

struct PcmPacket {
  std::int64_t rtp_time = 0;  // in 1/48000 s, from 0; whole packets apart
  base::Instant due{};        // when it leaves; paced: its slot; live: as it was whole
  base::Duration length{};    // of the slot: 10 or 20 ms
  bool marker = false;        // first audio after a pause, first packet after un-mute

  // Of its first sample: a packet is whole when its last one has been captured.
  base::Instant captured() const { return due - length; }

  // False: do not encode it, nothing goes out (muted for longer than 200 ms, or nobody listens);
  // it is handed out because its samples count and a local tap wants them.
  bool on_wire = true;
  // The samples are zeros, because there is no audio or because the source is muted: level 127.
  bool silence = false;
  bool muted = false;
  // Silence once per 400 ms of a long idle: encode it with DTX off, so that it does leave.
  bool keep_alive = false;
  // First packet after an idle in which the encoder was not run per slot: reset it.
  bool reset = false;
  // When the pause it belongs to was declared; only of silence that is not muted audio.
  base::Deadline idle_since;
  // Changes with clear(): audio of an older generation must not follow (resampler history).
  std::uint32_t generation = 0;

  // Interleaved, at the feed's own rate, the packet's exact share: floor((k+1)*R*p) - floor(k*R*p)
  // for the k-th packet, so counts may alternate (22050 Hz, 10 ms: 220, 221).
  std::vector<std::int16_t> samples;
  // The audio before mute, for a local tap that wants it. Filled only where it differs from
  // `samples`.
  std::vector<std::int16_t> unmuted;
};

}  // namespace sidetone::send
