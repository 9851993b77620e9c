#include "core/jitter/playout_queue.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace sidetone::jitter {
namespace {

// Appends samples first, first + 1, … on each channel.
void append(PlayoutQueue& queue, const Origin& origin, std::size_t count, float first) {
  auto room = queue.room(count);
  std::iota(room.begin(), room.end(), first);
  queue.append(origin, count);
}

TEST(PlayoutQueue, SamplesComeOutInOrderWithTheirOrigin) {
  PlayoutQueue queue(16000, 1);
  append(queue, {.rtp_time = 300, .provenance = kNormal}, 100, 0);
  append(queue, {.rtp_time = 600, .provenance = kConcealed}, 100, 100);
  EXPECT_EQ(queue.size(), 200U);
  EXPECT_EQ(queue.front_run(), 100U);
  queue.consume(40);
  EXPECT_EQ(queue.front_time(), 300 + 40 * 3);
  auto block = queue.describe(160);
  EXPECT_EQ(block.rtp_time, 420);
  EXPECT_EQ(block.provenance, kNormal | kConcealed);
  EXPECT_EQ(block.concealed, 300U);
  EXPECT_EQ(block.samples[0], 40);
  EXPECT_EQ(block.samples[159], 199);
  queue.consume(60);
  EXPECT_EQ(queue.front_time(), 600);
}

TEST(PlayoutQueue, SkippedSamplesLeaveTheirTimeBehind) {
  PlayoutQueue queue(48000, 2);
  auto room = queue.room(10);
  std::iota(room.begin(), room.end(), 0.0F);
  queue.append({.rtp_time = 1000}, 10, 4);
  EXPECT_EQ(queue.size(), 6U);
  EXPECT_EQ(queue.front_time(), 1004);
  EXPECT_EQ(queue.front(1)[0], 8);
  queue.append({.rtp_time = 1}, 10, 10);
  EXPECT_EQ(queue.size(), 6U);
}

TEST(PlayoutQueue, ItsMemoryStaysSmallWhateverPassesThrough) {
  PlayoutQueue queue(8000, 1);
  const float* first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    append(queue, {.rtp_time = i * 960}, 160, static_cast<float>(i));
    if (i == 10) first = queue.front(1).data() - 0;
    EXPECT_EQ(queue.front(1)[0], static_cast<float>(i));
    queue.consume(160);
  }
  EXPECT_NE(first, nullptr);
  append(queue, {}, 160, 0);
  EXPECT_EQ(queue.front(1).data(), first);
}

TEST(PlayoutQueue, MarkAndClearTouchEverything) {
  PlayoutQueue queue(8000, 1);
  append(queue, {.provenance = kNormal}, 10, 0);
  queue.mark(kStretched);
  EXPECT_EQ(queue.describe(10).provenance, kNormal | kStretched);
  queue.clear();
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.front_run(), 0U);
}

}  // namespace
}  // namespace sidetone::jitter
