// Everything an AudioSource can do, by several threads at once. Run it under TSan.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <sidetone/audio_source.hpp>
#include <thread>

#include "shell/audio_source.hpp"
#include "shell/audio_source_fixture_test.hpp"

namespace sidetone {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

using shell::test::error_of;
using shell::test::expect_adds_up;
using shell::test::tone;

class Crowd {
 public:
  explicit Crowd(const AudioSourceOptions& options) : source_(runtime_, options) {
    source_.impl()->set_sink(true, shell::now());
  }

  void live(std::chrono::milliseconds how_long) {
    std::vector<std::thread> threads;
    threads.emplace_back([this] { loop([&](auto) { block(); }); });
    threads.emplace_back([this] { loop([&](auto dice) { start(dice); }); });
    threads.emplace_back([this] { loop([&](auto dice) { try_capture(dice); }); });
    threads.emplace_back([this] { loop([&](auto dice) { disturb(dice); }); });
    threads.emplace_back([this] { loop([&](auto) { take(); }); });
    auto end = shell::now() + how_long;
    while (shell::now() < end) {
      expect_adds_up(source_.counters());
      std::this_thread::yield();
    }
    stop_ = true;
    source_.close();
    for (auto& thread : threads) thread.join();
    expect_adds_up(source_.counters());
    EXPECT_EQ(source_.counters().queued, 0);
  }

 private:
  template <class Act>
  void loop(Act act) {
    base::Instant begun = shell::now();
    std::uint64_t state = static_cast<std::uint64_t>(begun.time_since_epoch().count());
    while (!stop_) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      act(state >> 40);
      std::this_thread::yield();
    }
  }

  void block() {
    auto error = error_of([&] { source_.capture_frame(tone(480), {.timeout = 3ms}); });
    EXPECT_TRUE(!error || error == errc::timed_out || error == errc::cleared ||
                error == errc::closed)
        << error.message();
  }

  void start(std::uint64_t dice) {
    asio::io_context app(1);
    asio::cancellation_signal signal;
    int ended = 0;
    source_.async_capture_frame(
        tone(700), asio::bind_cancellation_slot(
                       signal.slot(), asio::bind_executor(app, [&](error_code) { ++ended; })));
    if (dice % 2 == 0) signal.emit(asio::cancellation_type::all);
    source_.clear_queue();
    app.run();
    EXPECT_EQ(ended, 1);
  }

  void try_capture(std::uint64_t dice) {
    auto error = source_.try_capture_frame(tone(1 + static_cast<std::uint32_t>(dice % 300)));
    EXPECT_TRUE(!error || error == errc::would_block || error == errc::closed);
  }

  void disturb(std::uint64_t dice) {
    switch (dice % 5) {
      case 0: source_.clear_queue(); break;
      case 1: source_.flush(); break;
      case 2: source_.impl()->set_muted(dice % 2 == 0, shell::now()); break;
      case 3: EXPECT_GE(source_.queued_duration(), 0ns); break;
      default: error_of([&] { source_.wait_for_playout(1ms); });
    }
  }

  void take() {
    // Faster than real time, so that everything moves.
    at_ = std::max(at_ + 5ms, shell::now());
    while (source_.impl()->take(at_, packet_)) {
    }
    source_.impl()->next_deadline();
  }

  Runtime runtime_;
  AudioSource source_;
  std::atomic<bool> stop_{false};
  base::Instant at_{};
  send::PcmPacket packet_;
};

TEST(AudioSource, ManyThreadsKeepTheCountersAndTheSourceAlive) {
  for (auto queue : {40ms, 0ms, 1000ms}) Crowd({.queue_size = queue}).live(300ms);
}

}  // namespace
}  // namespace sidetone
