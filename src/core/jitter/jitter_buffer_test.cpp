#include "core/jitter/jitter_buffer.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/seeded_random.hpp"
#include "core/jitter/fake_call_test.hpp"

namespace sidetone::jitter {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Call = FakeCall<JitterBuffer>;

std::vector<int> count_from(int first, int last) {
  std::vector<int> values(static_cast<std::size_t>(last - first + 1));
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(JitterBuffer, TheFirstPacketPlaysWhenItComes) {
  Call call;
  call.packet(0, milliseconds(3));
  call.run_for_ms(4);
  ASSERT_EQ(call.delivered.size(), 2U) << "one block of silence, then the packet";
  EXPECT_EQ(call.delivered[0].value, 0);
  EXPECT_EQ(call.delivered[1].value, 1);
  EXPECT_LE(call.delivered[1].at - Call::kStart, milliseconds(3) + microseconds(300));
  EXPECT_LE(call.delivered[1].block.delay, microseconds(300));
}

TEST(JitterBuffer, ACleanStreamAddsNothingAndLosesNothing) {
  Call call;
  for (int i = 0; i < 1000; ++i) call.packet(i);
  call.run_for_ms(19'980);
  EXPECT_EQ(call.heard(), count_from(1, 999));
  EXPECT_LE(call.worst_delay(0), milliseconds(1));
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.concealed_samples, 0U);
  EXPECT_EQ(counters.lost_slots, 0U);
  EXPECT_EQ(counters.late, 0U);
  EXPECT_EQ(counters.packets_received, 1000U);
}

TEST(JitterBuffer, EveryBlockIsTenMilliseconds) {
  Call call;
  for (int i = 0; i < 100; ++i) call.packet(i);
  call.run_for_ms(1980);
  for (std::size_t i = 1; i < call.delivered.size(); ++i) {
    ASSERT_EQ(call.delivered[i].samples, 80U);
    if (i > 1) {
      ASSERT_EQ(call.delivered[i].at - call.delivered[i - 1].at, milliseconds(10)) << i;
      ASSERT_EQ(call.delivered[i].block.rtp_time - call.delivered[i - 1].block.rtp_time, 480) << i;
    }
  }
}

TEST(JitterBuffer, NothingIsDecodedWhileNobodyReads) {
  Call call({}, false);
  for (int i = 0; i < 500; ++i) call.packet(i);
  call.run_for_ms(10'000);
  EXPECT_TRUE(call.delivered.empty());
  EXPECT_EQ(call.decoder.decoded, 0);
  EXPECT_FALSE(call.buffer.next_deadline());
  call.buffer.set_reading(true, call.now);
  for (int i = 500; i < 600; ++i) call.packet(i);
  call.run_for_ms(1500);
  EXPECT_GE(call.heard().front(), 499) << "live, not the past";
  EXPECT_LE(call.delivered[50].block.delay, milliseconds(21));
  EXPECT_EQ(call.buffer.counters().overflows, 0U);
}

TEST(JitterBuffer, ReplayedBacklogIsNotPlayedLate) {
  Call call;
  for (int i = 0; i < 50; ++i)
    call.packet_at(Call::kStart - milliseconds(1000 - 20 * i), i, i * 960, fake_payload(i + 1));
  call.run_for_ms(1);
  EXPECT_GE(call.delivered.back().value, 48);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(21));
}

TEST(JitterBuffer, ALostPacketCostsItsOwnTimeAndNoDelay) {
  Call call;
  for (int i = 0; i < 200; ++i)
    if (i % 20 != 10) call.packet(i);
  call.run_for_ms(3980);
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.lost_slots, 10U);
  EXPECT_EQ(counters.concealed_samples, 10U * 960);
  EXPECT_EQ(counters.concealment_events, 10U);
  EXPECT_LE(call.worst_delay(0), milliseconds(3));
  EXPECT_EQ(call.heard().size(), 189U);
}

TEST(JitterBuffer, ALossIsRepairedFromTheNextPacketWhenItIsHereInTime) {
  Call call({.min_delay = milliseconds(25)});
  for (int i = 0; i < 100; ++i)
    if (i % 10 != 5) call.packet(i, {}, 1);
  call.run_for_ms(1900);
  auto heard = call.heard();
  EXPECT_GE(heard.back(), 93);
  EXPECT_EQ(heard, count_from(1, heard.back())) << "redundancy decodes to the lost packet's value";
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.fec_recoveries, 9U);
  EXPECT_EQ(counters.concealed_samples, 0U);
  auto with_fec = std::count_if(call.delivered.begin(), call.delivered.end(),
                                [](const auto& d) { return (d.block.provenance & kFec) != 0; });
  EXPECT_EQ(with_fec, 18);
}

