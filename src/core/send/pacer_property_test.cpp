// What holds whatever is called in whatever order. audio.md §6.4.
#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/send/pacer_harness.hpp"

namespace sidetone::send {
namespace {

using namespace std::chrono_literals;
using base::SeededRandom;

class RandomLife {
 public:
  explicit RandomLife(std::uint64_t seed)
      : random_(seed), bench_(random_options()), capacity_(bench_.pacer.options().queue_ms) {}

  void live(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      act(random_.next() % 100);
      bench_.collect();
      check();
    }
    bench_.pacer.clear(bench_.now(), bench_.out);
    bench_.collect();
    for (OpId id = 1; id < next_id_; ++id)
      ASSERT_EQ(bench_.completions[id], 1) << "operation " << id;
    prove_alive();
  }

 private:
  PacerOptions random_options() {
    static constexpr std::uint32_t kRates[]{8000, 11025, 22050, 44100, 48000};
    static constexpr std::int64_t kQueues[]{0, 1, 15, 40, 200, 1000};
    auto options = Harness::options(kQueues[random_.next() % 6], kRates[random_.next() % 5]);
    options.format.channels = 1 + static_cast<std::uint32_t>(random_.next() % 2);
    options.drain_unpublished = random_.next() % 4 == 0;
    if (random_.next() % 4 == 0) options.preroll_ms = 50;
    return options;
  }

  std::int64_t some_samples() {
    auto ms = static_cast<std::int64_t>(random_.next() % 120);
    return ms * bench_.pacer.options().format.sample_rate / 1000 +
           static_cast<std::int64_t>(random_.next() % 8);
  }

  void act(std::uint64_t dice) {
    auto& pacer = bench_.pacer;
    auto now = bench_.now();
    if (dice < 25) {
      bench_.push(next_id_++, some_samples());
    } else if (dice < 35) {
      try_push();
    } else if (dice < 65) {
      bench_.run_to(bench_.clock + std::chrono::microseconds(random_.next() % 30'000));
    } else if (dice < 70) {
      bench_.oversleep_to(bench_.clock + std::chrono::microseconds(random_.next() % 300'000));
      if (dice < 68) bench_.serve();
    } else if (dice < 78) {
      pacer.cancel(random_.next() % next_id_, now, bench_.out);
    } else if (dice < 80) {
      auto before = pacer.counters();
      auto cleared = pacer.clear(now, bench_.out);
      ASSERT_EQ(cleared.played, pacer.counters().played);
      ASSERT_LE(cleared.discarded, before.queued);
      ASSERT_EQ(pacer.counters().queued, 0);
    } else if (dice < 84) {
      pacer.flush(now, bench_.out);
    } else if (dice < 89) {
      pacer.wait_playout(next_id_++, now, bench_.out);
    } else if (dice < 93) {
      pacer.set_muted(dice % 2 == 0, now, bench_.out);
    } else if (dice < 97) {
      pacer.set_sink(dice % 4 != 0, now, bench_.out);
    } else if (dice < 98) {
      pacer.on_subscribed(now, bench_.out);
    } else {
      SinkOptions options;
      options.packet = dice == 98 ? 10ms : 20ms;
      if (random_.next() % 2 == 0) options.hold_until_subscribed = 100ms;
      pacer.configure(options, now, bench_.out);
    }
  }

  void try_push() {
    auto samples = bench_.next(some_samples());
    auto before = bench_.pacer.counters().captured;
    bool taken = bench_.pacer.try_push(samples, bench_.now(), bench_.out);
    auto count = static_cast<std::int64_t>(samples.size()) / bench_.pacer.options().format.channels;
    ASSERT_EQ(bench_.pacer.counters().captured, before + (taken ? count : 0));
  }

  void check() {
    auto counters = bench_.pacer.counters();
    ASSERT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
    ASSERT_GE(counters.queued, 0);
    ASSERT_LE(counters.muted, counters.played);
    ASSERT_GE(counters.played, last_.played);
    ASSERT_GE(counters.discarded, last_.discarded);
    ASSERT_GE(counters.silence, last_.silence);
    last_ = counters;
    check_packets();
  }

  void check_packets() {
    for (; checked_ < bench_.sent.size(); ++checked_) {
      const auto& packet = bench_.sent[checked_].packet;
      auto step = packet.length.count() * 48 / 1'000'000;
      ASSERT_GE(packet.rtp_time, next_rtp_) << "packet " << checked_;
      ASSERT_EQ((packet.rtp_time - next_rtp_) % 480, 0);
      next_rtp_ = packet.rtp_time + step;
      ASSERT_EQ(packet.samples.size() % bench_.pacer.options().format.channels, 0U);
    }
  }

  void prove_alive() {
    auto& pacer = bench_.pacer;
    pacer.configure({}, bench_.now(), bench_.out);
    pacer.set_sink(false, bench_.now(), bench_.out);
    pacer.set_sink(true, bench_.now(), bench_.out);
    pacer.set_muted(false, bench_.now(), bench_.out);
    auto played = pacer.counters().played;
    auto captured = pacer.counters().captured;
    bench_.push_ms(next_id_, 100);
    pacer.flush(bench_.now(), bench_.out);
    pacer.wait_playout(next_id_ + 1, bench_.now(), bench_.out);
    bench_.run_to(bench_.clock + 1s);
    ASSERT_TRUE(bench_.done(next_id_));
    ASSERT_TRUE(bench_.done(next_id_ + 1));
    ASSERT_EQ(pacer.counters().played - played, pacer.counters().captured - captured);
  }

  SeededRandom random_;
  Harness bench_;
  std::int64_t capacity_;
  OpId next_id_ = 1;
  Counters last_;
  std::size_t checked_ = 0;
  std::int64_t next_rtp_ = 0;
};

TEST(PacerProperty, AnyInterleavingKeepsTheCountersTheCompletionsAndTheSourceAlive) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLife(seed).live(300);
    if (HasFatalFailure()) return;
  }
}

// Everything pushed comes out, in order, whole, with zeros only at the end of utterances.
TEST(PacerProperty, WhatIsPushedIsWhatLeaves) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SeededRandom random(seed);
    Harness bench(Harness::options(static_cast<std::int64_t>(random.next() % 300), 22050));
    bool live = bench.pacer.live();
    bench.sink();
    for (OpId id = 1; id < 100; ++id) {
      bench.push(id, static_cast<std::int64_t>(random.next() % 2000));
      bench.run_to(bench.clock + std::chrono::milliseconds(random.next() % 150));
    }
    bench.run_to(bench.clock + 30s);
    Samples heard;
    for (const auto& each : bench.audio())
      for (auto sample : each.packet.samples)
        if (sample != 0) heard.push_back(sample);
    auto count = bench.signal;
    bench.signal = 0;
    ASSERT_EQ(heard, bench.next(count)) << "seed " << seed << (live ? " live" : "");
    ASSERT_EQ(bench.pacer.counters().discarded, 0);
  }
}

std::vector<Sent> packets_of_chunks(std::uint32_t rate, std::uint64_t seed) {
  SeededRandom random(seed);
  Harness bench(Harness::options(5000, rate));
  std::int64_t left = 4 * rate;
  while (left > 0) {
    auto chunk = std::min<std::int64_t>(left, 1 + static_cast<std::int64_t>(random.next() % 3000));
    bench.push(1, chunk);
    left -= chunk;
  }
  bench.sink();
  bench.run_to(5s);
  return bench.sent;
}

TEST(PacerProperty, AnyChunkingOfTheSameAudioGivesIdenticalPackets) {
  for (std::uint32_t rate : {22050U, 11025U, 48000U}) {
    auto reference = packets_of_chunks(rate, 0);
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      auto packets = packets_of_chunks(rate, seed);
      ASSERT_EQ(packets.size(), reference.size());
      for (std::size_t i = 0; i < packets.size(); ++i) {
        ASSERT_EQ(packets[i].at, reference[i].at);
        ASSERT_EQ(packets[i].packet.rtp_time, reference[i].packet.rtp_time);
        ASSERT_EQ(packets[i].packet.samples, reference[i].packet.samples);
      }
    }
  }
}

