#include "core/audio/queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <vector>

#include "core/base/seeded_random.hpp"

namespace sidetone::audio {
namespace {

using Samples = std::vector<std::int16_t>;

// The values count up, so that a test sees which samples came out.
Samples counting(std::int64_t from, std::int64_t count) {
  Samples samples(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(from + static_cast<std::int64_t>(i));
  return samples;
}

Samples take(SampleQueue& queue, std::size_t values) {
  Samples samples(values);
  queue.take(samples);
  return samples;
}

TEST(SampleQueue, HoldsExactlyItsCapacity) {
  SampleQueue queue(1, 7);
  EXPECT_TRUE(queue.push(1, counting(0, 7)));
  EXPECT_EQ(queue.room(), 0);
  EXPECT_FALSE(queue.push(2, counting(7, 1)));
}

TEST(SampleQueue, AWaitingPushIsAdmittedWithItsLastSample) {
  SampleQueue queue(1, 10);
  EXPECT_TRUE(queue.push(1, counting(0, 8)));
  EXPECT_FALSE(queue.push(2, counting(8, 5)));
  EXPECT_EQ(queue.size(), 13);
  EXPECT_EQ(take(queue, 2), counting(0, 2));
  EXPECT_FALSE(queue.admitted());
  EXPECT_EQ(take(queue, 1), counting(2, 1));
  auto push = queue.admitted();
  ASSERT_TRUE(push);
  EXPECT_EQ(push->id, 2U);
  EXPECT_FALSE(queue.admitted());
}

TEST(SampleQueue, PushesAreAdmittedInOrderEvenIfALaterOneWouldFit) {
  SampleQueue queue(1, 10);
  queue.push(1, counting(0, 9));
  EXPECT_FALSE(queue.push(2, counting(9, 5)));
  EXPECT_FALSE(queue.push(3, counting(14, 1)));
  EXPECT_EQ(queue.room(), 0);
  take(queue, 5);
  EXPECT_EQ(queue.admitted()->id, 2U);
  EXPECT_EQ(queue.admitted()->id, 3U);
  EXPECT_EQ(take(queue, 10), counting(5, 10));
}

TEST(SampleQueue, AFrameLongerThanTheQueuePassesThrough) {
  SampleQueue queue(1, 10);
  EXPECT_FALSE(queue.push(1, counting(0, 25)));
  EXPECT_EQ(take(queue, 14), counting(0, 14));
  EXPECT_FALSE(queue.admitted());
  EXPECT_EQ(take(queue, 1), counting(14, 1));
  EXPECT_TRUE(queue.admitted());
  EXPECT_EQ(take(queue, 10), counting(15, 10));
}

TEST(SampleQueue, CancelRemovesBothPartsOfAHalfAdmittedPush) {
  SampleQueue queue(1, 10);
  queue.push(1, counting(0, 6));
  queue.push(2, counting(100, 8));
  queue.push(3, counting(200, 3));
  auto push = queue.cancel(2);
  ASSERT_TRUE(push);
  EXPECT_EQ(push->taken(queue.head()), 0);
  EXPECT_EQ(queue.size(), 9);
  EXPECT_EQ(queue.admitted()->id, 3U);
  EXPECT_EQ(take(queue, 6), counting(0, 6));
  EXPECT_EQ(take(queue, 3), counting(200, 3));
}

TEST(SampleQueue, CancelKeepsWhatHasBeenTakenAndSaysHowMuch) {
  SampleQueue queue(1, 4);
  queue.push(1, counting(0, 10));
  take(queue, 3);
  auto push = queue.cancel(1);
  EXPECT_EQ(push->taken(queue.head()), 3);
  EXPECT_EQ(queue.size(), 0);
  EXPECT_EQ(queue.head(), 3);
  EXPECT_FALSE(queue.cancel(1));
}

TEST(SampleQueue, ClearVoidsQueueAndWaitingPushesInOneStep) {
  SampleQueue queue(1, 10);
  queue.push(1, counting(0, 5));
  queue.push(2, counting(5, 10));
  queue.push(3, counting(15, 2));
  take(queue, 6);
  EXPECT_EQ(queue.admitted()->id, 2U);
  auto head = queue.head();
  EXPECT_EQ(queue.clear(), 11);
  auto voided = queue.voided();
  EXPECT_EQ(voided->id, 3U);
  EXPECT_EQ(voided->taken(head), 0);
  EXPECT_FALSE(queue.voided());
  EXPECT_EQ(queue.generation(), 1U);
  EXPECT_EQ(queue.head(), 17);
  EXPECT_TRUE(queue.push(4, counting(50, 10)));
  EXPECT_EQ(take(queue, 10), counting(50, 10));
}

TEST(SampleQueue, CountsStereoSamplesPerChannel) {
  SampleQueue queue(2, 3);
  EXPECT_TRUE(queue.push(1, counting(0, 6)));
  EXPECT_EQ(queue.size(), 3);
  EXPECT_EQ(take(queue, 4), counting(0, 4));
  EXPECT_EQ(queue.head(), 2);
}

TEST(SampleQueue, SizesBeyond32BitsAreExact) {
  // 600 s at 192 kHz stereo is 460 MB of samples; the arithmetic is what is tested.
  SampleQueue queue(2, 3'000'000'000);
  EXPECT_EQ(queue.room(), 3'000'000'000);
}

TEST(SampleQueue, AgreesWithASimpleModelOverRandomCalls) {
  base::SeededRandom random(7);
  SampleQueue queue(1, 6000);
  std::deque<std::int16_t> model;

  struct Waiting {
    PushId id;
    std::int64_t begin, end;  // as indices into everything ever stored
  };

  std::deque<Waiting> waiting;
  std::int64_t next = 0;
  for (PushId id = 1; id < 4000; ++id) {
    auto dice = random.next() % 10;
    if (dice < 4) {
      auto samples = counting(next, static_cast<std::int64_t>(random.next() % 3000));
      next += static_cast<std::int64_t>(samples.size());
      auto begin = queue.tail();
      bool fits = waiting.empty() && model.size() + samples.size() <= 6000;
      model.insert(model.end(), samples.begin(), samples.end());
      ASSERT_EQ(queue.push(id, samples), fits);
      if (!fits) waiting.push_back({id, begin, queue.tail()});
    } else if (dice < 8) {
      auto count = std::min<std::size_t>(random.next() % 5000, model.size());
      Samples expected(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
      ASSERT_EQ(take(queue, count), expected);
      while (auto push = queue.admitted()) {
        ASSERT_EQ(push->id, waiting.front().id);
        waiting.pop_front();
      }
      if (!waiting.empty()) {
        ASSERT_GT(waiting.front().end, queue.head() + 6000);
      }
    } else if (dice == 8 && !waiting.empty()) {
      auto victim = waiting.begin() + static_cast<std::ptrdiff_t>(random.next() % waiting.size());
      auto first = std::max(victim->begin, queue.head());
      auto count = victim->end - first;
      auto at = model.begin() + (first - queue.head());
      model.erase(at, at + count);
      ASSERT_TRUE(queue.cancel(victim->id));
      for (auto later = waiting.erase(victim); later != waiting.end(); ++later) {
        later->begin -= count;
        later->end -= count;
      }
      while (auto push = queue.admitted()) {
        ASSERT_EQ(push->id, waiting.front().id);
        waiting.pop_front();
      }
    } else if (random.next() % 20 == 0) {
      ASSERT_EQ(queue.clear(), static_cast<std::int64_t>(model.size()));
      for (auto& each : waiting) ASSERT_EQ(queue.voided()->id, each.id);
      model.clear();
      waiting.clear();
    }
    ASSERT_EQ(queue.size(), static_cast<std::int64_t>(model.size()));
  }
}

}  // namespace
}  // namespace sidetone::audio
