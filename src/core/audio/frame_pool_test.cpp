#include "core/audio/frame_pool.hpp"

#include <gtest/gtest.h>

namespace sidetone::audio {
namespace {

TEST(FramePool, ADestroyedFramesMemoryServesTheNextOne) {
  auto pool = FramePool::create();
  const std::int16_t* memory = nullptr;
  {
    auto frame = pool->frame({48000, 1}, 480);
    memory = frame.data().data();
  }
  auto next = pool->frame({48000, 1}, 240);
  EXPECT_EQ(next.data().data(), memory);
  EXPECT_NE(pool->frame({48000, 1}, 240).data().data(), memory);
}

TEST(FramePool, FramesMayOutliveIt) {
  auto pool = FramePool::create();
  auto frame = pool->frame({48000, 2}, 480);
  pool.reset();
  EXPECT_EQ(frame.mutable_data().size(), 960U);
}

}  // namespace
}  // namespace sidetone::audio
