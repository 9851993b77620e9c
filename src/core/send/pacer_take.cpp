// The pacer's packets: which one is due, and what is in it.
#include <algorithm>
#include <utility>

#include "core/send/pacer.hpp"

namespace sidetone::send {
namespace {

// A pause this long no longer needs an encoder run per slot, only a sign of life (audio.md §2.7).
constexpr base::Duration kIdleAfter = std::chrono::seconds(5);
constexpr base::Duration kKeepAlive = std::chrono::milliseconds(400);

}  // namespace

bool Pacer::take(base::Instant now, PcmPacket& packet, Completions& out) {
  advance(now, true, out);
  if (closed_) return false;
  return state_ == State::talking ? take_audio(now_, packet, out) : take_silence(now_, packet);
}

bool Pacer::eager() const {
  if (closed_ || (held_ && !live())) return false;
  return live() || state_ != State::talking || !head_complete();
}

// ---- audio

base::Deadline Pacer::audio_due() const {
  if (state_ != State::talking || !head_complete()) return std::nullopt;
  return live() ? head_complete_at() : clock_.due();
}

bool Pacer::take_audio(base::Instant now, PcmPacket& packet, Completions& out) {
  if (!head_complete()) return false;
  auto complete = head_complete_at();
  catch_up(complete, now);
  if (!is_due(audio_due(), now)) {
    settle(out);
    return false;
  }
  complete = head_complete_at();
  judge(complete, now);
  begin_packet(packet);
  if (live()) packet.due = complete;
  packet.marker = std::exchange(marker_, false);
  packet.reset = std::exchange(idle_, false);
  fill(packet);
  auto moved = live() ? base::Duration(0) : slow_.on_packet(complete - clock_.due(), clock_.due());
  clock_.advance();
  clock_.delay(moved);
  if (live()) clock_.complete(complete);
  sizes_.advance();
  push_times_.drop_before(queue_.head());
  bool ended = false;
  while (utterance_ends_.reached(queue_.head())) ended = true;
  // The utterance is over, nothing late is waited for: zeros follow in the next slot, which also
  // carry the last 6.5 ms out of the encoder.
  if (ended) pause(clock_.due());
  settle(out);
  return true;
}

// Slots that passed while nobody called: during a pause of the producer, or because the process
// was suspended. They are skipped now.
void Pacer::catch_up(base::Instant complete, base::Instant now) {
  if (complete > clock_.pause_at()) {
    marker_ = true;
    live() ? clock_.skip_rounded(complete) : clock_.skip_to(complete);
  }
  if (live()) {
    while (head_complete() && now - head_complete_at() > kSuspendedAfter) drop_packet();
  } else if (now - std::max(clock_.due(), complete) > kSuspendedAfter) {
    clock_.skip_to_current(now);
    marker_ = true;
  }
}

void Pacer::judge(base::Instant complete, base::Instant now) {
  ++counters_.packets;
  counters_.lateness.add(now - (live() ? complete : clock_.due()));
  if (live()) return;
  if (complete > clock_.due()) ++counters_.late_packets;
  auto first = push_times_.of(queue_.head());
  if (first && *first > clock_.due()) ++counters_.underruns;
}

void Pacer::begin_packet(PcmPacket& packet) const {
  packet.rtp_time = clock_.rtp_time();
  packet.due = clock_.due();
  packet.length = clock_.packet();
  packet.marker = false;
  packet.on_wire = true;
  packet.silence = false;
  packet.muted = false;
  packet.keep_alive = false;
  packet.reset = false;
  packet.idle_since.reset();
  packet.generation = queue_.generation();
  packet.unmuted.clear();
  packet.samples.assign(static_cast<std::size_t>(sizes_.samples()) * options_.format.channels, 0);
}

void Pacer::fill(PcmPacket& packet) {
  auto count = head_samples();
  queue_.take(
      std::span(packet.samples).first(static_cast<std::size_t>(count) * options_.format.channels));
  counters_.played += count;
  counters_.padded += sizes_.samples() - count;
  counters_.silence += sizes_.samples() - count;
  counters_.muted += gate_.on_audio(packet, count);
  packet.on_wire = packet.on_wire && sink_;
}

// ---- silence

bool Pacer::idle_at(base::Instant slot) const {
  return slot - paused_since_ >= kIdleAfter;
}

base::Deadline Pacer::silence_due() const {
  if (state_ == State::talking || !sink_ || !gate_.sends_silence()) return std::nullopt;
  auto slot = clock_.due();
  if (idle_at(slot) && last_keep_alive_) slot = std::max(slot, *last_keep_alive_ + kKeepAlive);
  return slot;
}

bool Pacer::take_silence(base::Instant now, PcmPacket& packet) {
  auto due = silence_due();
  if (!is_due(due, now)) return false;
  if (now - *due > kSuspendedAfter)
    clock_.skip_to_current(now);
  else
    clock_.skip_to(*due);
  begin_packet(packet);
  packet.silence = true;
  packet.keep_alive = idle_at(clock_.due());
  if (packet.keep_alive) {
    idle_ = true;
    last_keep_alive_ = clock_.due();
  } else {
    packet.reset = std::exchange(idle_, false);
    last_keep_alive_.reset();
  }
  gate_.on_silence(packet);
  if (!packet.muted) packet.idle_since = paused_since_;
  counters_.silence += sizes_.samples();
  clock_.advance();
  sizes_.advance();
  return true;
}

}  // namespace sidetone::send
