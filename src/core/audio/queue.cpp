#include "core/audio/queue.hpp"

#include <algorithm>
#include <utility>

namespace sidetone::audio {

std::int64_t SampleQueue::Push::taken(std::int64_t head) const {
  return std::clamp(head, begin, end) - begin;
}

std::int64_t SampleQueue::room() const {
  return waiting_.empty() ? std::max<std::int64_t>(capacity_ - size(), 0) : 0;
}

bool SampleQueue::push(PushId id, std::span<const std::int16_t> samples) {
  auto begin = tail();
  chain_.append(samples);
  if (waiting_.empty() && size() <= capacity_) return true;
  waiting_.push_back({id, begin, tail()});
  return false;
}

void SampleQueue::take(std::span<std::int16_t> into) {
  chain_.take(into);
  head_ += static_cast<std::int64_t>(into.size()) / channels_;
}

void SampleQueue::drop(std::int64_t samples) {
  chain_.erase(samples, size() - samples);
  head_ += samples;
}

std::optional<SampleQueue::Push> SampleQueue::admitted() {
  if (waiting_.empty() || waiting_.front().end > head_ + capacity_) return std::nullopt;
  Push push = waiting_.front();
  waiting_.erase(waiting_.begin());
  return push;
}

std::optional<SampleQueue::Push> SampleQueue::cancel(PushId id) {
  auto found = std::find_if(waiting_.begin(), waiting_.end(),
                            [id](const Push& push) { return push.id == id; });
  if (found == waiting_.end()) return std::nullopt;
  Push push = *found;
  auto count = push.end - std::max(push.begin, head_);
  chain_.erase(count, tail() - push.end);
  for (auto later = waiting_.erase(found); later != waiting_.end(); ++later) {
    later->begin -= count;
    later->end -= count;
  }
  return push;
}

std::int64_t SampleQueue::clear() {
  auto count = size();
  chain_.clear();
  voided_.clear();
  std::swap(voided_, waiting_);
  head_ += count;
  ++generation_;
  return count;
}

std::optional<SampleQueue::Push> SampleQueue::voided() {
  if (voided_.empty()) return std::nullopt;
  Push push = voided_.front();
  voided_.erase(voided_.begin());
  return push;
}

}  // namespace sidetone::audio
