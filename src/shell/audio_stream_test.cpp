#include "shell/audio_stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "core/codec/opus_encoder.hpp"
#include "core/codec/tone_test.hpp"
#include "core/rtp/packet.hpp"
#include "shell/allocation_count_test.hpp"

namespace sidetone::shell {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A stream whose packets the test makes, on a strand of a Runtime's media thread or, for exact
// times, of an io_context that nobody runs but the test.
class Feed {
 public:
  Feed(const std::shared_ptr<Loop>& loop, const Strand& strand, AudioStreamOptions options)
      : core_(StreamCore::create(loop, strand, options)),
        strand_(strand),
        stream(core_),
        encoder_(codec::OpusEncoder::create({.dtx = false}).value()) {}

  StreamCore& core() { return *core_; }

  const std::shared_ptr<StreamCore>& shared() { return core_; }

  // The i-th 20 ms packet of a tone.
  rtp::ReceivedPacket packet(int i, base::Instant arrival) {
    rtp::ReceivedPacket result;
    result.ssrc = 5;
    result.sequence = i;
    result.rtp_time = i * 960;
    result.payload_type = 111;
    result.arrival = arrival;
    auto size = encoder_->encode(codec::test_tone(48000, 1, 960, std::size_t{960} * i),
                                 result.payload.storage());
    result.payload.resize(size.value());
    return result;
  }

  // From any thread.
  void send(int first, int last) {
    for (int i = first; i <= last; ++i)
      boost::asio::post(
          strand_, [core = core_, packet = packet(i, now())] { core->on_packet(packet, now()); });
  }

  void end(media::EndReason reason = media::EndReason::unpublished) {
    boost::asio::post(strand_, [core = core_, reason] { core->end(reason, now()); });
  }

 private:
  std::shared_ptr<StreamCore> core_;
  Strand strand_;

 public:
  AudioStream stream;

 private:
  std::unique_ptr<codec::OpusEncoder> encoder_;
};

class AudioStreamTest : public testing::Test {
 protected:
  Feed feed(AudioStreamOptions options = {}) {
    return Feed(runtime.loop(), runtime.loop()->make_strand(), options);
  }

  static AudioStreamOptions immediate(std::size_t capacity = 0,
                                      Overflow overflow = Overflow::drop_oldest) {
    AudioStreamOptions options;
    options.delivery = Delivery::immediate;
    options.capacity = capacity;
    options.overflow = overflow;
    return options;
  }

  // Waits, by reading the statistics, until so many frames went in or were dropped.
  static void wait_for_frames(const AudioStream& stream, std::uint64_t count) {
    auto deadline = now() + seconds(10);
    while (stream.stats().frames_delivered + stream.stats().frames_dropped < count) {
      ASSERT_LT(now(), deadline);
      std::this_thread::yield();
    }
  }

  Runtime runtime;
};

TEST_F(AudioStreamTest, ReadsFramesOfExactlyTheAskedShape) {
  auto options = immediate();
  options.sample_rate = 22050;
  options.num_channels = 2;
  auto source = feed(options);
  source.send(0, 49);
  std::size_t total = 0;
  for (int i = 0; i < 99; ++i) {
    auto event = source.stream.read(seconds(5));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->frame.sample_rate(), 22050U);
    EXPECT_EQ(event->frame.num_channels(), 2U);
    total += event->frame.samples_per_channel();
    EXPECT_EQ(total, (i + 1) * 22050U / 100);
    EXPECT_TRUE(contains(event->provenance, Provenance::normal));
    EXPECT_TRUE(event->received_at);
  }
}

TEST_F(AudioStreamTest, EveryReaderIsToldTheEndAfterTheBacklog) {
  auto source = feed(immediate());
  source.stream.try_read();
  source.send(0, 9);
  source.end();
  std::vector<std::thread> readers;
  std::atomic<int> frames = 0;
  std::atomic<int> ends = 0;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      while (source.stream.read(seconds(10))) ++frames;
      ++ends;
    });
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(frames, 20);
  EXPECT_EQ(ends, 4);
  EXPECT_EQ(source.stream.read(), std::nullopt);
  EXPECT_EQ(source.stream.try_read().error(), errc::ended);
  auto late = source.stream.async_read(boost::asio::use_future);
  EXPECT_THROW(late.get(), boost::system::system_error);
}

TEST_F(AudioStreamTest, APacedStreamIsContinuousBeforeTheFirstPacket) {
  auto source = feed();
  for (int i = 0; i < 5; ++i) {
    auto event = source.stream.read(seconds(5));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->provenance, Provenance::silence);
    EXPECT_EQ(event->frame.samples_per_channel(), 480U);
  }
}

