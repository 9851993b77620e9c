// For tests: a call on virtual time around a buffer.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/jitter/buffer.hpp"
#include "core/jitter/fake_decoder_test.hpp"

namespace sidetone::jitter {

struct Delivered {
  base::Instant at;
  Block block;
  int value = 0;       // of the packet its first sample came from; 0 = silence
  bool guess = false;  // concealment, possibly fading
  std::size_t samples = 0;
};

template <class B>
class FakeCall {
 public:
  static constexpr base::Instant kStart{std::chrono::seconds(100)};

  explicit FakeCall(const Options& options = {}, bool reading = true) : buffer(decoder, options) {
    if (reading) buffer.set_reading(true, kStart);
  }

  // Packet i of a stream of 20 ms packets: value i + 1, sent at 20 i ms, arriving `delay` later.
  void packet(int i, base::Duration delay = {}, int flags = 0) {
    packet_at(kStart + std::chrono::milliseconds(20 * i) + delay, i,
              first_time + std::int64_t{i} * 960, fake_payload(i % 16000 + 1, flags));
  }

  void packet_at(base::Instant arrival,
                 std::int64_t sequence,
                 std::int64_t rtp_time,
                 std::vector<std::byte> payload) {
    arrivals_.push_back({arrival, first_sequence + sequence, rtp_time, std::move(payload), ssrc});
  }

  // Delivers what arrives and ticks until then.
  void run_until(base::Instant end) {
    std::stable_sort(arrivals_.begin(), arrivals_.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    std::size_t used = 0;
    while (true) {
      auto tick = buffer.next_deadline();
      auto arrival = used < arrivals_.size() ? base::Deadline(arrivals_[used].at) : std::nullopt;
      auto next = base::earliest(tick, arrival);
      if (!next || *next > end) break;
      now = std::max(now, *next);
      if (arrival && arrival == next)
        insert(arrivals_[used++]);
      else
        pull();
    }
    arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(used));
    now = end;
  }

  void run_for_ms(int ms) { run_until(now + std::chrono::milliseconds(ms)); }

  // The values of real audio in the order they were delivered, each run once.
  std::vector<int> heard() const {
    std::vector<int> values;
    for (const auto& block : delivered)
      if (block.value > 0 && (values.empty() || values.back() != block.value))
        values.push_back(block.value);
    return values;
  }

  base::Duration worst_delay(std::size_t from) const {
    base::Duration worst{};
    for (auto i = from; i < delivered.size(); ++i)
      worst = std::max(worst, delivered[i].block.delay);
    return worst;
  }

  FakeDecoder decoder;
  B buffer;
  std::vector<Delivered> delivered;
  base::Instant now = kStart;
  std::int64_t first_time = 1000;
  std::int64_t first_sequence = 0;
  std::uint32_t ssrc = 7;

 private:
  struct Arrival {
    base::Instant at;
    std::int64_t sequence;
    std::int64_t rtp_time;
    std::vector<std::byte> payload;
    std::uint32_t ssrc;
  };

  void insert(const Arrival& arrival) {
    buffer.insert({.ssrc = arrival.ssrc,
                   .sequence = arrival.sequence,
                   .rtp_time = arrival.rtp_time,
                   .arrival = arrival.at,
                   .payload = arrival.payload},
                  now);
  }

  void pull() {
    Block block;
    while (buffer.pull(now, block)) {
      Delivered entry{now, block};
      auto first = block.samples.empty() ? 0.0F : block.samples[0];
      entry.value = first > 0 ? static_cast<int>(std::lrint(first * 32768)) : 0;
      entry.guess = first < 0;
      entry.samples = block.samples.size();
      entry.block.samples = {};
      delivered.push_back(entry);
    }
  }

  std::vector<Arrival> arrivals_;
};

}  // namespace sidetone::jitter
