#include "shell/audio_source.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <sidetone/audio_source.hpp>
#include <thread>

#include "shell/allocation_count_test.hpp"
#include "shell/audio_source_fixture_test.hpp"
#include "shell/real_time_test.hpp"

namespace sidetone {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

using shell::test::error_of;
using shell::test::expect_adds_up;
using shell::test::tone;

TEST(AudioSource, RefusesNumbersOutsideTheRuleInWords) {
  Runtime runtime;
  std::string text;
  EXPECT_EQ(error_of([&] { AudioSource(runtime, {.sample_rate = 7000}); }, &text),
            errc::invalid_argument);
  EXPECT_NE(text.find("7000"), std::string::npos) << text;
  EXPECT_EQ(error_of([&] { AudioSource(runtime, {.num_channels = 3}); }), errc::invalid_argument);
  EXPECT_EQ(error_of([&] { AudioSource(runtime, {.queue_size = -1ms}); }), errc::invalid_argument);
  EXPECT_EQ(error_of([&] { AudioSource(runtime, {.queue_size = 600001ms}); }),
            errc::invalid_argument);
  EXPECT_FALSE(error_of([&] { AudioSource(runtime, {.sample_rate = 11025, .queue_size = 7ms}); }));
}

TEST(AudioSource, AFrameOfAnotherFormatIsRefusedAndNotCounted) {
  Runtime runtime;
  AudioSource source(runtime, {.sample_rate = 24000});
  std::string text;
  EXPECT_EQ(error_of([&] { source.capture_frame(tone(480)); }, &text), errc::format_mismatch);
  EXPECT_NE(text.find("48000 Hz"), std::string::npos) << text;
  EXPECT_EQ(source.try_capture_frame(tone(480, 24000, 2)), errc::format_mismatch);
  EXPECT_EQ(source.async_capture_frame(tone(480), asio::use_future).wait_for(60s),
            std::future_status::ready);
  EXPECT_EQ(source.counters().captured, 0);
}

TEST(AudioSource, CaptureReturnsAtOnceWhileThereIsRoomAndKnowsWhatIsQueued) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 30ms});
  for (int i = 0; i < 3; ++i) source.capture_frame(tone(480));
  EXPECT_EQ(source.queued_duration(), 30ms);
  std::int64_t played = -1;
  EXPECT_EQ(error_of([&] { source.capture_frame(tone(480), {.timeout = 1ms, .played = &played}); }),
            errc::timed_out);
  EXPECT_EQ(played, 0);
  EXPECT_EQ(source.queued_duration(), 30ms);
  auto counters = source.counters();
  EXPECT_EQ(counters.captured, 1920);
  EXPECT_EQ(counters.discarded, 480);
}

TEST(AudioSource, AnEmptyFrameIsANoOpThatCompletes) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 1ms});
  source.capture_frame(AudioFrame::empty(48000, 1));
  source.capture_frame(AudioFrame());
  EXPECT_FALSE(source.try_capture_frame(AudioFrame::empty(48000, 1)));
  EXPECT_EQ(source.counters().captured, 0);
}

TEST(AudioSource, AWaitingCaptureContinuesAsPacketsLeave) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 20ms});
  source.capture_frame(tone(960));
  auto second = source.async_capture_frame(tone(960), asio::use_future);
  auto third = source.async_capture_frame(tone(480), asio::use_future);
  EXPECT_EQ(second.wait_for(0s), std::future_status::timeout);
  auto start = shell::now();
  source.impl()->set_sink(true, start);
  send::PcmPacket packet;
  while (source.impl()->take(start + 2ms, packet)) {
  }
  EXPECT_NO_THROW(second.get());
  EXPECT_EQ(third.wait_for(0s), std::future_status::timeout);
  while (source.impl()->take(start + 22ms, packet)) {
  }
  EXPECT_NO_THROW(third.get());
}

TEST(AudioSource, ClearEndsWaitingCapturesAndReturnsThePosition) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 10ms});
  std::int64_t played = -1;
  auto waiting = source.async_capture_frame(tone(4800), {.played = &played}, asio::use_future);
  auto cleared = source.clear_queue();
  EXPECT_EQ(cleared.played, 0);
  EXPECT_EQ(cleared.discarded, 4800);
  EXPECT_EQ(error_of([&] { waiting.get(); }), errc::cleared);
  EXPECT_EQ(played, 0);
  EXPECT_EQ(source.queued_duration(), 0ns);
  source.capture_frame(tone(480));
}

TEST(AudioSource, CancellationRemovesThatFrameOnly) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 10ms});
  asio::io_context app(1);
  source.capture_frame(tone(480));
  asio::cancellation_signal signal;
  error_code first;
  bool second_done = false;
  source.async_capture_frame(
      tone(960), asio::bind_cancellation_slot(
                     signal.slot(), asio::bind_executor(app, [&](error_code ec) { first = ec; })));
  source.async_capture_frame(tone(240),
                             asio::bind_executor(app, [&](error_code) { second_done = true; }));
  signal.emit(asio::cancellation_type::terminal);
  app.run_one();
  EXPECT_EQ(first, asio::error::operation_aborted);
  EXPECT_FALSE(second_done);
  auto counters = source.counters();
  EXPECT_EQ(counters.queued, 720);
  EXPECT_EQ(counters.discarded, 960);
  source.clear_queue();
  app.run();
  EXPECT_TRUE(second_done);
}

