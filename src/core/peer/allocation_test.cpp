// Counts what C++ code allocates (libsrtp's own, by malloc, is its business).
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "core/peer/world_test.hpp"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}

void* operator new[](std::size_t size) {
  return counted(size);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete[](void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace sidetone::peer {
namespace {

using namespace std::chrono_literals;
using test::World;

TEST(Allocation, APacketSentReceivedAndForwardedAllocatesNothing) {
  World world(IceMode::controlling, IceMode::lite);
  ASSERT_TRUE(world.connect());
  ASSERT_FALSE(world.a.peer->add_sender(test::sender_config(1, true)));
  ASSERT_FALSE(
      world.b.peer->add_receiver(test::receiver_config(1, true), world.now(), world.b.out));
  ASSERT_FALSE(world.b.peer->add_sender(test::sender_config(2, true)));
  std::array<std::byte, 120> payload{};
  Output from_a;
  Output from_b;
  std::size_t forwarded = 0;
  auto turn = [&](int i) {
    from_a.clear();
    from_b.clear();
    rtp::OutgoingAudio audio;
    audio.rtp_time = i * 960;
    audio.captured = world.now();
    audio.payload = payload;
    if (world.a.peer->send_audio(1, audio, world.now(), from_a)) return;
    auto& datagram = from_a.datagrams[0];
    world.b.peer->on_datagram(
        {world.b.address, world.a.address, datagram.packet.bytes(), world.now()}, world.now(),
        from_b);
    for (const auto& packet : from_b.rtp) {
      rtp::ForwardedAudio forward;
      forward.sequence = packet.sequence;
      forward.rtp_time = packet.rtp_time;
      forward.payload = packet.payload.bytes();
      forwarded += world.b.peer->forward(2, forward, world.now(), from_b) ? 0 : 1;
    }
  };
  for (int i = 0; i < 50; ++i) turn(i);
  auto before = allocations;
  for (int i = 50; i < 150; ++i) turn(i);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_EQ(forwarded, 150U);
}

TEST(Allocation, TheCounterCounts) {
  auto before = allocations;
  auto number = std::make_unique<int>(1);
  EXPECT_EQ(allocations - before, 1U) << *number;
}

}  // namespace
}  // namespace sidetone::peer