TEST(JitterBuffer, OfALongGapTheLastSlotIsRepaired) {
  Call call({.min_delay = milliseconds(65)});
  for (int i = 0; i < 20; ++i)
    if (i < 10 || i > 12) call.packet(i, {}, 1);
  call.run_for_ms(400);
  EXPECT_EQ(call.buffer.counters().fec_recoveries, 1U);
  EXPECT_EQ(call.buffer.counters().lost_slots, 3U);
  EXPECT_EQ(call.buffer.counters().concealed_samples, 2U * 960);
  auto heard = call.heard();
  EXPECT_NE(std::find(heard.begin(), heard.end(), 13), heard.end());
  EXPECT_EQ(std::find(heard.begin(), heard.end(), 12), heard.end());
}

TEST(JitterBuffer, ReorderedPacketsPlayInOrderOnceTheDelayAllowsIt) {
  Call call;
  for (int i = 0; i < 1000; ++i) call.packet(i, milliseconds(i % 3 == 0 ? 45 : 0));
  call.run_for_ms(19'900);
  std::vector<int> tail;
  for (auto value : call.heard())
    if (value > 300) tail.push_back(value);
  EXPECT_EQ(tail, count_from(301, tail.back())) << "everything, in order";
  EXPECT_GE(tail.back(), 985);
}

TEST(JitterBuffer, DuplicatesAreCountedAndHarmless) {
  Call call;
  for (int i = 0; i < 100; ++i) {
    call.packet(i);
    call.packet(i, microseconds(10));
  }
  call.run_for_ms(1981);
  EXPECT_EQ(call.heard(), count_from(1, 100));
  EXPECT_EQ(call.buffer.counters().duplicates, 100U);
  EXPECT_EQ(call.buffer.counters().late, 0U);
  EXPECT_LE(call.worst_delay(0), milliseconds(1));
}

TEST(JitterBuffer, ALatePacketIsWaitedForAndStillPlayed) {
  Call call;
  for (int i = 0; i < 100; ++i) call.packet(i, i == 50 ? milliseconds(35) : milliseconds(0));
  for (int i = 51; i < 53; ++i) call.packet(i, milliseconds(35 - 20 * (i - 50)));
  call.run_for_ms(1015);
  EXPECT_EQ(call.heard().back(), 50);
  call.run_for_ms(900);
  auto heard = call.heard();
  EXPECT_GT(call.buffer.counters().holds, 0U);
  EXPECT_LE(call.worst_delay(0), milliseconds(60));
}

TEST(JitterBuffer, AFewMillisecondsLateAreAbsorbedWithoutConcealment) {
  Call call;
  base::SeededRandom random(1);
  for (int i = 0; i < 1000; ++i)
    call.packet(i, microseconds(static_cast<int>(random.uniform() * 1500)));
  call.run_for_ms(19'900);
  EXPECT_EQ(call.buffer.counters().concealed_samples, 0U);
  EXPECT_LE(call.worst_delay(0), milliseconds(4));
}

TEST(JitterBuffer, AStallIsHeldThroughAndItsDelayDrainsAgain) {
  Call call;
  for (int i = 0; i < 1000; ++i) {
    auto stalled = i >= 100 && i < 104;
    call.packet(i, stalled ? milliseconds(80 - 20 * (i - 100)) : milliseconds(0));
  }
  call.run_for_ms(2300);
  auto after = call.delivered.size();
  EXPECT_GE(call.worst_delay(0), milliseconds(70)) << "nothing was thrown away";
  call.run_for_ms(17'600);
  auto heard = call.heard();
  EXPECT_EQ(std::count_if(heard.begin(), heard.end(), [](int v) { return v > 95 && v < 110; }), 14);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(3));
  EXPECT_GT(call.delivered.size(), after);
}

TEST(JitterBuffer, HoldingEndsAtItsCap) {
  Call call;
  for (int i = 0; i < 100; ++i) {
    auto stalled = i >= 50 && i < 65;
    call.packet(i, stalled ? milliseconds(300 - 20 * (i - 50)) : milliseconds(0));
  }
  call.run_for_ms(1980);
  EXPECT_LE(call.worst_delay(0), milliseconds(125));
  EXPECT_EQ(call.heard().back(), 99);
  EXPECT_GT(call.buffer.counters().late, 5U);
  EXPECT_EQ(call.buffer.counters().resyncs, 0U);
}

TEST(JitterBuffer, ConcealmentFadesToSilence) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i);
  call.run_for_ms(990 + 250);
  EXPECT_TRUE(call.delivered.back().value == 0 && !call.delivered.back().guess);
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.interruptions_80ms, 1U);
  EXPECT_EQ(counters.interruptions_150ms, 1U);
  EXPECT_GT(counters.silent_concealed_samples, 0U);
  auto concealed = counters.concealed_samples;
  call.run_for_ms(5000);
  EXPECT_LE(counters.concealed_samples - concealed, 48U * 850) << "after a second it is silence";
}

