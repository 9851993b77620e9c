#include "core/media/tap_buffer.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/send/pcm_packet.hpp"

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant kStart{seconds(50)};

struct Heard {
  std::int64_t at_ms = 0;
  std::int64_t rtp_time = 0;
  std::uint8_t provenance = 0;
  std::uint32_t gap_before = 0;
  std::vector<float> samples;
};

// A tap and a source that speaks numbers into it, on virtual time.
class Tap {
 public:
  explicit Tap(const TapOptions& options = {}, audio::Format format = {48'000, 1})
      : buffer(format, options), format_(format) {}

  // The slot'th packet, at its time or `late` ms after it.
  void speak(std::int64_t slot, std::int64_t late = 0, bool silence = false) {
    run_to(20 * slot + late);
    send::PcmPacket packet;
    packet.rtp_time = slot * 960;
    packet.length = milliseconds(20);
    packet.silence = silence;
    auto from = slot * format_.sample_rate / 50;
    auto until = (slot + 1) * format_.sample_rate / 50;
    for (auto i = from * format_.channels; i < until * format_.channels; ++i)
      packet.samples.push_back(static_cast<std::int16_t>(silence ? 0 : 1 + i % 30'000));
    give(packet);
  }

  void give(const send::PcmPacket& packet) {
    buffer.insert({packet, format_, std::exchange(first, false)}, now_);
    pull();
  }

  void run_to(std::int64_t ms) {
    auto until = kStart + milliseconds(ms);
    for (auto next = buffer.next_deadline(); next && *next <= until;
         next = buffer.next_deadline()) {
      now_ = std::max(now_, *next);
      pull();
    }
    now_ = std::max(now_, until);
  }

  void read() { buffer.set_reading(true, now_); }

  void finish() {
    buffer.finish(now_);
    pull();
  }

  std::vector<float> all() const {
    std::vector<float> result;
    for (const auto& each : heard)
      result.insert(result.end(), each.samples.begin(), each.samples.end());
    return result;
  }

  TapBuffer buffer;
  bool first = true;
  std::vector<Heard> heard;

 private:
  void pull() {
    jitter::Block block;
    while (buffer.pull(now_, block))
      heard.push_back({(now_ - kStart) / milliseconds(1),
                       block.rtp_time,
                       block.provenance,
                       block.gap_before,
                       {block.samples.begin(), block.samples.end()}});
  }

  audio::Format format_;
  base::Instant now_ = kStart;
};

// Whether `samples` are the source's from `from` on, none missing, none added.
bool are_numbers(const std::vector<float>& samples, std::int64_t from) {
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (samples[i] !=
        static_cast<float>(1 + (from + static_cast<std::int64_t>(i)) % 30'000) / 32768)
      return false;
  return !samples.empty();
}

TEST(TapBuffer, APacketIsHeardTenMillisecondsAtATimeAtItsPace) {
  Tap tap;
  tap.read();
  for (int slot = 0; slot < 10; ++slot) tap.speak(slot);
  tap.run_to(199);
  ASSERT_EQ(tap.heard.size(), 20U);
  for (std::size_t i = 0; i < tap.heard.size(); ++i) {
    EXPECT_EQ(tap.heard[i].at_ms, static_cast<std::int64_t>(10 * i));
    EXPECT_EQ(tap.heard[i].rtp_time, static_cast<std::int64_t>(480 * i));
    EXPECT_EQ(tap.heard[i].provenance, jitter::kNormal);
  }
  EXPECT_TRUE(are_numbers(tap.all(), 0));
}

TEST(TapBuffer, ALatePacketIsWaitedForAndCostsNoSampleAndNoDelayAfterwards) {
  Tap tap;
  tap.read();
  tap.speak(0);
  tap.speak(1, 55);  // the process was busy; slots 2 and 3 follow on the spot
  tap.speak(2, 35);
  tap.speak(3, 15);
  tap.speak(4);
  tap.speak(5);
  tap.run_to(119);
  EXPECT_TRUE(are_numbers(tap.all(), 0));
  EXPECT_EQ(tap.heard.size(), 12U);
  EXPECT_EQ(tap.heard[8].at_ms, 80);
  EXPECT_EQ(tap.heard[9].at_ms, 90);
}

TEST(TapBuffer, APauseIsSilenceInRealTimeAndTheTimelineStaysWhole) {
  Tap tap;
  tap.read();
  tap.speak(0);
  tap.run_to(500);
  EXPECT_NEAR(static_cast<double>(tap.heard.size()), 50, 1) << "continuous";
  EXPECT_EQ(tap.heard[2].at_ms, 100) << "not before a late packet would have come";
  EXPECT_EQ(tap.heard[2].provenance, jitter::kSilence);
  tap.speak(30);
  tap.run_to(619);
  std::int64_t next = 0;
  for (const auto& each : tap.heard) {
    EXPECT_EQ(each.rtp_time, next);
    next += static_cast<std::int64_t>(each.samples.size());
  }
  EXPECT_EQ(next, 31 * 960);
}

TEST(TapBuffer, SilenceDoesNotDriftAtAnyRate) {
  Tap tap({}, {22'050, 1});
  tap.read();
  tap.run_to(10'000);
  EXPECT_EQ(tap.all().size(), 220'500U);
}

TEST(TapBuffer, PacedReadingBeginsLiveAndImmediateWithTheLastTwoSeconds) {
  for (bool immediate : {false, true}) {
    Tap tap({.immediate = immediate});
    for (int slot = 0; slot < 150; ++slot) tap.speak(slot);
    EXPECT_TRUE(tap.heard.empty());
    tap.read();
    tap.run_to(2'999);
    if (immediate) {
      ASSERT_EQ(tap.heard.size(), 100U);
      EXPECT_TRUE(are_numbers(tap.all(), 50 * 960));
      EXPECT_EQ(tap.buffer.counters().overflows, 50U);
    } else {
      tap.speak(150);
      tap.run_to(3'019);
      EXPECT_EQ(tap.heard.back().rtp_time, 150 * 960 + 480);
    }
  }
}

TEST(TapBuffer, AReaderGetsAsMuchOfBeforeAsItAskedFor) {
  Tap tap({.immediate = true, .preroll = milliseconds(100)});
  for (int slot = 0; slot < 150; ++slot) tap.speak(slot);
  tap.read();
  tap.run_to(3'000);
  EXPECT_EQ(tap.heard.size(), 5U);
  EXPECT_TRUE(are_numbers(tap.all(), 145 * 960));
}

TEST(TapBuffer, ImmediateDeliversPacketsAtOnceAndSilenceAsAGap) {
  Tap tap({.immediate = true});
  tap.read();
  tap.speak(0);
  tap.speak(1, 0, true);
  tap.speak(2, 0, true);
  tap.speak(3);
  ASSERT_EQ(tap.heard.size(), 2U);
  EXPECT_EQ(tap.heard[0].samples.size(), 960U);
  EXPECT_EQ(tap.heard[1].at_ms, 60);
  EXPECT_EQ(tap.heard[1].gap_before, 2U * 960);
}

TEST(TapBuffer, MuteIsSilenceUnlessTheAudioAheadOfItIsWanted) {
  for (bool hear_muted : {false, true}) {
    Tap tap({.hear_muted = hear_muted});
    tap.read();
    send::PcmPacket muted;
    muted.length = milliseconds(20);
    muted.silence = true;
    muted.muted = true;
    muted.on_wire = false;
    muted.samples.assign(960, 0);
    muted.unmuted.assign(960, 77);
    tap.give(muted);
    tap.run_to(15);
    ASSERT_EQ(tap.heard.size(), 2U);
    EXPECT_EQ(tap.heard[0].provenance, hear_muted ? jitter::kNormal : jitter::kSilence);
    EXPECT_EQ(tap.heard[0].samples[5], hear_muted ? 77.0F / 32768 : 0.0F);
  }
}

TEST(TapBuffer, AnotherTrackBeginsAFreshTimeline) {
  Tap tap({.immediate = true});
  tap.read();
  tap.speak(0);
  tap.first = true;
  tap.speak(40);
  EXPECT_EQ(tap.heard.back().gap_before, 0U);
}

TEST(TapBuffer, TheEndComesAfterWhatIsThere) {
  Tap tap;
  tap.read();
  tap.speak(0);
  EXPECT_EQ(tap.heard.size(), 1U);
  tap.finish();
  EXPECT_EQ(tap.heard.size(), 2U);
  EXPECT_TRUE(tap.buffer.drained());
  EXPECT_FALSE(tap.buffer.next_deadline());
  tap.speak(1);
  EXPECT_EQ(tap.heard.size(), 2U) << "nothing follows the end";
}

TEST(TapBuffer, ASuspendedProcessIsNotFlooded) {
  Tap tap;
  tap.read();
  jitter::Block block;
  int blocks = 0;
  while (tap.buffer.pull(kStart + seconds(3600), block)) ++blocks;
  EXPECT_LE(blocks, 2);
}

}  // namespace
}  // namespace sidetone::media
