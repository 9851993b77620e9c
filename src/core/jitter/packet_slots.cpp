#include "core/jitter/packet_slots.hpp"

#include <algorithm>

namespace sidetone::jitter {

std::vector<PacketSlots::Owned>::const_iterator PacketSlots::lower_bound(
    std::int64_t rtp_time) const {
  // Nearly every packet is the newest.
  if (order_.empty() || order_.back()->rtp_time < rtp_time) return order_.end();
  return std::lower_bound(
      order_.begin(), order_.end(), rtp_time,
      [](const Owned& slot, std::int64_t time) { return slot->rtp_time < time; });
}

void PacketSlots::fill(Slot& slot, const Copy& copy) {
  slot.rtp_time = copy.rtp_time;
  slot.sequence = copy.sequence;
  slot.arrival = copy.arrival;
  slot.red = copy.red;
  slot.info = copy.info;
  slot.payload.assign(copy.payload.begin(), copy.payload.end());
  bytes_ += slot.payload.size();
}

PacketSlots::Outcome PacketSlots::insert(const Copy& copy) {
  auto at = lower_bound(copy.rtp_time);
  if (at != order_.end() && (*at)->rtp_time == copy.rtp_time) {
    if (!(*at)->red || copy.red) {
      // One timestamp under two numbers: both have come.
      if (!copy.red) (*at)->sequence = std::max((*at)->sequence, copy.sequence);
      return Outcome::duplicate;
    }
    bytes_ -= (*at)->payload.size();
    fill(**at, copy);
    return Outcome::replaced;
  }
  Owned slot;
  if (spare_.empty()) {
    slot = std::make_unique<Slot>();
  } else {
    slot = std::move(spare_.back());
    spare_.pop_back();
  }
  fill(*slot, copy);
  order_.insert(at, std::move(slot));
  return Outcome::stored;
}

std::size_t PacketSlots::evict() {
  std::size_t count = 0;
  auto bytes = bytes_;
  while (count < order_.size()) {
    auto over = order_.back()->end() - order_[count]->rtp_time > kMaxTicks || bytes > kMaxBytes ||
                order_.size() - count > kMaxSlots;
    if (!over) break;
    bytes -= order_[count]->payload.size();
    ++count;
  }
  drop_first(count);
  return count;
}

const Slot* PacketSlots::first_from(std::int64_t rtp_time) const {
  auto at = lower_bound(rtp_time);
  return at == order_.end() ? nullptr : at->get();
}

void PacketSlots::drop_first(std::size_t count) {
  auto last = order_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto at = order_.begin(); at != last; ++at) {
    bytes_ -= (*at)->payload.size();
    spare_.push_back(std::move(*at));
  }
  order_.erase(order_.begin(), last);
}

void PacketSlots::pop_first() {
  if (!order_.empty()) drop_first(1);
}

void PacketSlots::drop_before(std::int64_t rtp_time) {
  drop_first(static_cast<std::size_t>(lower_bound(rtp_time) - order_.begin()));
}

void PacketSlots::clear() {
  drop_first(order_.size());
}

}  // namespace sidetone::jitter