TEST(JitterBuffer, ARouteThatBecameLongerIsFollowed) {
  Call call;
  for (int i = 0; i < 1500; ++i) call.packet(i, milliseconds(i < 200 ? 0 : 400));
  call.run_for_ms(29'900);
  EXPECT_GE(call.heard().back(), 1470);
  auto concealed = call.buffer.counters().concealed_samples;
  EXPECT_LT(concealed, 48'000U) << "it must not run ahead for ever";
}

TEST(JitterBuffer, AJumpBackIsFollowedWithinATenthOfASecond) {
  Call call;
  for (int i = 0; i < 100; ++i) call.packet(i);
  for (int i = 100; i < 200; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i, 1000 + (i - 50) * 960,
                   fake_payload(i + 1));
  call.run_for_ms(3900);
  EXPECT_EQ(call.buffer.counters().resyncs, 1U);
  auto heard = call.heard();
  auto first = std::find_if(heard.begin(), heard.end(), [](int value) { return value > 100; });
  ASSERT_NE(first, heard.end());
  EXPECT_LE(*first, 108);
  EXPECT_EQ(heard.back(), 195);
}

TEST(JitterBuffer, JumpsOfMoreThanFiveSecondsStartAfresh) {
  for (std::int64_t jump : {400'000LL, -400'000LL, 40'000'000'000LL}) {
    Call call;
    for (int i = 0; i < 50; ++i) call.packet(i);
    for (int i = 50; i < 100; ++i)
      call.packet_at(Call::kStart + milliseconds(20 * i), i, 1000 + i * 960 + jump,
                     fake_payload(i + 1));
    call.run_for_ms(1980);
    EXPECT_EQ(call.heard(), count_from(1, 99)) << jump;
    EXPECT_EQ(call.buffer.counters().resyncs, 1U) << jump;
    EXPECT_EQ(call.buffer.counters().concealed_samples, 0U) << jump;
  }
}

TEST(JitterBuffer, AForwardJumpWithLossIsFollowed) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i);
  for (int i = 50; i < 300; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i + 3, 1000 + i * 960 + 150'000,
                   fake_payload(i + 1));
  call.run_for_ms(5980);
  EXPECT_GE(call.heard().back(), 297);
  EXPECT_LT(call.buffer.counters().concealed_samples, 24'000U);
}

TEST(JitterBuffer, NumbersWrapUnnoticed) {
  Call call;
  call.first_time = 4'294'000'000;
  call.first_sequence = 65'000;
  for (int i = 0; i < 2000; ++i) call.packet(i);
  call.run_for_ms(39'980);
  EXPECT_EQ(call.heard(), count_from(1, 1999));
}

TEST(JitterBuffer, ANewSenderStartsAfresh) {
  Call call;
  for (int i = 0; i < 50; ++i) call.packet(i);
  call.ssrc = 8;
  call.first_time = 77;
  call.first_sequence = 5000;
  for (int i = 55; i < 100; ++i) call.packet(i, milliseconds(7));
  call.run_for_ms(1990);
  auto heard = call.heard();
  EXPECT_EQ(std::count_if(heard.begin(), heard.end(), [](int value) { return value > 55; }), 45);
  EXPECT_EQ(call.decoder.resets, 1);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(11));
}

TEST(JitterBuffer, ASecondSenderWithoutAUsablePacketIsSilence) {
  Call call;
  call.packet(0);
  call.ssrc = 8;
  call.packet_at(Call::kStart, 1, 5, {});
  call.run_for_ms(100);
  EXPECT_EQ(call.buffer.counters().decode_errors, 1U);
  EXPECT_EQ(call.delivered.back().block.provenance, kSilence);
}

TEST(JitterBuffer, SleepIsSilenceNotLoss) {
  Call call;
  for (int i = 0; i < 20; ++i) call.packet(i);
  call.packet_at(Call::kStart + milliseconds(400), 20, 1000 + 20 * 960, fake_dtx());
  call.packet_at(Call::kStart + milliseconds(800), 21, 1000 + 40 * 960, fake_dtx());
  for (int i = 100; i < 150; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i - 78, 1000 + i * 960,
                   fake_payload(i + 1));
  call.run_for_ms(2980);
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.concealed_samples, 0U);
  EXPECT_EQ(counters.lost_slots, 0U);
  EXPECT_EQ(counters.resyncs, 0U);
  auto heard = call.heard();
  EXPECT_EQ(heard.back(), 149);
  EXPECT_EQ(heard.size(), 69U);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(11));
  // Comfort noise for a second, then zeros.
  auto at = [&](int ms) {
    return *std::find_if(call.delivered.begin(), call.delivered.end(),
                         [&](const auto& d) { return d.at >= Call::kStart + milliseconds(ms); });
  };
  EXPECT_TRUE(at(1000).guess);
  EXPECT_EQ(at(1000).block.provenance, kSilence);
  EXPECT_FALSE(at(1900).guess);
}

