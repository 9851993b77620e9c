#include "core/jitter/playout_queue.hpp"

#include <algorithm>

namespace sidetone::jitter {

void PlayoutQueue::compact() {
  if (head_ != 0) {
    auto begin = memory_.begin() + static_cast<std::ptrdiff_t>(head_ * channels_);
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(samples_ * channels_), memory_.begin());
    head_ = 0;
  }
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(first_run_));
  first_run_ = 0;
}

std::span<float> PlayoutQueue::room(std::size_t samples) {
  compact();
  auto needed = (samples_ + samples) * channels_;
  if (memory_.size() < needed) memory_.resize(needed);
  return std::span(memory_).subspan(samples_ * channels_, samples * channels_);
}

void PlayoutQueue::append(const Origin& origin, std::size_t samples, std::size_t skip) {
  skip = std::min(skip, samples);
  if (skip != 0) {
    auto begin = memory_.begin() + static_cast<std::ptrdiff_t>((head_ + samples_) * channels_);
    std::copy(begin + static_cast<std::ptrdiff_t>(skip * channels_),
              begin + static_cast<std::ptrdiff_t>(samples * channels_), begin);
  }
  if (samples == skip) return;
  auto& run = runs_.emplace_back(Run{origin, samples - skip});
  run.origin.rtp_time += static_cast<std::int64_t>(skip) * ticks_per_sample_;
  samples_ += samples - skip;
}

Block PlayoutQueue::describe(std::size_t samples) {
  const auto& first = runs_[first_run_].origin;
  Block block{.rtp_time = first.rtp_time, .received_at = first.received_at, .samples = {}};
  auto left = samples;
  for (auto at = first_run_; at < runs_.size() && left != 0; ++at) {
    auto part = std::min(left, runs_[at].samples);
    block.provenance |= runs_[at].origin.provenance;
    if ((runs_[at].origin.provenance & kConcealed) != 0)
      block.concealed += static_cast<std::uint32_t>(part * ticks_per_sample_);
    left -= part;
  }
  block.samples = front(samples);
  return block;
}

void PlayoutQueue::consume(std::size_t samples) {
  samples = std::min(samples, samples_);
  head_ += samples;
  samples_ -= samples;
  while (samples != 0) {
    auto& run = runs_[first_run_];
    auto part = std::min(samples, run.samples);
    run.samples -= part;
    run.origin.rtp_time += static_cast<std::int64_t>(part) * ticks_per_sample_;
    samples -= part;
    if (run.samples == 0) ++first_run_;
  }
}

void PlayoutQueue::mark(std::uint8_t provenance) {
  for (auto at = first_run_; at < runs_.size(); ++at) runs_[at].origin.provenance |= provenance;
}

void PlayoutQueue::clear() {
  head_ = 0;
  samples_ = 0;
  runs_.clear();
  first_run_ = 0;
}

}  // namespace sidetone::jitter
