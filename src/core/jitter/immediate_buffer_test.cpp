#include "core/jitter/immediate_buffer.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "core/jitter/fake_call_test.hpp"

namespace sidetone::jitter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Call = FakeCall<ImmediateBuffer>;

std::vector<int> count_from(int first, int last) {
  std::vector<int> values(static_cast<std::size_t>(last - first + 1));
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(ImmediateBuffer, EachPacketIsDeliveredTheMomentItCanBe) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i, milliseconds(i % 4));
  call.run_for_ms(1000);
  EXPECT_EQ(call.heard(), count_from(1, 50));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(call.delivered[i].at, Call::kStart + milliseconds(20 * i + i % 4));
    EXPECT_EQ(call.delivered[i].samples, 160U);
    EXPECT_EQ(call.delivered[i].block.gap_before, 0U);
  }
}

TEST(ImmediateBuffer, ReorderedPacketsAreWaitedFor) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i, milliseconds(i == 20 ? 35 : 0));
  call.run_for_ms(1000);
  EXPECT_EQ(call.heard(), count_from(1, 50));
  EXPECT_EQ(call.buffer.counters().lost_slots, 0U);
}

TEST(ImmediateBuffer, ALossIsAGapInTheTimestamps) {
  Call call;
  for (int i = 0; i < 50; ++i)
    if (i < 20 || i > 22) call.packet(i);
  call.run_for_ms(1100);
  EXPECT_EQ(call.heard().size(), 47U);
  const auto& after = call.delivered[20];
  EXPECT_EQ(after.value, 24);
  EXPECT_EQ(after.block.gap_before, 3U * 960);
  EXPECT_GE(after.at - Call::kStart, milliseconds(23 * 20 + 40));
  EXPECT_LE(after.at - Call::kStart, milliseconds(23 * 20 + 60));
  EXPECT_EQ(call.buffer.counters().lost_slots, 3U);
  EXPECT_EQ(call.decoder.concealed, 3) << "inside the decoder only";
}

TEST(ImmediateBuffer, InBandRedundancyFillsTheLastSlotOfAGap) {
  Call call;
  for (int i = 0; i < 50; ++i)
    if (i != 20 && i != 21) call.packet(i, {}, 1);
  call.run_for_ms(1100);
  EXPECT_EQ(call.delivered[20].value, 22);
  EXPECT_EQ(call.delivered[20].block.provenance, kFec);
  EXPECT_EQ(call.delivered[20].block.gap_before, 960U);
  EXPECT_EQ(call.delivered[21].value, 23);
  EXPECT_EQ(call.delivered[21].block.gap_before, 0U);
}

TEST(ImmediateBuffer, GapsCanBeFilled) {
  Call call({.fill_gaps = true});
  for (int i = 0; i < 50; ++i)
    if (i != 20 && i != 21) call.packet(i);
  call.run_for_ms(1100);
  std::int64_t end = call.delivered[0].block.rtp_time;
  for (const auto& d : call.delivered) {
    EXPECT_EQ(d.block.rtp_time, end);
    end += static_cast<std::int64_t>(d.samples) * 6;
  }
  EXPECT_EQ(call.buffer.counters().concealed_samples, 2U * 960);
}

TEST(ImmediateBuffer, WhatCameBeforeTheReaderComesFirst) {
  Call call({}, false);
  for (int i = 0; i < 300; ++i) call.packet(i);
  call.run_for_ms(5981);
  EXPECT_TRUE(call.delivered.empty());
  EXPECT_EQ(call.decoder.decoded, 0);
  call.buffer.set_reading(true, call.now);
  call.run_for_ms(1);
  EXPECT_EQ(call.heard(), count_from(201, 300)) << "two seconds, at once";
}

TEST(ImmediateBuffer, AReaderGetsAsMuchOfBeforeAsItAskedFor) {
  Call call({.preroll = milliseconds(500)}, false);
  for (int i = 0; i < 310; ++i) call.packet(i);
  call.run_for_ms(5981);
  call.buffer.set_reading(true, call.now);
  call.run_for_ms(1);
  EXPECT_EQ(call.heard(), count_from(276, 300));
  EXPECT_EQ(call.buffer.counters().lost_slots, 0U);
  call.run_for_ms(200);
  EXPECT_EQ(call.heard(), count_from(276, 310));

  Call live({.preroll = milliseconds(0)}, false);
  for (int i = 0; i < 310; ++i) live.packet(i);
  live.run_for_ms(5981);
  live.buffer.set_reading(true, live.now);
  live.run_for_ms(200);
  EXPECT_EQ(live.heard(), count_from(301, 310)) << "only what comes from now on";
}

TEST(ImmediateBuffer, SilenceOnPurposeDeliversNothing) {
  Call call;
  for (int i = 0; i < 10; ++i) call.packet(i);
  call.packet_at(Call::kStart + milliseconds(200), 10, 1000 + 10 * 960, fake_dtx());
  for (int i = 50; i < 60; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i - 39, 1000 + i * 960, fake_payload(0, 2));
  for (int i = 100; i < 110; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i - 79, 1000 + i * 960,
                   fake_payload(i + 1));
  call.run_for_ms(2300);
  ASSERT_EQ(call.delivered.size(), 20U);
  EXPECT_EQ(call.delivered[10].value, 101);
  EXPECT_EQ(call.delivered[10].at, Call::kStart + milliseconds(2000)) << "at once";
  EXPECT_EQ(call.delivered[10].block.gap_before, 90U * 960);
  EXPECT_EQ(call.buffer.counters().lost_slots, 0U);
}

TEST(ImmediateBuffer, LateAndDuplicatePacketsAreCounted) {
  Call call;
  for (int i = 0; i < 50; ++i) {
    call.packet(i, i == 10 ? milliseconds(300) : milliseconds(0));
    if (i == 30) call.packet(i);
  }
  call.run_for_ms(1000);
  EXPECT_EQ(call.heard().size(), 49U);
  EXPECT_EQ(call.buffer.counters().late, 1U);
  EXPECT_EQ(call.buffer.counters().duplicates, 1U);
}

TEST(ImmediateBuffer, AJumpBackIsFollowed) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i);
  for (int i = 50; i < 100; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i, 1000 + (i - 30) * 960,
                   fake_payload(i + 1));
  for (int i = 100; i < 150; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i, 1000 + (i - 1000) * 960,
                   fake_payload(i + 1));
  call.run_for_ms(3000);
  EXPECT_EQ(call.buffer.counters().resyncs, 2U);
  auto heard = call.heard();
  EXPECT_EQ(std::count_if(heard.begin(), heard.end(), [](int v) { return v > 57; }), 93);
}

TEST(ImmediateBuffer, ANewSenderStartsAfresh) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i);
  call.ssrc = 8;
  call.first_time = 5;
  for (int i = 50; i < 60; ++i) call.packet(i);
  call.run_for_ms(1300);
  EXPECT_EQ(call.heard(), count_from(1, 60));
  EXPECT_EQ(call.decoder.resets, 1);
}

TEST(ImmediateBuffer, TheEndWaitsForNothing) {
  Call call;
  for (int i = 0; i < 10; ++i)
    if (i != 5) call.packet(i);
  call.run_for_ms(121);
  EXPECT_EQ(call.heard(), count_from(1, 5));
  EXPECT_FALSE(call.buffer.drained());
  call.buffer.finish(call.now);
  EXPECT_FALSE(call.buffer.drained());
  call.run_for_ms(1);
  EXPECT_TRUE(call.buffer.drained());
  EXPECT_EQ(call.heard().back(), 7);
}

}  // namespace
}  // namespace sidetone::jitter
