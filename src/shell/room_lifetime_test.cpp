// Who may go first, and on which thread; and that nothing is left behind.
#include <unistd.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "shell/room_fixture_test.hpp"
#include "shell/threads_test.hpp"

namespace sidetone::shell::test {
namespace {

namespace asio = boost::asio;

std::size_t entries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

std::size_t descriptors() {
  return entries("/proc/self/fd");
}

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST(RoomLifetime, CallsAfterTheRuntimesEndAreRefused) {
  auto runtime = std::make_unique<Runtime>();
  RoomServer server(*runtime, serving());
  Room alice(*runtime);
  Room idle(*runtime);
  alice.connect(server.url(), token_for("alice"));
  AudioSource source(*runtime, {});
  const auto voice = alice.local_participant().publish_track("voice", source);
  auto stream = AudioStream::from_participant(alice, "bob", TrackSource::microphone);
  auto pending = alice.async_next_event(asio::use_future);
  (void)pending;
  auto read = stream.async_read(asio::use_future);
  runtime.reset();
  ASSERT_EQ(read.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(thrown([&] { read.get(); }));
  EXPECT_EQ(thrown([&] { idle.connect(server.url(), token_for("bob")); }), errc::closed);
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_track("more", source); }), errc::closed);
  EXPECT_EQ(thrown([&] { alice.local_participant().unpublish_track(voice); }), errc::closed);
  EXPECT_EQ(thrown([&] { alice.local_participant().set_muted(voice, true); }), errc::closed);
  EXPECT_EQ(thrown([&] { alice.local_participant().publish_data({}); }), errc::closed);
  EXPECT_EQ(alice.state(), ConnectionState::disconnected);
  EXPECT_FALSE(idle.next_event());
  EXPECT_FALSE(server.delete_room("room"));
  (void)alice.stats();
  alice.disconnect();
  server.stop();
  auto late = AudioStream::from_participant(alice, "bob", TrackSource::microphone);
  EXPECT_EQ(late.try_read().error(), errc::closed);
}

TEST(RoomLifetime, ARuntimeThatEndsWhileConnectingSaysClosed) {
  Hall hall;
  auto runtime = std::make_unique<Runtime>();
  Room room(*runtime);
  auto connecting = room.async_connect(hall.server.url(), token_for("alice"), {}, asio::use_future);
  runtime.reset();
  ASSERT_EQ(connecting.wait_for(5s), std::future_status::ready);
  const auto code = thrown([&] { connecting.get(); });
  EXPECT_TRUE(!code || code == errc::closed) << code.message();
  EXPECT_TRUE(eventually([&] { return hall.server.stats().participants == 0; }));
}

TEST(RoomLifetime, TheLastHandleMayGoInsideAHandler) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = std::make_unique<Room>(hall.join("bob"));
  auto server = std::make_unique<RoomServer>(hall.runtime, serving());
  std::promise<void> gone;
  bob->on<ParticipantConnected>([&](const ParticipantConnected&) {
    bob.reset();
    server.reset();
    gone.set_value();
  });
  auto carol = hall.join("carol");
  auto done = gone.get_future();
  ASSERT_EQ(done.wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(eventually([&] { return hall.server.stats().participants == 2; }));
  EXPECT_EQ(hall.runtime.counters().handler_exceptions, 0U);
}

TEST(RoomLifetime, AHandlerThatHoldsItsRoomDoesNotKeepIt) {
  Hall hall;
  auto probe = std::make_shared<int>(1);
  {
    auto room = hall.join("alice");
    room.on<ParticipantConnected>([room, probe](const ParticipantConnected&) {});
    EXPECT_EQ(probe.use_count(), 2);
    room.disconnect();
  }
  EXPECT_TRUE(eventually([&] { return probe.use_count() == 1; }));
}

TEST(RoomLifetime, NoHandlerStartsAfterDisconnectReturned) {
  Hall hall;
  for (int i = 0; i < 5; ++i) {
    auto room = hall.join("alice");
    std::atomic<bool> over{false};
    std::atomic<bool> late{false};
    room.on<ParticipantConnected>([&](const ParticipantConnected&) {
      if (over) late = true;
    });
    room.on<Disconnected>([&](const Disconnected&) { late = true; });
    auto other = hall.join("bob");
    room.disconnect();
    over = true;
    std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(late);
  }
}

