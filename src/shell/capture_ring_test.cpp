#include "shell/capture_ring.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "core/base/seeded_random.hpp"

namespace sidetone::shell {
namespace {

using Samples = std::vector<std::int16_t>;

Samples drained(CaptureRing& ring) {
  Samples out;
  ring.drain([&](std::span<const std::int16_t> samples, base::Instant) {
    out.insert(out.end(), samples.begin(), samples.end());
  });
  return out;
}

TEST(CaptureRing, TakesWhatWasGrantedAndNotOneSampleMore) {
  CaptureRing ring(1, 100);
  EXPECT_FALSE(ring.write(Samples(1), {}));
  ring.grant(10);
  EXPECT_FALSE(ring.write(Samples(11), {}));
  EXPECT_TRUE(ring.write(Samples(10), {}));
  EXPECT_FALSE(ring.write(Samples(1), {}));
  EXPECT_EQ(drained(ring).size(), 10U);
  ring.grant(1000);
  EXPECT_FALSE(ring.write(Samples(101), {}));
  EXPECT_TRUE(ring.write(Samples(100), {}));
}

TEST(CaptureRing, KeepsOrderAndTimesAroundItsEnd) {
  CaptureRing ring(2, 5);
  std::int16_t next = 0;
  for (int round = 0; round < 20; ++round) {
    ring.grant(5);
    Samples frame(6);
    for (auto& sample : frame) sample = next++;
    auto at = base::Instant(std::chrono::milliseconds(round));
    ASSERT_TRUE(ring.write(frame, at));
    Samples out;
    ring.drain([&](std::span<const std::int16_t> samples, base::Instant when) {
      EXPECT_EQ(when, at);
      out.insert(out.end(), samples.begin(), samples.end());
    });
    ASSERT_EQ(out, frame);
    ASSERT_TRUE(ring.empty());
  }
}

TEST(CaptureRing, RefusesMoreFramesThanItHasPlacesFor) {
  CaptureRing ring(1, 10'000);
  ring.grant(10'000);
  int taken = 0;
  while (ring.write(Samples(1), {})) ++taken;
  EXPECT_EQ(taken, 1024);
  EXPECT_EQ(drained(ring).size(), 1024U);
  ring.grant(10'000);
  EXPECT_TRUE(ring.write(Samples(1), {}));
}

TEST(CaptureRing, TwoThreadsLoseNothing) {
  CaptureRing ring(1, 480);
  ring.grant(480);
  constexpr int kTotal = 200'000;
  std::thread writer([&] {
    base::SeededRandom random(3);
    int sent = 0;
    while (sent < kTotal) {
      Samples frame(std::min<std::size_t>(1 + random.next() % 100, kTotal - sent));
      for (std::size_t i = 0; i < frame.size(); ++i)
        frame[i] = static_cast<std::int16_t>((sent + static_cast<int>(i)) % 30'011);
      if (ring.write(frame, {}))
        sent += static_cast<int>(frame.size());
      else
        std::this_thread::yield();
    }
  });
  int received = 0;
  bool in_order = true;
  while (received < kTotal) {
    for (auto sample : drained(ring)) in_order &= sample == received++ % 30'011;
    ring.grant(480);
  }
  writer.join();
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace sidetone::shell