TEST_F(AudioStreamTest, NothingIsDecodedUntilSomebodyReads) {
  auto source = feed(immediate());
  source.send(0, 149);
  auto deadline = now() + seconds(10);
  while (source.stream.stats().packets_received < 150) {
    ASSERT_LT(now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_EQ(source.stream.stats().frames_delivered, 0U);
  auto event = source.stream.read(seconds(5));
  ASSERT_TRUE(event);
  EXPECT_GT(event->rtp_time, 40 * 960) << "the last two seconds only";
  EXPECT_GT(source.stream.stats().frames_delivered, 100U);
}

TEST_F(AudioStreamTest, DropOldestKeepsTheNewestAndTellsHowManyAreGone) {
  auto source = feed(immediate(10));
  source.stream.try_read();
  source.send(0, 49);
  wait_for_frames(source.stream, 100 + 90);  // all are in, and nine of ten are out again
  std::vector<std::int64_t> times;
  std::uint64_t dropped = 0;
  source.end();
  while (auto event = source.stream.read(seconds(5))) {
    times.push_back(event->rtp_time);
    dropped += event->dropped_before;
  }
  ASSERT_EQ(times.size(), 10U);
  EXPECT_EQ(times.back(), 99 * 480) << "the newest is kept";
  EXPECT_EQ(dropped, 100 - times.size());
  EXPECT_EQ(times.front(), static_cast<std::int64_t>(dropped) * 480);
  EXPECT_EQ(source.stream.stats().frames_dropped, dropped);
}

TEST_F(AudioStreamTest, DropNewestKeepsWhatIsQueuedContiguous) {
  auto source = feed(immediate(10, Overflow::drop_newest));
  source.stream.try_read();
  source.send(0, 19);
  wait_for_frames(source.stream, 40);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(source.stream.read(seconds(5))->rtp_time, i * 480);
  source.send(20, 20);
  source.end();
  for (int i = 5; i < 10; ++i) EXPECT_EQ(source.stream.read(seconds(5))->rtp_time, i * 480);
  auto after = source.stream.read(seconds(5));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->rtp_time, 40 * 480);
  EXPECT_EQ(after->dropped_before, 30U);
}

TEST_F(AudioStreamTest, FailEndsTheStreamWithOverflowAfterItsBacklog) {
  auto source = feed(immediate(10, Overflow::fail));
  source.stream.try_read();
  source.send(0, 19);
  wait_for_frames(source.stream, 11);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(source.stream.read(seconds(5))) << i;
  try {
    source.stream.read(seconds(5));
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::overflow);
  }
}

TEST_F(AudioStreamTest, ADeepQueueKeepsEverythingInOrder) {
  auto source = feed(immediate(1000));
  source.stream.try_read();
  source.send(0, 299);
  wait_for_frames(source.stream, 600);
  source.end();
  for (int i = 0; i < 600; ++i) {
    auto event = source.stream.read(seconds(5));
    ASSERT_TRUE(event) << i;
    ASSERT_EQ(event->rtp_time, i * 480);
    ASSERT_EQ(event->dropped_before, 0U);
  }
  EXPECT_FALSE(source.stream.read(seconds(5)));
}

TEST_F(AudioStreamTest, ReadHasADeadline) {
  auto source = feed(immediate());
  try {
    source.stream.read(milliseconds(20));
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::timed_out);
  }
  source.send(0, 0);
  EXPECT_TRUE(source.stream.read(seconds(5))) << "a timed-out read takes no frame with it";
}

TEST_F(AudioStreamTest, ReadIsRefusedOnTheMediaThread) {
  auto source = feed();
  std::promise<error_code> result;
  boost::asio::post(runtime.executor(), [&] {
    try {
      source.stream.read();
      result.set_value({});
    } catch (const boost::system::system_error& error) {
      result.set_value(error.code());
    }
  });
  EXPECT_EQ(result.get_future().get(), errc::would_deadlock);
}

TEST_F(AudioStreamTest, CancellationReachesOneReadOnly) {
  auto source = feed(immediate());
  boost::asio::io_context app;
  boost::asio::cancellation_signal signal;
  std::vector<error_code> results;
  auto note = [&](error_code ec, const AudioFrameEvent&) { results.push_back(ec); };
  source.stream.async_read(
      boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::bind_executor(app, note)));
  source.stream.async_read(boost::asio::bind_executor(app, note));
  signal.emit(boost::asio::cancellation_type::all);
  app.run_one();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0], boost::asio::error::operation_aborted);
  source.send(0, 0);
  app.run();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_FALSE(results[1]);
}

