// The packets not yet played, in the order of their RTP time: reordering ends here. Bounded by 2 s
// of media and 256 KB; over that the oldest go. Warm, it allocates nothing. Not thread-safe.
// Source: audio.md §3.2.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/audio/coder.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

namespace sidetone::jitter {

// One way to fill a slot. Redundancy has no sequence number of its own.
struct Copy {
  std::int64_t rtp_time = 0;
  std::optional<std::int64_t> sequence;
  base::Instant arrival{};
  bool red = false;
  audio::PayloadInfo info;
  base::Bytes payload;  // borrowed
};

struct Slot {
  std::int64_t rtp_time = 0;
  std::optional<std::int64_t> sequence;
  base::Instant arrival{};
  bool red = false;
  audio::PayloadInfo info;
  std::vector<std::byte> payload;

  std::int64_t end() const { return rtp_time + info.duration; }
};

class PacketSlots {
 public:
  static constexpr std::int64_t kMaxTicks = 96'000;
  static constexpr std::size_t kMaxBytes = 256 * 1024;
  static constexpr std::size_t kMaxSlots = 1024;  // 2 s of 2.5 ms packets are 800

  enum class Outcome : std::uint8_t { stored, replaced, duplicate };

  // A primary replaces redundancy; every other second copy is a duplicate.
  Outcome insert(const Copy& copy);

  // Drops from the front until the bounds hold; how many.
  std::size_t evict();

  const Slot* first() const { return order_.empty() ? nullptr : order_.front().get(); }

  const Slot* newest() const { return order_.empty() ? nullptr : order_.back().get(); }

  // The first slot that starts at `rtp_time` or later.
  const Slot* first_from(std::int64_t rtp_time) const;

  void pop_first();
  void drop_before(std::int64_t rtp_time);
  void clear();

  std::size_t size() const { return order_.size(); }

  bool empty() const { return order_.empty(); }

 private:
  using Owned = std::unique_ptr<Slot>;

  std::vector<Owned>::const_iterator lower_bound(std::int64_t rtp_time) const;
  void drop_first(std::size_t count);
  void fill(Slot& slot, const Copy& copy);

  std::vector<Owned> order_;
  std::vector<Owned> spare_;
  std::size_t bytes_ = 0;
};

}  // namespace sidetone::jitter
