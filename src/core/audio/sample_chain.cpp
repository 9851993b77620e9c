#include "core/audio/sample_chain.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sidetone::audio {

void SampleChain::append(std::span<const std::int16_t> samples) {
  while (!samples.empty()) {
    std::size_t used = read_ + values_ - (chunks_ > 1 ? (chunks_ - 1) * kChunkValues : 0);
    if (chunks_ == 0 || used == kChunkValues) {
      add_chunk();
      used = 0;
    }
    auto count = std::min(samples.size(), kChunkValues - used);
    std::copy_n(samples.begin(), count, last_->values.begin() + static_cast<std::ptrdiff_t>(used));
    values_ += count;
    samples = samples.subspan(count);
  }
}

void SampleChain::take(std::span<std::int16_t> into) {
  while (!into.empty()) {
    auto count = std::min(into.size(), kChunkValues - read_);
    std::copy_n(first_->values.begin() + static_cast<std::ptrdiff_t>(read_), count, into.begin());
    into = into.subspan(count);
    read_ += count;
    values_ -= count;
    if (read_ == kChunkValues || values_ == 0) drop_first();
  }
}

void SampleChain::erase(std::int64_t count, std::int64_t after) {
  // Rare (a cancelled push with others behind it): those are copied out and back.
  std::vector<std::int16_t> behind(static_cast<std::size_t>(after) * channels_);
  std::size_t skipped = values_ - behind.size();
  Chunk* chunk = first_.get();
  std::size_t at = read_ + skipped;
  for (std::size_t done = 0; done < behind.size();) {
    while (at >= kChunkValues) {
      chunk = chunk->next.get();
      at -= kChunkValues;
    }
    auto piece = std::min(behind.size() - done, kChunkValues - at);
    std::copy_n(chunk->values.begin() + static_cast<std::ptrdiff_t>(at), piece,
                behind.begin() + static_cast<std::ptrdiff_t>(done));
    done += piece;
    at += piece;
  }
  drop_last(behind.size() + static_cast<std::size_t>(count) * channels_);
  append(behind);
}

void SampleChain::clear() {
  while (first_) drop_first();
  values_ = 0;
}

void SampleChain::add_chunk() {
  std::unique_ptr<Chunk> chunk = std::move(spare_);
  if (chunk) {
    spare_ = std::move(chunk->next);
    --spares_;
  } else {
    chunk.reset(new Chunk);  // NOLINT: make_unique would zero 8 KB
  }
  Chunk* added = chunk.get();
  (last_ ? last_->next : first_) = std::move(chunk);
  last_ = added;
  ++chunks_;
}

void SampleChain::drop_first() {
  std::unique_ptr<Chunk> rest = std::move(first_->next);
  recycle(std::exchange(first_, std::move(rest)));
  if (!first_) last_ = nullptr;
  read_ = 0;
  --chunks_;
}

void SampleChain::drop_last(std::size_t count) {
  values_ -= count;
  std::size_t needed = values_ == 0 ? 0 : (read_ + values_ + kChunkValues - 1) / kChunkValues;
  if (needed == 0) return clear();
  Chunk* last = first_.get();
  for (std::size_t i = 1; i < needed; ++i) last = last->next.get();
  while (last->next) {
    std::unique_ptr<Chunk> rest = std::move(last->next->next);
    recycle(std::exchange(last->next, std::move(rest)));
    --chunks_;
  }
  last_ = last;
}

void SampleChain::recycle(std::unique_ptr<Chunk> chunk) {
  if (spares_ == kSpareChunks) return;
  chunk->next = std::move(spare_);
  spare_ = std::move(chunk);
  ++spares_;
}

}  // namespace sidetone::audio
