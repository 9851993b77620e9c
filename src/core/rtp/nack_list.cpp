#include "core/rtp/nack_list.hpp"

#include <algorithm>

namespace sidetone::rtp {

void NackList::add(std::int64_t first, std::int64_t last, base::Instant now) {
  constexpr auto kMax = static_cast<std::int64_t>(kMaxHoles);
  first = std::max(first, last - kMax + 1);
  if (first > last) return;
  auto added = static_cast<std::size_t>(last - first + 1);
  if (size_ + added > kMaxHoles) {
    auto dropped = size_ + added - kMaxHoles;
    std::move(holes_.begin() + static_cast<std::ptrdiff_t>(dropped),
              holes_.begin() + static_cast<std::ptrdiff_t>(size_), holes_.begin());
    size_ -= dropped;
  }
  for (auto sequence = first; sequence <= last; ++sequence)
    holes_[size_++] = {.sequence = sequence, .due = now, .requests = 0};
}

bool NackList::remove(std::int64_t sequence) {
  auto* end = holes_.data() + size_;
  auto* hole = std::lower_bound(holes_.data(), end, sequence,
                                [](const Hole& h, std::int64_t s) { return h.sequence < s; });
  if (hole == end || hole->sequence != sequence) return false;
  bool requested = hole->requests > 0;
  std::move(hole + 1, end, hole);
  --size_;
  return requested;
}

base::Deadline NackList::next_deadline() const {
  base::Deadline deadline;
  for (std::size_t i = 0; i < size_; ++i) deadline = base::earliest(deadline, holes_[i].due);
  return deadline;
}

std::span<const std::uint16_t> NackList::due(base::Instant now) {
  std::size_t count = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    auto hole = holes_[i];
    if (hole.due <= now) {
      if (hole.requests == kMaxRequests) continue;
      due_[count++] = static_cast<std::uint16_t>(hole.sequence);
      ++hole.requests;
      auto wait = rtt_ + kAnswerSlack;
      hole.due = now + (hole.requests == 2 ? std::max(wait, kPeerSpacing) : wait);
    }
    holes_[kept++] = hole;
  }
  size_ = kept;
  return std::span(due_).first(count);
}

}  // namespace sidetone::rtp
