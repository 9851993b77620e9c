#include "core/send/pacer.hpp"

#include <algorithm>
#include <limits>

namespace sidetone::send {
namespace {

constexpr base::Duration kDefaultPacket = std::chrono::milliseconds(20);
// Live audio that nobody takes: older packets are dropped beyond this.
constexpr base::Duration kLiveBacklog = std::chrono::seconds(1);

}  // namespace

Pacer::Pacer(const PacerOptions& options)
    : options_(options),
      queue_(options.format.channels, 0),
      sizes_(options.format.sample_rate, kDefaultPacket),
      clock_(kDefaultPacket),
      gate_(options.format),
      held_(!options.drain_unpublished) {
  fit_queue();
}

// ---- the producer's side

void Pacer::push(OpId id,
                 std::span<const std::int16_t> samples,
                 base::Instant now,
                 Completions& out) {
  advance(now, false, out);
  auto count = static_cast<std::int64_t>(samples.size()) / options_.format.channels;
  auto refuse = [&](Outcome outcome) {
    if (id != 0) out.push({id, outcome, 0});
  };
  if (closed_) {
    if (id == 0) {
      counters_.captured += count;
      counters_.discarded += count;
    }
    return refuse(Outcome::closed);
  }
  if (count == 0) return refuse(Outcome::done);
  if (count > longest_push()) return refuse(Outcome::too_long);
  capture(id, samples.first(static_cast<std::size_t>(count) * options_.format.channels), out);
}

bool Pacer::try_push(std::span<const std::int16_t> samples, base::Instant now, Completions& out) {
  advance(now, false, out);
  auto count = static_cast<std::int64_t>(samples.size()) / options_.format.channels;
  if (closed_ || count > room()) return false;
  if (count > 0)
    capture(0, samples.first(static_cast<std::size_t>(count) * options_.format.channels), out);
  return true;
}

void Pacer::capture(OpId id, std::span<const std::int16_t> samples, Completions& out) {
  auto count = static_cast<std::int64_t>(samples.size()) / options_.format.channels;
  counters_.captured += count;
  if (live() && held_) {
    // Kept, it would be stale when the sink comes.
    counters_.discarded += count;
    if (id != 0) out.push({id, Outcome::done, 0});
    return;
  }
  last_push_ = now_;
  if (queue_.push(id, samples) && id != 0) out.push({id, Outcome::done, 0});
  push_times_.add(queue_.tail(), now_);
  try_start(now_);
  if (live()) {
    auto backlog = audio::samples_in(kLiveBacklog, options_.format.sample_rate);
    while (queue_.size() > backlog && head_complete()) drop_packet();
    settle(out);
  }
}

bool Pacer::cancel(OpId id, base::Instant now, Completions& out) {
  advance(now, false, out);
  if (id == 0) return false;
  if (playout_waiters_.remove_if([id](OpId waiter) { return waiter == id; })) {
    out.push({id, Outcome::cancelled, 0});
    return true;
  }
  auto push = queue_.cancel(id);
  if (!push) return false;
  auto begin = std::max(push->begin, queue_.head());
  counters_.discarded += push->end - begin;
  push_times_.erase_range(begin, push->end);
  utterance_ends_.erase_range(begin, push->end);
  while (utterance_ends_.reached(queue_.head())) {
  }
  playout_waiters_.erase_range(begin, push->end);
  out.push({id, Outcome::cancelled, push->taken(queue_.head())});
  settle(out);
  return true;
}

Cleared Pacer::clear(base::Instant now, Completions& out) {
  advance(now, false, out);
  auto discarded = discard_all(Outcome::cleared, out);
  settle(out);
  // Zeros follow in the next slot, and new audio in the one after its completion: as after a tail.
  if (state_ == State::talking) pause(now_);
  return {counters_.played, discarded};
}

void Pacer::flush(base::Instant now, Completions& out) {
  advance(now, false, out);
  if (closed_) return;
  if (queue_.size() > 0) {
    if (utterance_ends_.empty() || utterance_ends_.back().position < queue_.tail())
      utterance_ends_.push(queue_.tail(), now_);
    try_start(now_);
  } else if (state_ == State::talking) {
    pause(now_);
  }
}

void Pacer::wait_playout(OpId id, base::Instant now, Completions& out) {
  advance(now, false, out);
  if (closed_)
    out.push({id, Outcome::closed, 0});
  else if (queue_.size() == 0)
    out.push({id, Outcome::done, 0});
  else
    playout_waiters_.push(queue_.tail(), id);
}

void Pacer::close(base::Instant now, Completions& out) {
  advance(now, false, out);
  if (closed_) return;
  closed_ = true;
  while (auto waiter = playout_waiters_.reached(std::numeric_limits<std::int64_t>::max()))
    out.push({*waiter, Outcome::closed, 0});
  discard_all(Outcome::closed, out);
}

// ---- the queue

void Pacer::settle(Completions& out) {
  while (auto push = queue_.admitted())
    if (push->id != 0) out.push({push->id, Outcome::done, push->taken(queue_.head())});
  while (auto waiter = playout_waiters_.reached(queue_.head()))
    out.push({*waiter, Outcome::done, 0});
}

void Pacer::fit_queue() {
  auto capacity =
      audio::samples_in(std::chrono::milliseconds(options_.queue_ms), options_.format.sample_rate);
  // A queue shorter than a packet could never fill one: the packet being put together comes first.
  if (!held_) capacity = std::max(capacity, sizes_.largest());
  // Live audio never waits; its backlog is bounded by dropping.
  if (live()) capacity = std::numeric_limits<std::int64_t>::max() / 2;
  queue_.set_capacity(capacity);
}

std::int64_t Pacer::discard_all(Outcome outcome, Completions& out) {
  auto head = queue_.head();
  auto count = queue_.clear();
  counters_.discarded += count;
  while (auto push = queue_.voided())
    if (push->id != 0) out.push({push->id, outcome, push->taken(head)});
  utterance_ends_.clear();
  push_times_.drop_before(queue_.head());
  return count;
}

void Pacer::drop_packet() {
  auto count = head_samples();
  queue_.drop(count);
  counters_.discarded += count;
  while (utterance_ends_.reached(queue_.head())) {
  }
  push_times_.drop_before(queue_.head());
  sizes_.advance();
  clock_.advance();
  marker_ = true;
}

std::int64_t Pacer::room() const {
  return live() ? longest_push() : queue_.room();
}

Counters Pacer::counters() const {
  Counters counters = counters_;
  counters.queued = queue_.size();
  return counters;
}

}  // namespace sidetone::send