TEST_F(AudioStreamTest, CloseWakesReadersAndLeavesTheBacklog) {
  auto source = feed(immediate());
  auto waiting = source.stream.async_read(boost::asio::use_future);
  source.stream.close();
  source.stream.close();
  EXPECT_TRUE(source.stream.closed());
  try {
    waiting.get();
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), boost::asio::error::eof);
  }

  auto other = feed(immediate());
  other.stream.try_read();
  other.send(0, 1);
  wait_for_frames(other.stream, 4);
  auto dropped = feed(immediate());
  dropped.stream.try_read();
  dropped.send(0, 1);
  wait_for_frames(dropped.stream, 4);
  other.stream.close();
  dropped.stream.close(true);
  int frames = 0;
  while (other.stream.read(seconds(5))) ++frames;
  EXPECT_EQ(frames, 4);
  EXPECT_EQ(dropped.stream.read(seconds(5)), std::nullopt);
}

TEST_F(AudioStreamTest, TheOwnerHearsOfTheCloseOnce) {
  auto source = feed();
  std::promise<void> heard;
  int calls = 0;
  boost::asio::post(runtime.executor(), [&] {
    source.core().on_closed([&] {
      if (++calls == 1) heard.set_value();
    });
  });
  source.stream.close();
  source.stream.close();
  EXPECT_EQ(heard.get_future().wait_for(seconds(5)), std::future_status::ready);
  EXPECT_EQ(calls, 1);
}

TEST_F(AudioStreamTest, DroppingTheLastHandleAbortsPendingReads) {
  auto source = std::make_unique<Feed>(feed(immediate()));
  auto waiting = source->stream.async_read(boost::asio::use_future);
  auto copy = std::make_unique<AudioStream>(source->stream);
  source.reset();
  EXPECT_EQ(waiting.wait_for(milliseconds(20)), std::future_status::timeout);
  copy.reset();
  try {
    waiting.get();
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), boost::asio::error::operation_aborted);
  }
}

TEST_F(AudioStreamTest, TheEndOfTheRuntimeClosesTheStream) {
  auto source = feed(immediate());
  auto waiting = source.stream.async_read(boost::asio::use_future);
  runtime.stop();
  try {
    waiting.get();
    FAIL();
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::closed);
  }
  EXPECT_EQ(source.stream.try_read().error(), errc::closed);
  EXPECT_THROW(source.stream.read(seconds(1)), boost::system::system_error);
  EXPECT_EQ(StreamCore::create(runtime.loop(), runtime.executor(), {})->try_read().error(),
            errc::closed);
}

TEST_F(AudioStreamTest, BadOptionsAreRefusedInWords) {
  auto refusal = [&](auto change) -> std::string {
    AudioStreamOptions options;
    change(options);
    try {
      feed(options);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), errc::invalid_argument);
      return error.what();
    }
    return {};
  };
  EXPECT_NE(refusal([](auto& o) { o.sample_rate = 7999; }).find("7999"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.num_channels = 0; }).find("num_channels 0"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.frame_duration = milliseconds(121); }).find("2.5 to 120"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.capacity = 1 << 20; }).find("capacity"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.max_delay = milliseconds(-1); }).find("max_delay"),
            std::string::npos);
  EXPECT_EQ(refusal([](auto& o) { o = AudioStreamOptions::interactive(); }), "");
  EXPECT_EQ(refusal([](auto& o) { o = AudioStreamOptions::transcribe(); }), "");
}

// The io_context is run by nobody: the test calls the core with times of its own.
TEST(StreamCore, SteadyReadingAllocatesNothing) {
  boost::asio::io_context host;
  Runtime runtime(host.get_executor());
  Feed source(runtime.loop(), host.get_executor(), {});
  std::vector<rtp::ReceivedPacket> packets;
  auto start = now();
  for (int i = 0; i < 400; ++i) packets.push_back(source.packet(i, start + milliseconds(20 * i)));
  source.stream.try_read();
  long reading = 0;
  long driving = 0;
  int frames = 0;
  for (int i = 0; i < 800; ++i) {
    auto at = start + milliseconds(10 * i) + std::chrono::microseconds(300);
    auto before = test::allocations();
    if (i % 2 == 0) source.core().on_packet(packets[i / 2], packets[i / 2].arrival);
    source.core().on_deadline(at);
    auto driven = test::allocations();
    while (source.stream.try_read()) ++frames;
    auto after = test::allocations();
    if (i < 200) continue;  // warm
    driving += driven - before;
    reading += after - driven;
  }
  EXPECT_EQ(reading, 0);
  EXPECT_EQ(driving, 0);
  EXPECT_NEAR(frames, 800, 5);
}

}  // namespace
}  // namespace sidetone::shell