TEST(AudioSource, AnAsyncDeadlineIsKept) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 10ms});
  auto waiting = source.async_capture_frame(tone(960), {.timeout = 20ms}, asio::use_future);
  EXPECT_EQ(error_of([&] { waiting.get(); }), errc::timed_out);
  EXPECT_EQ(source.counters().queued, 0);
}

TEST(AudioSource, WaitForPlayoutEndsWithTheLastSample) {
  Runtime runtime;
  AudioSource source(runtime, {.drain_unpublished = true});
  source.wait_for_playout();
  source.capture_frame(tone(4800));
  auto waiting = source.async_wait_for_playout(asio::use_future);
  EXPECT_EQ(error_of([&] { source.wait_for_playout(1ms); }), errc::timed_out);
  source.wait_for_playout(60s);
  EXPECT_NO_THROW(waiting.get());
  EXPECT_EQ(source.counters().played, 4800);
  EXPECT_EQ(source.queued_duration(), 0ns);
}

TEST(AudioSource, DrainUnpublishedPlaysAtPace) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 40ms, .drain_unpublished = true});
  auto start = shell::now();
  source.capture_frame(tone(9600));  // 200 ms; 160 must have left when it returns
  auto took = shell::now() - start;
  EXPECT_GE(took, 140ms);
}

TEST(AudioSource, CloseWakesEveryoneAndRefusesMore) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 10ms});
  auto capture = source.async_capture_frame(tone(960), asio::use_future);
  auto playout = source.async_wait_for_playout(asio::use_future);
  std::thread blocked(
      [&] { EXPECT_EQ(error_of([&] { source.capture_frame(tone(960)); }), errc::closed); });
  while (source.counters().captured < 1920) std::this_thread::yield();
  source.close();
  source.close();
  blocked.join();
  EXPECT_EQ(error_of([&] { capture.get(); }), errc::closed);
  EXPECT_EQ(error_of([&] { playout.get(); }), errc::closed);
  EXPECT_EQ(error_of([&] { source.capture_frame(tone(1)); }), errc::closed);
  EXPECT_EQ(source.try_capture_frame(tone(1)), errc::closed);
  EXPECT_TRUE(source.closed());
  expect_adds_up(source.counters());
}

TEST(AudioSource, DroppingTheLastHandleAbortsWhatWaits) {
  Runtime runtime;
  std::future<void> waiting;
  {
    AudioSource source(runtime, {.queue_size = 10ms});
    AudioSource copy = source;
    waiting = copy.async_capture_frame(tone(960), asio::use_future);
  }
  EXPECT_EQ(error_of([&] { waiting.get(); }), asio::error::operation_aborted);
}

TEST(AudioSource, TheEndOfTheRuntimeClosesIt) {
  std::optional<Runtime> runtime(std::in_place);
  AudioSource source(*runtime, {.queue_size = 10ms});
  auto waiting = source.async_capture_frame(tone(960), asio::use_future);
  runtime.reset();
  EXPECT_EQ(error_of([&] { waiting.get(); }), errc::closed);
  EXPECT_EQ(error_of([&] { source.capture_frame(tone(1)); }), errc::closed);
  EXPECT_EQ(source.try_capture_frame(tone(1)), errc::closed);
  auto late = source.async_capture_frame(tone(1), asio::use_future);
  EXPECT_EQ(error_of([&] { late.get(); }), errc::closed);
}

TEST(AudioSource, BlockingOnTheMediaThreadIsRefused) {
  Runtime runtime;
  AudioSource source(runtime);
  std::promise<error_code> result;
  asio::post(runtime.executor(),
             [&] { result.set_value(error_of([&] { source.capture_frame(tone(480)); })); });
  EXPECT_EQ(result.get_future().get(), errc::would_deadlock);
  EXPECT_EQ(source.counters().captured, 0);
}

TEST(AudioSource, LiveFramesOver120MillisecondsAreRefusedInWords) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 0ms});
  std::string text;
  EXPECT_EQ(error_of([&] { source.capture_frame(tone(5761)); }, &text), errc::invalid_argument);
  EXPECT_NE(text.find("queue_size"), std::string::npos) << text;
  EXPECT_EQ(source.try_capture_frame(tone(5761)), errc::invalid_argument);
  source.capture_frame(tone(5760));
}

TEST(AudioSource, APushOfWhatIsDueSoonerWakesThePublication) {
  Runtime runtime;
  AudioSource source(runtime);
  auto impl = source.impl();
  std::promise<void> woken;
  std::atomic<int> wakes{0};
  impl->set_wake([&] {
    if (++wakes == 1) woken.set_value();
  });
  impl->set_muted(true, shell::now());
  impl->set_sink(true, shell::now());
  EXPECT_TRUE(impl->next_deadline());
  source.capture_frame(tone(960));
  EXPECT_EQ(woken.get_future().wait_for(60s), std::future_status::ready);
  impl->set_wake({});
  // Without a publication nobody takes packets: it holds again.
  source.capture_frame(tone(960));
  EXPECT_FALSE(impl->next_deadline());
}

TEST(AudioSource, CaptureIsFreeOfAllocationsOnceWarm) {
  Runtime runtime;
  AudioSource source(runtime, {.queue_size = 100ms});
  auto impl = source.impl();
  auto at = shell::now();
  impl->set_sink(true, at);
  auto frame = tone(960);
  send::PcmPacket packet;
  long before = 0;
  for (int i = 0; i < 400; ++i) {
    if (i == 100) before = shell::test::sins().allocations;
    source.capture_frame(frame);
    at += 20ms;
    while (impl->take(at, packet)) {
    }
  }
  EXPECT_EQ(shell::test::sins().allocations, before);
}

}  // namespace
}  // namespace sidetone
