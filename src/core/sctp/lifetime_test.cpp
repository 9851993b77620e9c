// What associations leave behind, and what they depend on: memory, seeds, timers.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "core/base/seeded_random.hpp"
#include "core/sctp/association.hpp"
#include "core/sctp/library.hpp"
#include "core/sctp/virtual_wire_test.hpp"

namespace sidetone::sctp {
namespace {

// A conversation with loss from a seed, in a process of its own: its packets' hash.
std::size_t hash_of_conversation(std::uint64_t seed) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return 0;
  auto child = fork();
  if (child == 0) {
    seed_randomness(seed);
    Linked wire;
    base::SeededRandom random(5);
    wire.path = [&](const Side&, const base::Packet&) -> std::optional<base::Duration> {
      if (random.uniform() < 0.1) return {};
      return 7ms;
    };
    for (int i = 0; i < 20; ++i) {
      static_cast<void>(wire.client.send(wire.r, std::string(3000, 'x')));
      wire.run(100ms);
    }
    std::string all;
    for (const auto& packet : wire.log) all += base::as_text(packet.bytes());
    auto hash = std::hash<std::string>()(all);
    static_cast<void>(!write(pipe_ends[1], &hash, sizeof hash));
    _exit(0);
  }
  std::size_t hash = 0;
  EXPECT_EQ(read(pipe_ends[0], &hash, sizeof hash), static_cast<ssize_t>(sizeof hash));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  waitpid(child, nullptr, 0);
  return hash;
}

TEST(Association, TheSameSeedSendsTheSameBytes) {
  EXPECT_EQ(hash_of_conversation(77), hash_of_conversation(77));
  EXPECT_NE(hash_of_conversation(77), hash_of_conversation(78));
}

// Under AddressSanitizer mallinfo2() says nothing and LeakSanitizer judges.
TEST(Association, TwoHundredLivesLeaveNothingBehind) {
  auto live = [] {
    {
      Linked wire;
      static_cast<void>(wire.client.send(wire.r, std::string(3000, 'x')));
      wire.run(50ms);
    }
    // usrsctp frees what closed associations left with its timers.
    for (int i = 0; i < 100; ++i) {
      virtual_time += 10ms;
      drive_timers(10ms);
    }
  };
  for (int i = 0; i < 50; ++i) live();
  auto before = mallinfo2().uordblks;
  for (int i = 0; i < 200; ++i) live();
  EXPECT_EQ(associations(), 0U);
  EXPECT_LT(mallinfo2().uordblks, before + 16 * 1024);
}

TEST(Association, CostsLittleMemoryEach) {
  auto before = mallinfo2().uordblks;
  Linked wire;
  EXPECT_LT(mallinfo2().uordblks - before, 2 * 128 * 1024U);
}

TEST(Association, TheFirstOfTheProcessAsksForTimers) {
  static int calls = 0;
  set_timers_needed([] { ++calls; });
  {
    Association first({});
    Association second({});
    EXPECT_EQ(calls, 1);
  }
  Association again({});
  EXPECT_EQ(calls, 2);
  set_timers_needed(nullptr);
}

TEST(Association, OneThatIsNeverStartedIsFree) {
  for (int i = 0; i < 300; ++i) Association idle({});
  EXPECT_EQ(associations(), 0U);
}

}  // namespace
}  // namespace sidetone::sctp
