// For tests: a Pacer on virtual time, its packets and completions in the order they came.
#pragma once

#include <map>
#include <numeric>
#include <vector>

#include "core/send/pacer.hpp"

namespace sidetone::send {

using Samples = std::vector<std::int16_t>;

struct Sent {
  base::Duration at{};  // when it was handed out
  PcmPacket packet;

  bool audio() const { return !packet.silence; }
};

class Harness {
 public:
  explicit Harness(const PacerOptions& options) : pacer(options) {}

  static PacerOptions options(std::int64_t queue_ms = 1000, std::uint32_t rate = 48000) {
    PacerOptions options;
    options.format.sample_rate = rate;
    options.queue_ms = queue_ms;
    return options;
  }

  base::Instant now() const { return base::Instant(clock); }

  // Lives until `until`, serving every deadline when it is due.
  void run_to(base::Duration until) {
    while (auto deadline = pacer.next_deadline()) {
      if (*deadline > base::Instant(until)) break;
      clock = std::max(clock, deadline->time_since_epoch());
      serve();
    }
    clock = std::max(clock, until);
  }

  // What the media thread does on waking.
  void serve() {
    PcmPacket packet;
    while (pacer.take(now(), packet, out)) sent.push_back({clock, packet});
    collect();
  }

  // Passes time without serving.
  void oversleep_to(base::Duration until) { clock = until; }

  // The next `count` samples of a signal that is never zero.
  Samples next(std::int64_t count) {
    Samples samples(static_cast<std::size_t>(count) * pacer.options().format.channels);
    for (auto& sample : samples) {
      sample = static_cast<std::int16_t>(1 + signal % 30'000);
      ++signal;
    }
    return samples;
  }

  void push(OpId id, std::int64_t samples) {
    pacer.push(id, next(samples), now(), out);
    collect();
  }

  void push_ms(OpId id, std::int64_t ms) {
    push(id, ms * pacer.options().format.sample_rate / 1000);
  }

  void sink(bool up = true) {
    pacer.set_sink(up, now(), out);
    collect();
  }

  void collect() {
    for (const auto& completion : out) {
      ++completions[completion.id];
      outcomes[completion.id] = completion;
    }
    out.clear();
  }

  bool done(OpId id) const {
    auto at = outcomes.find(id);
    return at != outcomes.end() && at->second.outcome == Outcome::done;
  }

  std::vector<Sent> audio() const {
    std::vector<Sent> only;
    for (const auto& each : sent)
      if (each.audio()) only.push_back(each);
    return only;
  }

  Pacer pacer;
  Completions out;
  base::Duration clock{};
  std::int64_t signal = 0;
  std::vector<Sent> sent;
  std::map<OpId, Completion> outcomes;
  std::map<OpId, int> completions;
};

}  // namespace sidetone::send
