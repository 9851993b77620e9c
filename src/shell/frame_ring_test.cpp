#include "shell/frame_ring.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sidetone::shell {
namespace {

AudioFrameEvent numbered(std::int64_t number) {
  AudioFrameEvent event;
  event.rtp_time = number;
  return event;
}

TEST(FrameRing, FirstInFirstOutUpToItsCapacity) {
  FrameRing ring(5);
  EXPECT_EQ(ring.capacity(), 8U);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 8; ++i) {
      auto event = numbered(round * 8 + i);
      ASSERT_TRUE(ring.push(event));
    }
    auto rest = numbered(-1);
    ASSERT_FALSE(ring.push(rest));
    EXPECT_EQ(rest.rtp_time, -1) << "what was refused is left alone";
    EXPECT_EQ(ring.size(), 8U);
    for (int i = 0; i < 8; ++i) {
      AudioFrameEvent event;
      ASSERT_TRUE(ring.pop(event));
      ASSERT_EQ(event.rtp_time, round * 8 + i);
    }
    AudioFrameEvent none;
    ASSERT_FALSE(ring.pop(none));
    EXPECT_EQ(ring.size(), 0U);
  }
}

TEST(FrameRing, ReadersShareWithoutLossOrRepetitionWhileTheWriterDropsTheOldest) {
  constexpr std::int64_t kFrames = 50'000;
  FrameRing ring(16);
  std::vector<std::vector<std::int64_t>> seen(3);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (auto& mine : seen)
    readers.emplace_back([&] {
      AudioFrameEvent event;
      while (true) {
        auto last = done.load();
        if (ring.pop(event))
          mine.push_back(event.rtp_time);
        else if (last)
          return;
      }
    });
  std::int64_t dropped = 0;
  for (std::int64_t i = 0; i < kFrames; ++i) {
    auto event = numbered(i);
    while (!ring.push(event)) {
      AudioFrameEvent oldest;
      if (ring.pop(oldest)) ++dropped;
    }
  }
  done = true;
  for (auto& reader : readers) reader.join();
  std::int64_t total = dropped;
  for (const auto& mine : seen) {
    total += static_cast<std::int64_t>(mine.size());
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
  }
  EXPECT_EQ(total, kFrames);
}

}  // namespace
}  // namespace sidetone::shell
