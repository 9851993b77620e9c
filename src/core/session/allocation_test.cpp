// Counts what C++ code allocates inside the session (libsrtp's own, by malloc, is its business).
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "core/session/scripted_server_test.hpp"

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

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  std::free(memory);
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete[](void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

void operator delete[](void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using test::person;
using test::Stage;
using test::with_track;

struct DeafEar final : media::PacketSink {
  void on_packet(const rtp::ReceivedPacket& /*packet*/, base::Instant /*now*/) override { ++heard; }

  void end(media::EndReason /*reason*/, base::Instant /*now*/) override {}

  std::size_t heard = 0;
};

TEST(Allocation, SpeakingAndHearingAllocateNothingOnceWarm) {
  Stage stage;
  stage.script.others = {with_track(person("PA_a", "alice"), "TR_a")};
  stage.connect();
  auto ssrc = stage.forward("PA_a", "TR_a");
  stage.offer();
  stage.run_for(100ms);
  DeafEar ear;
  ASSERT_FALSE(stage.session.attach("TR_a", ear, StreamEnd::with_track, stage.now()));
  test::LocalSource source;
  stage.publish(source);

  std::size_t most = 0;
  std::size_t in_session = 0;
  stage.watch = [&](bool entering) {
    if (entering) {
      in_session = allocations;
    } else {
      most = std::max(most, allocations - in_session);
    }
  };
  auto speak = [&](int packets) {
    for (int i = 0; i < packets; ++i) {
      stage.send_audio(ssrc, "payload");
      stage.run_for(20ms);
    }
  };
  speak(275);  // beyond the first reports of both sides and a ping
  most = 0;
  auto heard_before = ear.heard;
  auto sent_before = stage.heard.size();
  // Until the next ping: a signalling message may allocate, a packet may not.
  speak(200);
  EXPECT_EQ(ear.heard - heard_before, 200U);
  EXPECT_GE(stage.heard.size() - sent_before, 199U);
  EXPECT_EQ(most, 0U);
}

}  // namespace
}  // namespace sidetone::session
