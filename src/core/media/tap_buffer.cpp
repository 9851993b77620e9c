#include "core/media/tap_buffer.hpp"

#include <algorithm>

#include "core/audio/convert.hpp"
#include "core/send/pcm_packet.hpp"

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kClock = 48'000;  // RTP time
constexpr std::int64_t kBlock = 480;     // 10 ms of it
constexpr base::Duration kBlockTime = milliseconds(10);
constexpr std::int64_t kMostKept = 96'000;  // 2 s, as of a remote track
// A source that is late for longer has paused (send::kPauseAfter, 60 ms); and the media thread may
// be a little late itself.
constexpr base::Duration kLate = milliseconds(80);
// Silence missed for longer is not made up for: the process was suspended.
constexpr base::Duration kSuspended = milliseconds(500);
// A hole in RTP time up to this long is the end of a pause; longer ones have been filled by time.
constexpr std::int64_t kBridge = 4'800;
constexpr std::size_t kSpare = 4;

}  // namespace

void TapBuffer::insert(const TappedPacket& tapped, base::Instant now) {
  if (finishing_) return;
  ++counters_.packets_received;
  const auto& packet = tapped.packet;
  const bool ahead = options_.hear_muted && !packet.unmuted.empty();
  const bool silence = packet.silence && !ahead;
  if (options_.immediate && silence) return;
  if (spare_.empty()) spare_.emplace_back();
  kept_.splice(kept_.end(), spare_, spare_.begin());
  auto& kept = kept_.back();
  const auto& samples = ahead ? packet.unmuted : packet.samples;
  kept.samples.resize(samples.size());
  audio::to_float(samples, kept.samples);
  kept.rtp_time = packet.rtp_time;
  kept.ticks = jitter::to_ticks(packet.length);
  kept.arrival = now;
  kept.first = tapped.first;
  kept.silence = silence;
  kept_ticks_ += kept.ticks;
  counters_.total_samples_received += static_cast<std::uint64_t>(kept.ticks);
  quiet_ = false;
  bound();
}

void TapBuffer::bound() {
  while (kept_ticks_ > kMostKept && kept_.size() > 1) {
    drop_oldest();
    ++counters_.overflows;
  }
}

void TapBuffer::drop_oldest() {
  kept_ticks_ -= kept_.front().ticks;
  played_ = 0;
  if (spare_.size() < kSpare)
    spare_.splice(spare_.end(), kept_, kept_.begin());
  else
    kept_.pop_front();
}

void TapBuffer::set_reading(bool on, base::Instant now) {
  if (on == reading_) return;
  reading_ = on;
  if (!on) return;
  const auto wanted = options_.immediate ? jitter::to_ticks(options_.preroll) : 0;
  while (kept_ticks_ > wanted) drop_oldest();
  quiet_ = true;
  next_ = now;
}

void TapBuffer::finish(base::Instant /*now*/) {
  finishing_ = true;
}

bool TapBuffer::drained() const {
  return finishing_ && (kept_.empty() || (!reading_ && !options_.immediate));
}

base::Deadline TapBuffer::next_deadline() const {
  if (!reading_ || drained()) return std::nullopt;
  if (!kept_.empty()) {
    const auto& first = kept_.front();
    // What is behind it shows that its time has come.
    const bool at_once = options_.immediate || finishing_ || kept_.size() > 1;
    return at_once ? first.arrival : first.arrival + jitter::to_duration(played_);
  }
  if (options_.immediate) return std::nullopt;
  return next_ + (quiet_ ? kBlockTime : kLate);
}

bool TapBuffer::pull(base::Instant now, jitter::Block& block) {
  if (!base::is_due(next_deadline(), now)) return false;
  block = {};
  if (kept_.empty()) {
    quiet_ = true;
    if (now - next_ > kSuspended) next_ = now - kBlockTime;
    next_ += kBlockTime;
    fall_silent(kBlock, block);
    return true;
  }
  const auto hole = hole_before_first();
  if (options_.immediate)
    block.gap_before = static_cast<std::uint32_t>(hole);
  else if (hole > 0 && hole <= kBridge)
    return fall_silent(hole, block), true;
  play(block);
  return true;
}

// RTP time that passed before the first packet kept, without anything of it being heard.
std::int64_t TapBuffer::hole_before_first() const {
  const auto& first = kept_.front();
  if (!position_ || first.first || played_ != 0) return 0;
  return std::max<std::int64_t>(first.rtp_time - *position_, 0);
}

std::int64_t TapBuffer::block_ticks(const Kept& kept) const {
  return options_.immediate ? kept.ticks : std::min(kBlock, kept.ticks - played_);
}

std::size_t TapBuffer::samples_until(const Kept& kept, std::int64_t ticks) const {
  auto samples = static_cast<std::int64_t>(kept.samples.size() / format_.channels);
  return static_cast<std::size_t>(samples * ticks / kept.ticks) * format_.channels;
}

void TapBuffer::play(jitter::Block& block) {
  const auto& kept = kept_.front();
  const auto ticks = block_ticks(kept);
  const auto from = samples_until(kept, played_);
  const auto until = samples_until(kept, played_ + ticks);
  out_.assign(kept.samples.begin() + static_cast<std::ptrdiff_t>(from),
              kept.samples.begin() + static_cast<std::ptrdiff_t>(until));
  block.rtp_time = kept.rtp_time + played_;
  block.received_at = kept.arrival;
  block.provenance = kept.silence ? jitter::kSilence : jitter::kNormal;
  block.samples = out_;
  played_ += ticks;
  position_ = kept.rtp_time + played_;
  next_ = kept.arrival + jitter::to_duration(played_);
  counters_.jitter_buffer_emitted_count += static_cast<std::uint64_t>(ticks);
  if (played_ == kept.ticks) drop_oldest();
}

void TapBuffer::fall_silent(std::int64_t ticks, jitter::Block& block) {
  const auto owed = ticks * format_.sample_rate + fraction_;
  fraction_ = owed % kClock;
  out_.assign(static_cast<std::size_t>(owed / kClock) * format_.channels, 0.0F);
  block.rtp_time = position_.value_or(0);
  block.provenance = jitter::kSilence;
  block.samples = out_;
  position_ = block.rtp_time + ticks;
}

}  // namespace sidetone::media