TEST(JitterBuffer, APauseOfTheSenderIsNotLoss) {
  Call call;
  for (int i = 0; i < 20; ++i) call.packet(i);
  for (int i = 25; i < 60; ++i)
    call.packet_at(Call::kStart + milliseconds(20 * i), i - 5, 1000 + i * 960, fake_payload(i + 1));
  call.run_for_ms(1180);
  EXPECT_EQ(call.buffer.counters().lost_slots, 0U);
  EXPECT_EQ(call.heard().size(), 54U);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(11));
}

// As livekit-server injects it (wire_protocol.md §6.3): a repeated timestamp, a jump by the wall
// clock, an odd step, then steps of 961.
TEST(JitterBuffer, InjectedSilenceAndUnmutePlayWithoutAGap) {
  Call call;
  for (int i = 0; i < 100; ++i) call.packet(i);
  auto time = call.first_time + 99 * 960;
  auto at = Call::kStart + milliseconds(2005);
  for (int i = 0; i < 51; ++i) {
    if (i == 1) time += 1240;
    if (i == 2) time += 985;
    if (i > 2) time += 961;
    call.packet_at(at + milliseconds(i == 0 ? 0 : 20 * (i - 1)), 100 + i, time, fake_payload(0, 2));
  }
  auto resumed = Call::kStart + milliseconds(5520);
  for (int i = 0; i < 100; ++i)
    call.packet_at(resumed + milliseconds(20 * i), 151 + i, call.first_time + (276 + i) * 960,
                   fake_payload(500 + i));
  call.run_until(resumed + milliseconds(1980));
  const auto& counters = call.buffer.counters();
  EXPECT_EQ(counters.duplicates, 1U);
  EXPECT_EQ(counters.late, 0U);
  EXPECT_EQ(counters.lost_slots, 0U);
  EXPECT_EQ(counters.resyncs, 0U);
  EXPECT_LE(counters.concealed_samples, 48U * 30) << "only before the first silence came";
  auto heard = call.heard();
  EXPECT_EQ(std::count_if(heard.begin(), heard.end(), [](int value) { return value >= 500; }), 99);
  EXPECT_LE(call.delivered.back().block.delay, milliseconds(15));
}

