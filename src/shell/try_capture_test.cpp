// The real-time thread's way into an AudioSource.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <future>
#include <sidetone/audio_source.hpp>
#include <thread>

#include "shell/allocation_count_test.hpp"
#include "shell/audio_source.hpp"
#include "shell/audio_source_fixture_test.hpp"
#include "shell/real_time_test.hpp"

namespace sidetone {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

using shell::test::tone;

TEST(TryCapture, TakesTheWholeFrameOrNothing) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 20ms});
  EXPECT_FALSE(source.try_capture_frame(tone(900)));
  EXPECT_EQ(source.try_capture_frame(tone(61)), errc::would_block);
  EXPECT_FALSE(source.try_capture_frame(tone(60)));
  EXPECT_EQ(source.counters().captured, 960);
  EXPECT_EQ(source.counters().queued, 960);
}

TEST(TryCapture, IsRefusedWhileOthersWait) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 20ms});
  auto waiting = source.async_capture_frame(tone(961), asio::use_future);
  EXPECT_EQ(source.try_capture_frame(tone(1)), errc::would_block);
  source.clear_queue();
  EXPECT_FALSE(source.try_capture_frame(tone(1)));
}

TEST(TryCapture, ItsSamplesAreCountedQueuedAndClearedLikeAllOthers) {
  Runtime runtime;
  AudioSource source(runtime);
  EXPECT_FALSE(source.try_capture_frame(tone(480)));
  EXPECT_EQ(source.queued_duration(), 10ms);
  EXPECT_FALSE(source.try_capture_frame(tone(480)));
  EXPECT_EQ(source.clear_queue().discarded, 960);
  EXPECT_FALSE(source.try_capture_frame(tone(480)));
  source.close();
  EXPECT_EQ(source.counters().discarded, 1440);
}

TEST(TryCapture, KeepsItsPlaceAmongOtherCaptures) {
  Runtime runtime;
  AudioSource source(runtime);
  for (std::int16_t value = 1; value <= 6; ++value) {
    AudioFrame frame(std::vector<std::int16_t>(160, value), 48000, 1, 160);
    if (value % 2 == 0)
      source.capture_frame(frame);
    else
      ASSERT_FALSE(source.try_capture_frame(frame));
  }
  auto start = shell::now();
  source.impl()->set_sink(true, start);
  send::PcmPacket packet;
  ASSERT_TRUE(source.impl()->take(start + 2ms, packet));
  for (std::size_t i = 0; i < 960; ++i) ASSERT_EQ(packet.samples[i], 1 + i / 160);
}

TEST(TryCapture, AllocatesNothingAndLocksNothing) {
  Runtime runtime;
  AudioSource paced(runtime, {.queue_size = 100ms});
  AudioSource live(runtime, {.queue_size = 0ms, .drain_unpublished = true});
  auto frame = tone(480);
  auto other = tone(480, 24000);
  auto before = shell::test::sins();
  auto news = shell::test::allocations();
  int taken = 0;
  for (int i = 0; i < 30; ++i) taken += paced.try_capture_frame(frame) ? 0 : 1;
  for (int i = 0; i < 10; ++i) taken += live.try_capture_frame(frame) ? 0 : 1;
  auto wrong = paced.try_capture_frame(other);
  EXPECT_EQ(shell::test::allocations(), news);
  EXPECT_EQ(shell::test::sins(), before);
  EXPECT_EQ(taken, 20);
  EXPECT_EQ(wrong, errc::format_mismatch);
}

TEST(TryCapture, WakesThePublicationWhenAPacketMayBeDue) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 0ms});
  auto impl = source.impl();
  std::atomic<int> wakes{0};
  auto settled = [&](int count) {
    auto give_up = shell::now() + 60s;
    while (wakes < count && shell::now() < give_up) std::this_thread::sleep_for(1ms);
    return wakes.load();
  };
  impl->set_sink(true, shell::now());
  impl->set_wake([&] { ++wakes; });
  source.counters();
  wakes = 0;
  EXPECT_FALSE(source.try_capture_frame(tone(960)));
  EXPECT_EQ(settled(1), 1);
  EXPECT_LE(*impl->next_deadline(), shell::now());
}

TEST(TryCapture, SucceedsWhileOthersAreBehindTheLock) {
  Runtime runtime;
  AudioSource source(runtime);
  source.impl()->set_sink(true, shell::now());
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) source.counters();
  });
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += source.try_capture_frame(tone(48)) ? 0 : 1;
  stop = true;
  busy.join();
  EXPECT_EQ(taken, 100);
}

}  // namespace
}  // namespace sidetone