TEST(RoomLifetime, AHandlerThatThrowsIsCountedAndTheNextOneRuns) {
  Hall hall;
  auto alice = hall.join("alice");
  std::promise<void> second;
  alice.on<ParticipantConnected>(
      [](const ParticipantConnected&) { throw std::runtime_error("on purpose"); });
  alice.on<ParticipantConnected>([&](const ParticipantConnected&) { second.set_value(); });
  auto bob = hall.join("bob");
  auto done = second.get_future();
  ASSERT_EQ(done.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(hall.runtime.counters().handler_exceptions, 1U);
}

TEST(RoomLifetime, BlockingOnTheMediaThreadIsRefused) {
  Hall hall;
  auto alice = hall.join("alice");
  AudioSource source(hall.runtime, {});
  std::promise<std::vector<error_code>> told;
  asio::post(hall.runtime.executor(), [&] {
    Room other(hall.runtime);
    told.set_value({thrown([&] { other.connect(hall.server.url(), token_for("bob")); }),
                    thrown([&] { alice.local_participant().publish_track("voice", source); }),
                    thrown([&] { alice.next_event(); }),
                    thrown([&] { alice.local_participant().publish_data({}); }),
                    thrown([&] { hall.server.remove_participant("room", "alice"); })});
    // These promise not to block.
    other.disconnect();
    (void)alice.stats();
    alice.disconnect();
    hall.server.stop();
  });
  auto codes = told.get_future();
  ASSERT_EQ(codes.wait_for(5s), std::future_status::ready);
  for (const auto& code : codes.get()) EXPECT_EQ(code, errc::would_deadlock);
  EXPECT_TRUE(eventually([&] { return alice.state() == ConnectionState::disconnected; }));
}

TEST(RoomLifetime, TwoRuntimesWithTwoMediaThreadsEachCallEachOther) {
  RuntimeOptions two;
  two.media_threads = 2;
  Hall hall(two);
  Runtime other(two);
  auto alice = hall.join("alice");
  Room bob(other);
  bob.connect(hall.server.url(), token_for("bob"));
  Singer high(hall.runtime, 700);
  Singer low(other, 250);
  alice.local_participant().publish_track("high", high.source, steady());
  bob.local_participant().publish_track("low", low.source, steady());
  auto at_bob = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  auto at_alice = AudioStream::from_participant(alice, "bob", TrackSource::microphone);
  EXPECT_PRED2(near, pitch(at_bob), 700);
  EXPECT_PRED2(near, pitch(at_alice), 250);
  EXPECT_GT(alice.stats().audio_packets_sent, 0U);
  EXPECT_GT(bob.stats().audio_packets_received, 0U);
}

TEST(RoomLifetime, TheHostsLoopIsEnough) {
  Hall hall;
  asio::io_context host;
  std::optional<Runtime> runtime(std::in_place, host.get_executor());
  const auto before = threads();
  Room room(*runtime);
  error_code outcome = errc::timed_out;
  bool told = false;
  room.on<Connected>([&](const Connected&) { told = true; });
  room.async_connect(hall.server.url(), token_for("alice"), {}, [&](error_code ec) {
    outcome = ec;
    host.stop();
  });
  host.run_for(10s);
  EXPECT_FALSE(outcome) << outcome.message();
  host.restart();
  host.run_for(50ms);
  EXPECT_TRUE(told);
  EXPECT_EQ(threads(), before);
  EXPECT_EQ(hall.server.stats().participants, 1U);
  runtime.reset();
  host.restart();
  host.run_for(100ms);
  EXPECT_TRUE(eventually([&] { return hall.server.stats().participants == 0; }));
}

TEST(RoomLifetime, TwoThreadsCarryARoomAndFiveSources) {
  const auto before = threads();
  std::string url;
  Runtime far;
  RoomServer server(far, serving());
  const auto with_server = threads();
  EXPECT_LE(with_server, before + 1);
  Runtime runtime;
  Room room(runtime);
  room.on<ParticipantConnected>([](const ParticipantConnected&) {});
  room.connect(server.url(), token_for("alice"));
  std::vector<AudioSource> sources;
  for (int i = 0; i < 5; ++i) {
    sources.emplace_back(runtime, AudioSourceOptions{});
    room.local_participant().publish_track("voice " + std::to_string(i), sources.back());
  }
  const std::vector<std::int16_t> silence(480);
  for (int i = 0; i < 200; ++i) {
    for (auto& source : sources)
      source.capture_frame(AudioFrame::borrow(silence, 48000, 1, 480), {.timeout = 5s});
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_LE(threads(), with_server + 2);
}

TEST(RoomLifetime, ManyJoinsAndLeavesLeaveNothingBehind) {
  constexpr int kCycles = kSlow ? 20 : 200;
  constexpr int kWarm = kCycles / 4;
  const auto threads_before = threads();
  {
    Hall hall;
    auto witness = hall.join("witness");
    std::size_t descriptors_warm = 0;
    long resident_warm = 0;
    for (int i = 0; i < kCycles; ++i) {
      {
        auto room = hall.join("guest");
        AudioSource source(hall.runtime, {});
        room.local_participant().publish_track("voice", source);
        auto stream = AudioStream::from_participant(room, "witness", TrackSource::microphone);
      }
      if (i + 1 == kWarm || i + 1 == kCycles) {
        ASSERT_TRUE(eventually([&] { return hall.server.stats().participants == 1; }));
      }
      if (i + 1 == kWarm) {
        std::this_thread::sleep_for(100ms);  // sockets close a moment later
        descriptors_warm = descriptors();
        resident_warm = resident_kib();
      }
    }
    EXPECT_TRUE(eventually([&] { return descriptors() <= descriptors_warm; }))
        << descriptors() << " descriptors, " << descriptors_warm << " before";
    // Allocators keep some; a leak of one peer connection would be 100 KiB a cycle.
    const long allowed = kSlow ? 1L << 20 : 20L * (kCycles - kWarm);
    EXPECT_LT(resident_kib() - resident_warm, allowed) << resident_warm;
    while (witness.next_event(0s)) {
    }
  }
  EXPECT_TRUE(threads_return_to(threads_before));
}

}  // namespace
}  // namespace sidetone::shell::test