TEST(JitterBuffer, DriftOfTheSendersClockIsFollowed) {
  for (int ppm : {500, -500}) {
    Call call;
    for (int i = 0; i < 15'000; ++i)
      call.packet(i, std::chrono::nanoseconds(std::int64_t{i} * 20 * ppm + 200'000'000));
    call.run_for_ms(299'000);
    const auto& counters = call.buffer.counters();
    EXPECT_LE(counters.concealed_samples, 48'000U / 2) << ppm;
    EXPECT_EQ(counters.resyncs, 0U) << ppm;
    EXPECT_LE(call.delivered.back().block.delay, milliseconds(12)) << ppm;
    EXPECT_EQ(counters.overflows, 0U);
  }
}

TEST(JitterBuffer, TheBufferIsBoundedAndDropsTheOldest) {
  Call call({}, false);
  for (int i = 0; i < 3000; ++i) call.packet(i);
  call.run_for_ms(60'000);
  call.buffer.set_reading(true, call.now);
  // All of these come within a millisecond: 4 s of audio.
  for (int i = 3000; i < 3200; ++i) call.packet(i, milliseconds(4000 - 20 * (i - 3000)));
  call.run_for_ms(6000);
  EXPECT_GT(call.buffer.counters().overflows + call.buffer.counters().late, 50U);
}

TEST(JitterBuffer, AnOversleptCallerGetsThreeBlocksAtMostAndLosesNoAudio) {
  Call call;
  for (int i = 0; i < 20; ++i) call.packet(i);
  call.run_for_ms(390);
  auto before = call.delivered.size();
  auto missed_before = call.buffer.counters().missed_ticks;
  // Packets keep coming while nobody ticks.
  for (int i = 20; i < 30; ++i)
    call.buffer.insert({.ssrc = 7,
                        .sequence = i,
                        .rtp_time = 1000 + i * 960,
                        .arrival = Call::kStart + milliseconds(20 * i),
                        .payload = fake_payload(i + 1)},
                       Call::kStart + milliseconds(590));
  call.now = Call::kStart + milliseconds(590);
  call.run_until(call.now);
  EXPECT_LE(call.delivered.size() - before, 3U);
  EXPECT_GT(call.buffer.counters().missed_ticks, missed_before);
  call.run_for_ms(250);
  EXPECT_EQ(call.heard(), count_from(1, 30));
}

TEST(JitterBuffer, ACallerThatOversleptMayReadItsSocketFirst) {
  Call call;
  for (int i = 0; i < 20; ++i) call.packet(i);
  call.run_for_ms(395);
  auto woke = Call::kStart + milliseconds(415);
  Block block;
  while (call.buffer.pull(woke, block)) EXPECT_EQ(block.concealed, 0U);
  EXPECT_GT(*call.buffer.next_deadline(), woke);
  call.buffer.insert({.ssrc = 7,
                      .sequence = 20,
                      .rtp_time = 1000 + 20 * 960,
                      .arrival = Call::kStart + milliseconds(400),
                      .payload = fake_payload(21)},
                     woke + microseconds(100));
  ASSERT_TRUE(call.buffer.pull(woke + microseconds(100), block));
  EXPECT_EQ(block.provenance, kNormal);
  EXPECT_EQ(call.buffer.counters().concealed_samples, 0U);
}

TEST(JitterBuffer, TheEndPlaysWhatIsHereAtItsPaceAndNoLonger) {
  Call call({.min_delay = milliseconds(200)});
  for (int i = 0; i < 50; ++i) call.packet(i);
  call.run_for_ms(981);
  auto ended = call.now;
  call.buffer.finish(call.now);
  EXPECT_FALSE(call.buffer.drained());
  call.run_for_ms(1000);
  EXPECT_TRUE(call.buffer.drained());
  EXPECT_EQ(call.heard(), count_from(1, 50));
  EXPECT_LE(call.delivered.back().at - ended, milliseconds(81));
  EXPECT_GE(call.delivered.back().at - ended, milliseconds(79)) << "not in one burst";
  EXPECT_FALSE(call.buffer.next_deadline());
}

TEST(JitterBuffer, AnEndWithoutAudioIsImmediate) {
  Call call;
  call.run_for_ms(50);
  call.buffer.finish(call.now);
  EXPECT_TRUE(call.buffer.drained());
  Call unread({}, false);
  unread.packet(0);
  unread.run_for_ms(10);
  unread.buffer.finish(unread.now);
  EXPECT_TRUE(unread.buffer.drained());
}

TEST(JitterBuffer, PacketsOfAnyLengthPlay) {
  for (int quarters : {1, 2, 4, 8, 16, 24, 48}) {
    Call call;
    auto ticks = quarters * 120;
    for (int i = 0; i < 100; ++i)
      call.packet_at(Call::kStart + microseconds(2500 * quarters * i), i, std::int64_t{i} * ticks,
                     fake_payload(i + 1, 0, quarters));
    call.run_until(Call::kStart + microseconds(2500 * quarters * 100));
    const auto& counters = call.buffer.counters();
    EXPECT_EQ(counters.lost_slots, 0U) << quarters;
    EXPECT_EQ(counters.concealed_samples, 0U) << quarters;
    EXPECT_GE(call.heard().back(), quarters < 4 ? 95 : 99) << quarters;
  }
}

TEST(JitterBuffer, UndecodablePacketsAreConcealedAndTenResetTheDecoder) {
  Call call;
  for (int i = 0; i < 40; ++i) call.packet(i);
  call.run_for_ms(390);
  call.decoder.refuse = true;
  call.run_for_ms(100);
  EXPECT_EQ(call.decoder.resets, 0);
  call.run_for_ms(200);
  EXPECT_EQ(call.decoder.resets, 1);
  EXPECT_GE(call.buffer.counters().decode_errors, 10U);
  EXPECT_GT(call.buffer.counters().concealed_samples, 0U);
  call.decoder.refuse = false;
  call.run_for_ms(90);
  EXPECT_GT(call.delivered.back().value, 30);
}

TEST(JitterBuffer, MalformedPayloadsAreAsGoodAsLost) {
  Call call;
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 5)
      call.packet_at(Call::kStart + milliseconds(20 * i), i, 1000 + i * 960, {});
    else
      call.packet(i);
  }
  call.run_for_ms(980);
  EXPECT_EQ(call.buffer.counters().decode_errors, 5U);
  EXPECT_EQ(call.buffer.counters().lost_slots, 5U);
}

TEST(JitterBuffer, RedundancyStandsInForALostPacket) {
  Call call;
  call.buffer.set_reading(true, call.now);
  auto red = [](std::vector<std::byte> before, std::vector<std::byte> own) {
    // F=1, PT 111 | offset 960 (14 bits), length (10 bits) | F=0, PT 111
    std::uint32_t header = 0xEFU << 24 | 960U << 10 | static_cast<std::uint32_t>(before.size());
    std::vector<std::byte> payload;
    for (int shift = 24; shift >= 0; shift -= 8)
      payload.push_back(std::byte(header >> shift & 255));
    payload.push_back(std::byte{111});
    payload.insert(payload.end(), before.begin(), before.end());
    payload.insert(payload.end(), own.begin(), own.end());
    return payload;
  };
  for (int i = 0; i < 200; ++i) {
    auto at = Call::kStart + milliseconds(20 * i);
    call.run_until(at);
    if (i % 10 == 7) continue;
    auto payload = red(fake_payload(i), fake_payload(i + 1));
    call.buffer.insert({.ssrc = 7,
                        .sequence = i,
                        .rtp_time = std::int64_t{i} * 960,
                        .arrival = at,
                        .red = true,
                        .red_type = 111,
                        .payload = payload},
                       at);
  }
  EXPECT_EQ(call.heard().front(), 1) << "not the redundancy before the first packet";
  auto heard = call.heard();
  EXPECT_EQ(heard, count_from(1, heard.back()));
  const auto& counters = call.buffer.counters();
  EXPECT_GE(counters.red_recoveries, 18U);
  EXPECT_GE(counters.fec_packets_discarded, 150U) << "what was there already";
  EXPECT_LE(counters.fec_packets_discarded, 180U);
  EXPECT_EQ(counters.late, 0U);
  EXPECT_LE(call.worst_delay(0), milliseconds(25));
}

TEST(JitterBuffer, CountersOnlyGrow) {
  Call call;
  base::SeededRandom random(9);
  for (int i = 0; i < 3000; ++i)
    if (random.uniform() > 0.1)
      call.packet(i, microseconds(static_cast<int>(random.uniform() * 60'000)));
  std::uint64_t concealed = 0;
  std::uint64_t received = 0;
  for (int i = 0; i < 600; ++i) {
    call.run_for_ms(100);
    const auto& counters = call.buffer.counters();
    ASSERT_GE(counters.concealed_samples, concealed);
    ASSERT_GT(counters.total_samples_received, received);
    concealed = counters.concealed_samples;
    received = counters.total_samples_received;
  }
  EXPECT_NEAR(static_cast<double>(received), 48'000.0 * 60, 48'000);
}

TEST(JitterBuffer, ManyOldPacketsAtOnceDoNoHarm) {
  Call call;
  for (int i = 0; i < 3000; ++i) call.packet(i);
  // A thousand packets of the past, spread over the stream.
  for (int i = 1000; i < 2000; ++i) call.packet(i, seconds(20));
  call.run_for_ms(59'900);
  EXPECT_EQ(call.heard(), count_from(1, call.heard().back()));
  EXPECT_EQ(call.buffer.counters().resyncs, 0U);
  EXPECT_GE(call.heard().back(), 2990);
}

}  // namespace
}  // namespace sidetone::jitter