class Drift : public testing::TestWithParam<std::tuple<std::uint32_t, int>> {};

TEST_P(Drift, IsZeroSamplesInAnHour) {
  auto [rate, packet_ms] = GetParam();
  Harness bench(Harness::options(2000, rate));
  bench.pacer.configure({.packet = std::chrono::milliseconds(packet_ms)}, bench.now(), bench.out);
  bench.sink();
  PcmPacket packet;
  std::int64_t out_samples = 0;
  std::int64_t last_rtp = 0;
  std::size_t least = 1'000'000;
  std::size_t most = 0;
  // One second of audio per second: the queue stays between one and two seconds full.
  bench.push_ms(1, 1000);
  for (int second = 1; second <= 3600; ++second) {
    bench.push_ms(1, 1000);
    while (auto deadline = bench.pacer.next_deadline()) {
      if (*deadline >= base::Instant(std::chrono::seconds(second))) break;
      bench.clock = deadline->time_since_epoch();
      ASSERT_TRUE(bench.pacer.take(bench.now(), packet, bench.out));
      ASSERT_FALSE(packet.silence);
      out_samples += static_cast<std::int64_t>(packet.samples.size());
      last_rtp = packet.rtp_time + packet_ms * 48;
      least = std::min(least, packet.samples.size());
      most = std::max(most, packet.samples.size());
    }
    bench.clock = std::chrono::seconds(second);
    bench.collect();
    ASSERT_EQ(out_samples, std::int64_t{second} * rate);
  }
  EXPECT_EQ(last_rtp, std::int64_t{48000} * 3600);
  EXPECT_EQ(bench.pacer.counters().padded, 0);
  EXPECT_EQ(bench.pacer.counters().queued, rate);
  EXPECT_LE(most - least, 1U);
}

INSTANTIATE_TEST_SUITE_P(Rates,
                         Drift,
                         testing::Combine(testing::Values(11025U, 22050U, 44100U),
                                          testing::Values(10, 20)));

}  // namespace
}  // namespace sidetone::send
