#include "core/media/stream_pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "core/base/seeded_random.hpp"
#include "core/codec/opus_encoder.hpp"
#include "core/codec/tone_test.hpp"
#include "core/media/passthrough_codec.hpp"
#include "core/rtp/packet.hpp"

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant kStart{seconds(50)};

struct Heard {
  StreamFrame frame;
  std::vector<std::int16_t> samples;
};

// A stream on virtual time and an encoder that speaks to it.
class Call {
 public:
  explicit Call(const StreamOptions& options,
                std::unique_ptr<audio::Encoder> encoder = nullptr,
                std::unique_ptr<audio::Decoder> decoder = nullptr,
                codec::EncoderOptions voice = {.dtx = false})
      : pipeline(options, std::move(decoder)),
        options_(options),
        voice_(voice),
        encoder_(std::move(encoder)) {
    if (!encoder_) encoder_ = codec::OpusEncoder::create(voice).value();
    pipeline.set_reading(true, kStart);
  }

  // The i-th packet of a tone, sent at 20 i ms.
  void tone(int i, base::Duration delay = {}) {
    auto samples = voice_.sample_rate / 50;
    auto pcm =
        codec::test_tone(voice_.sample_rate, voice_.channels, samples, std::size_t{samples} * i);
    auto& packet = packets_.emplace_back();
    packet.ssrc = ssrc;
    packet.sequence = i;
    packet.rtp_time = first_time + std::int64_t{i} * 960;
    packet.payload_type = 111;
    packet.clock = clock;
    packet.arrival = kStart + milliseconds(20 * i) + delay;
    packet.payload.resize(encoder_->encode(pcm, packet.payload.storage()).value());
  }

  void run_until(base::Instant end) {
    std::stable_sort(packets_.begin(), packets_.end(),
                     [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
    while (true) {
      auto arrival = packets_.empty() ? base::Deadline{} : packets_.front().arrival;
      auto next = base::earliest(pipeline.next_deadline(), arrival);
      if (!next || *next > end) break;
      now = std::max(now, *next);
      if (arrival == next) {
        pipeline.on_packet(packets_.front(), now);
        packets_.pop_front();
      } else {
        tick();
      }
    }
    now = end;
  }

  void run_for_ms(int ms) { run_until(now + milliseconds(ms)); }

  std::vector<std::int16_t> all() const {
    std::vector<std::int16_t> result;
    for (const auto& each : heard)
      result.insert(result.end(), each.samples.begin(), each.samples.end());
    return result;
  }

  StreamPipeline pipeline;
  std::vector<Heard> heard;
  base::Instant now = kStart;
  std::uint32_t ssrc = 3;
  std::int64_t first_time = 0;
  std::optional<rtp::ClockMapping> clock;

 private:
  void tick() {
    out_.clear();
    pipeline.on_deadline(now, out_);
    for (const auto& frame : out_.frames) {
      auto samples = out_.of(frame, options_.channels);
      heard.push_back({frame, {samples.begin(), samples.end()}});
    }
  }

  StreamOptions options_;
  codec::EncoderOptions voice_;
  std::array<std::vector<std::int16_t>, 50> second_;
  std::unique_ptr<audio::Encoder> encoder_;
  std::deque<rtp::ReceivedPacket> packets_;
  StreamOutput out_;
};

TEST(StreamPipeline, AToneKeepsFrequencyAndLevelAtEveryRate) {
  for (std::uint32_t rate : {8000U, 11025U, 16000U, 22050U, 24000U, 44100U, 48000U, 96000U}) {
    Call call({.sample_rate = rate});
    for (int i = 0; i < 150; ++i) call.tone(i);
    call.run_for_ms(2990);
    auto all = call.all();
    auto steady = std::span<const std::int16_t>(all).subspan(rate, rate);
    EXPECT_NEAR(codec::amplitude(steady, 1, 0, 440, rate), 11000, 600) << rate;
    for (std::size_t i = 1; i <= call.heard.size(); ++i)
      ASSERT_EQ(call.heard[i - 1].frame.samples, i * rate / 100 - (i - 1) * rate / 100);
  }
}

TEST(StreamPipeline, LeftAndRightStayApart) {
  Call call({.channels = 2}, nullptr, nullptr, {.channels = 2, .bitrate = 96000, .dtx = false});
  for (int i = 0; i < 100; ++i) call.tone(i);
  call.run_for_ms(1990);
  auto all = call.all();
  auto steady = std::span<const std::int16_t>(all).subspan(48000);
  EXPECT_GT(codec::amplitude(steady, 2, 0, 440, 48000), 10000);
  EXPECT_LT(codec::amplitude(steady, 2, 0, 1000, 48000), 500);
  EXPECT_GT(codec::amplitude(steady, 2, 1, 1000, 48000), 10000);
  EXPECT_LT(codec::amplitude(steady, 2, 1, 440, 48000), 500);
}

TEST(StreamPipeline, MonoIsCopiedToEveryChannelAndStereoIsMixedDown) {
  Call wide({.channels = 4});
  for (int i = 0; i < 50; ++i) wide.tone(i);
  wide.run_for_ms(990);
  auto samples = wide.heard.back().samples;
  ASSERT_EQ(samples.size(), 1920U);
  for (std::size_t i = 0; i < 480; ++i)
    for (std::size_t c = 1; c < 4; ++c) ASSERT_EQ(samples[4 * i], samples[4 * i + c]);
  Call narrow({.channels = 1}, nullptr, nullptr, {.channels = 2, .bitrate = 96000, .dtx = false});
  for (int i = 0; i < 100; ++i) narrow.tone(i);
  narrow.run_for_ms(1990);
  auto all = narrow.all();
  auto steady = std::span<const std::int16_t>(all).subspan(48000);
  EXPECT_NEAR(codec::amplitude(steady, 1, 0, 440, 48000), 5500, 400);
  EXPECT_NEAR(codec::amplitude(steady, 1, 0, 1000, 48000), 5500, 400);
}

TEST(StreamPipeline, SamplesArriveExactlyAndInOrder) {
  Call call({.sample_rate = 16000}, make_passthrough_encoder(16000, 1),
            make_passthrough_decoder(16000, 1), {.sample_rate = 16000});
  for (int i = 0; i < 500; ++i) call.tone(i, milliseconds(i % 2));
  call.run_for_ms(9990);
  auto expected = codec::test_tone(16000, 1, 16000 * 9);
  auto all = call.all();
  // One block of silence leaves before the first packet's own tick.
  auto begin = std::find_if(call.heard.begin(), call.heard.end(), [](const auto& each) {
    return (each.frame.provenance & jitter::kNormal) != 0;
  });
  auto from = (begin - call.heard.begin()) * 160;
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), all.begin() + from));
}

TEST(StreamPipeline, AnHourLosesNothingAndDriftsNowhere) {
  Call call({.sample_rate = 22050}, make_passthrough_encoder(24000, 1),
            make_passthrough_decoder(24000, 1), {.sample_rate = 24000});
  std::uint64_t total = 0;
  std::uint64_t frames = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (int i = 0; i < 3000; ++i) call.tone(minute * 3000 + i);
    call.run_until(kStart + milliseconds(60'000 * (minute + 1) - 1));
    for (const auto& each : call.heard) total += each.frame.samples;
    frames += call.heard.size();
    call.heard.clear();
  }
  EXPECT_EQ(total, frames * 22050 / 100);
  EXPECT_NEAR(static_cast<double>(frames), 360'000, 2);
  const auto& counters = call.pipeline.counters();
  EXPECT_EQ(counters.concealed_samples, 0U);
  EXPECT_EQ(counters.late + counters.lost_slots + counters.resyncs, 0U);
}

TEST(StreamPipeline, ACleanStreamIsDeliveredWithinAMillisecond) {
  Call call({});
  for (int i = 0; i < 500; ++i) call.tone(i, milliseconds(30));
  call.run_for_ms(10'000);
  for (const auto& each : call.heard) {
    if (!each.frame.received_at) continue;
    auto half = (each.frame.rtp_time / 480 % 2) * milliseconds(10);
    ASSERT_LE(each.frame.delivered_at - *each.frame.received_at - half, milliseconds(1));
    ASSERT_LE(each.frame.delay, milliseconds(1));
  }
}

TEST(StreamPipeline, TheEndComesAfterTheBacklogAndTellsWhy) {
  Call call({});
  for (int i = 0; i < 50; ++i) call.tone(i, milliseconds(i < 45 ? 0 : 20 * (49 - i)));
  call.run_for_ms(981);
  auto ended_at = call.now;
  call.pipeline.end(EndReason::participant_left, call.now);
  call.pipeline.end(EndReason::closed, call.now);
  EXPECT_EQ(call.pipeline.ended(), EndReason::none);
  call.run_for_ms(200);
  EXPECT_EQ(call.pipeline.ended(), EndReason::participant_left);
  EXPECT_FALSE(call.pipeline.next_deadline());
  auto last = call.heard.back().frame;
  EXPECT_EQ(last.rtp_time, 49 * 960 + 480);
  EXPECT_LE(last.delivered_at - ended_at, milliseconds(100));
}

TEST(StreamPipeline, AnUnreadStreamEndsToo) {
  Call call({});
  call.pipeline.set_reading(false, call.now);
  for (int i = 0; i < 50; ++i) call.tone(i);
  call.run_for_ms(1000);
  EXPECT_TRUE(call.heard.empty());
  call.pipeline.end(EndReason::unpublished, call.now);
  call.run_for_ms(1);
  EXPECT_EQ(call.pipeline.ended(), EndReason::unpublished);
}

TEST(StreamPipeline, TracksFollowEachOtherWithSilenceBetween) {
  Call call({});
  for (int i = 0; i < 100; ++i) call.tone(i);
  call.run_for_ms(5000);
  call.ssrc = 4;
  call.first_time = 123'456'789;
  for (int i = 250; i < 350; ++i) call.tone(i);
  call.run_for_ms(2000);
  std::size_t silent = 0;
  for (std::size_t i = 0; i < call.heard.size(); ++i) {
    silent += call.heard[i].frame.provenance == jitter::kSilence ? 1 : 0;
    if (i > 0) {
      ASSERT_LE(call.heard[i].frame.delivered_at - call.heard[i - 1].frame.delivered_at,
                milliseconds(13));
    }
  }
  EXPECT_NEAR(static_cast<double>(silent), 200, 5);
  EXPECT_NEAR(static_cast<double>(call.heard.size()), 700, 3);
  auto all = call.all();
  auto steady = std::span<const std::int16_t>(all).last(48000);
  EXPECT_NEAR(codec::amplitude(steady, 1, 0, 440, 48000), 11000, 600);
}

TEST(StreamPipeline, ImmediateDeliveryHandsOutBothHalvesAtOnce) {
  Call call({.delivery = Delivery::immediate});
  for (int i = 0; i < 50; ++i)
    if (i != 30) call.tone(i);
  call.run_for_ms(1100);
  ASSERT_EQ(call.heard.size(), 98U);
  EXPECT_EQ(call.heard[0].frame.delivered_at, call.heard[1].frame.delivered_at);
  EXPECT_EQ(call.heard[60].frame.gap_before, 960U);
  EXPECT_EQ(call.heard[60].frame.rtp_time, 31 * 960);
}

TEST(StreamPipeline, FramesTellWhenTheyWereCaptured) {
  constexpr auto kUnix = seconds(1'700'000'000);
  for (std::uint32_t rate : {16000U, 22050U, 48000U}) {
    Call call({.sample_rate = rate});
    call.clock = rtp::ClockMapping{.ntp = rtp::to_ntp(kUnix), .rtp_time = 0, .at = kStart};
    for (int i = 0; i < 50; ++i) call.tone(i);
    call.run_until(kStart + milliseconds(1200));
    ASSERT_GT(call.heard.size(), 100U);
    for (const auto& [frame, samples] : call.heard) {
      ASSERT_EQ(frame.captured_at.has_value(), frame.received_at.has_value());
      if (!frame.captured_at) continue;
      // Packets are sent when they begin: the second half of one was captured later.
      auto travelled = *frame.received_at - kStart - (*frame.captured_at - kUnix);
      EXPECT_GE(travelled, milliseconds(-20)) << rate;
      EXPECT_LE(travelled, milliseconds(11)) << rate;
      auto rtp_time = rtp::to_ticks(*frame.captured_at - kUnix, 48'000);
      EXPECT_LE(std::abs(rtp_time - frame.rtp_time), 1);
    }
  }
}

TEST(StreamPipeline, ForeignPayloadTypesAreIgnored) {
  Call call({});
  rtp::ReceivedPacket packet;
  packet.payload_type = 13;
  call.pipeline.on_packet(packet, call.now);
  EXPECT_EQ(call.pipeline.ignored_packets(), 1U);
  EXPECT_EQ(call.pipeline.counters().packets_received, 0U);
}

TEST(StreamPipeline, LossReorderingAndDuplicatesLeaveAContinuousStream) {
  base::SeededRandom random(4);
  Call call({.sample_rate = 24000});
  for (int i = 0; i < 3000; ++i) {
    if (random.uniform() < 0.05) continue;
    auto delay = milliseconds(static_cast<int>(random.uniform() * 40));
    call.tone(i, delay);
  }
  call.run_for_ms(60'000);
  EXPECT_NEAR(static_cast<double>(call.heard.size()), 6000, 60);
  const auto& counters = call.pipeline.counters();
  EXPECT_LT(counters.concealed_samples, 48'000ULL * 60 / 5);
  EXPECT_EQ(counters.resyncs, 0U);
}

TEST(StreamPipeline, BadOptionsAreNamed) {
  EXPECT_EQ(StreamPipeline::check({}), "");
  EXPECT_NE(StreamPipeline::check({.sample_rate = 7999}), "");
  EXPECT_NE(StreamPipeline::check({.sample_rate = 192'001}), "");
  EXPECT_NE(StreamPipeline::check({.channels = 9}), "");
  EXPECT_NE(StreamPipeline::check({.frame_duration = milliseconds(2)}), "");
  EXPECT_NE(StreamPipeline::check({.jitter = {.min_delay = seconds(2)}}), "");
}

}  // namespace
}  // namespace sidetone::media
