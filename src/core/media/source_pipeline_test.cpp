#include "core/media/source_pipeline.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "core/codec/opus_decoder.hpp"
#include "core/codec/opus_packet.hpp"
#include "core/codec/tone_test.hpp"
#include "core/media/passthrough_codec.hpp"

namespace sidetone::media {
namespace {

using std::chrono::milliseconds;

// Slots of a paced source, 20 ms each, all due at once.
class ScriptedFeed final : public PcmFeed {
 public:
  explicit ScriptedFeed(audio::Format format) : format_(format) {}

  audio::Format format() const override { return format_; }

  base::Deadline next_deadline() const override {
    return packets.empty() ? base::Deadline{} : packets.front().due;
  }

  bool take(base::Instant now, send::PcmPacket& packet) override {
    if (packets.empty() || packets.front().due > now) return false;
    packet = packets.front();
    packets.pop_front();
    return true;
  }

  void configure(const send::SinkOptions& /*options*/, base::Instant /*now*/) override {}

  void set_sink(bool up, base::Instant /*now*/) override { sink = up; }

  void on_subscribed(base::Instant /*now*/) override { subscribed = true; }

  void set_muted(bool value, base::Instant /*now*/) override { muted = value; }

  void set_tapped(bool value, base::Instant /*now*/) override { tapped = value; }

  bool closed() const override { return is_closed; }

  send::PcmPacket& add(std::int64_t slot) {
    auto& packet = packets.emplace_back();
    packet.rtp_time = slot * 960;
    packet.due = base::Instant(milliseconds(20 * slot));
    packet.length = milliseconds(20);
    return packet;
  }

  // The n-th packet's exact share of a tone.
  send::PcmPacket& add_tone(std::int64_t slot) {
    auto from = slot * format_.sample_rate / 50;
    auto to = (slot + 1) * format_.sample_rate / 50;
    auto& packet = add(slot);
    packet.samples = codec::test_tone(format_.sample_rate, format_.channels, to - from, from);
    return packet;
  }

  send::PcmPacket& add_silence(std::int64_t slot) {
    auto& packet = add(slot);
    packet.samples.assign(std::size_t{format_.sample_rate} / 50 * format_.channels, 0);
    packet.silence = true;
    return packet;
  }

  std::deque<send::PcmPacket> packets;
  bool sink = false;
  bool subscribed = false;
  bool muted = false;
  bool tapped = false;
  bool is_closed = false;

 private:
  audio::Format format_;
};

constexpr base::Instant kEnd{std::chrono::hours(1)};

base::Outbox<EncodedAudio> run(SourcePipeline& pipeline) {
  base::Outbox<EncodedAudio> out;
  pipeline.on_deadline(kEnd, out);
  return out;
}

TEST(SourcePipeline, EveryPacketKeepsItsRtpTimeAndTellsItsCapture) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  for (int i = 0; i < 10; ++i) feed.add_tone(i).marker = i == 0;
  EXPECT_EQ(pipeline.next_deadline(), base::Instant{});
  auto out = run(pipeline);
  ASSERT_EQ(out.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(out[i].rtp_time, static_cast<std::int64_t>(i) * 960);
    EXPECT_EQ(out[i].captured, base::Instant(milliseconds(20 * i)) - milliseconds(20));
    EXPECT_EQ(out[i].marker, i == 0);
    EXPECT_EQ(codec::opus_duration(out[i].payload()), 960U);
  }
  EXPECT_EQ(pipeline.counters().packets, 10U);
}

TEST(SourcePipeline, ATonesLevelIsItsMeanSquare) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  feed.add_tone(0);
  feed.add_silence(1);
  auto out = run(pipeline);
  // A third of full scale: 20·log10(11000/32768) - 3 = -12.5 dB.
  EXPECT_NEAR(out[0].level, 12.5, 1);
  EXPECT_TRUE(out[0].voice);
  EXPECT_EQ(out[1].level, 127);
  EXPECT_FALSE(out[1].voice);
}

TEST(SourcePipeline, TheFirstSleepingPacketLeavesAndTheFollowingDoNot) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  for (int i = 0; i < 5; ++i) feed.add_tone(i);
  for (int i = 5; i < 100; ++i) feed.add_silence(i);
  feed.add_tone(100);
  auto out = run(pipeline);
  std::vector<std::int64_t> asleep;
  std::int64_t before = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].size <= 2) asleep.push_back(out[i].rtp_time / 960);
    EXPECT_EQ(out[i].marker, i > 0 && out[i].rtp_time != before + 960) << i;
    before = out[i].rtp_time;
  }
  // Ten to twelve awake, then one packet in, one refresh and one again every 400 ms.
  ASSERT_GE(asleep.size(), 3U);
  EXPECT_NEAR(static_cast<double>(asleep[0]), 15, 2);
  EXPECT_NEAR(static_cast<double>(asleep[1] - asleep[0]), 21, 1);
  EXPECT_LT(out.size(), 35U);
  EXPECT_EQ(out.back().rtp_time, 100 * 960);
  EXPECT_GT(pipeline.counters().suppressed, 60U);
  EXPECT_EQ(pipeline.counters().packets, out.size());
}

TEST(SourcePipeline, AKeepAliveLeavesAwake) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  for (int i = 0; i < 30; ++i) feed.add_silence(i);
  feed.add_silence(50).keep_alive = true;
  feed.add_silence(70).keep_alive = true;
  auto out = run(pipeline);
  ASSERT_GE(out.size(), 3U);
  EXPECT_EQ(out[out.size() - 2].rtp_time, 50 * 960);
  EXPECT_EQ(out.back().rtp_time, 70 * 960);
  EXPECT_GT(out.back().size, 2U);
  EXPECT_TRUE(out.back().marker);
}

TEST(SourcePipeline, WhatIsNotOnTheWireIsNotEncoded) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  feed.add_tone(0);
  for (int i = 1; i < 4; ++i) feed.add_silence(i).on_wire = false;
  feed.add_tone(4);
  auto out = run(pipeline);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_TRUE(out[1].marker);
  EXPECT_EQ(pipeline.counters().suppressed, 3U);
}

TEST(SourcePipeline, StereoNeverSleepsByDefault) {
  ScriptedFeed feed({48000, 2});
  SourcePipeline pipeline(feed, {.bitrate = 64000});
  for (int i = 0; i < 40; ++i) feed.add_silence(i);
  auto out = run(pipeline);
  EXPECT_EQ(out.size(), 40U);
  EXPECT_TRUE(pipeline.stereo());
  for (const auto& packet : out) EXPECT_GT(packet.size, 2U);
}

TEST(SourcePipeline, OddRatesKeepTheirPitchAndTheirPacketCount) {
  for (std::uint32_t rate : {8000U, 11025U, 22050U, 32000U, 44100U, 96000U}) {
    ScriptedFeed feed({rate, 1});
    SourcePipeline pipeline(feed, {.dtx = false});
    for (int i = 0; i < 100; ++i) feed.add_tone(i);
    auto out = run(pipeline);
    ASSERT_EQ(out.size(), 100U) << rate;
    auto decoder = codec::OpusDecoder::create(48000, 1).value();
    std::vector<float> pcm(audio::Decoder::kMaxSamples);
    std::vector<float> all;
    for (const auto& packet : out) {
      ASSERT_EQ(decoder->decode(packet.payload(), pcm).value(), 960U);
      all.insert(all.end(), pcm.begin(), pcm.begin() + 960);
    }
    auto steady = std::span<const float>(all).subspan(48000);
    EXPECT_NEAR(codec::amplitude(steady, 1, 0, 440, 48000), 11000.0 / 32768, 0.03) << rate;
  }
}

TEST(SourcePipeline, EveryIntegerRateFillsEveryPacket) {
  for (std::uint32_t rate = 8000; rate <= 192'000; rate += 4001) {
    ScriptedFeed feed({rate, 1});
    auto encoder_rate = codec::opus_rate_for(rate);
    SourcePipeline pipeline(feed, {}, make_passthrough_encoder(encoder_rate, 1));
    for (int i = 0; i < 100; ++i) feed.add_tone(i);
    ASSERT_EQ(run(pipeline).size(), 100U) << rate;
    ASSERT_EQ(pipeline.counters().encode_errors, 0U) << rate;
  }
}

TEST(SourcePipeline, ClearedAudioDoesNotRingOn) {
  ScriptedFeed feed({44100, 1});
  SourcePipeline pipeline(feed, {}, make_passthrough_encoder(48000, 1));
  for (int i = 0; i < 5; ++i) feed.add_tone(i);
  feed.add_silence(5).generation = 1;
  auto out = run(pipeline);
  ASSERT_EQ(out.size(), 6U);
  for (auto byte : out[5].payload().subspan(2)) ASSERT_EQ(byte, std::byte{0});
}

TEST(SourcePipeline, ReportedLossTurnsOnFecForSpeechOnly) {
  for (auto content : {Content::speech, Content::music}) {
    ScriptedFeed feed({48000, 1});
    SourcePipeline pipeline(feed, {.content = content, .dtx = false});
    for (int i = 0; i < 5; ++i) pipeline.set_loss(0.1, base::Instant(std::chrono::seconds(i)));
    for (int i = 0; i < 100; ++i) feed.add_tone(i);
    int with = 0;
    for (const auto& packet : run(pipeline))
      with += codec::opus_fec_duration(packet.payload()) != 0 ? 1 : 0;
    EXPECT_EQ(with > 10, content == Content::speech) << with;
  }
}

TEST(SourcePipeline, PassesControlOnToTheFeed) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  pipeline.set_sink(true, {});
  pipeline.on_subscribed({});
  pipeline.set_muted(true, {});
  EXPECT_TRUE(feed.sink);
  EXPECT_TRUE(feed.subscribed);
  EXPECT_TRUE(feed.muted);
}

TEST(SourcePipeline, BadOptionsAreNamed) {
  EXPECT_EQ(SourcePipeline::check({}), "");
  EXPECT_NE(SourcePipeline::check({.bitrate = 5}).find("5: 6000"), std::string::npos);
  EXPECT_NE(SourcePipeline::check({.packet_duration = milliseconds(40)}).find("10 or 20"),
            std::string::npos);
  EXPECT_NE(SourcePipeline::check({.complexity = 11}).find("11"), std::string::npos);
}

struct Listener final : PacketSink {
  void on_packet(const rtp::ReceivedPacket& /*packet*/, base::Instant /*now*/) override {}

  void on_pcm(const TappedPacket& tapped, base::Instant /*now*/) override {
    times.push_back(tapped.packet.rtp_time);
    firsts.push_back(tapped.first);
    rate = tapped.format.sample_rate;
  }

  void end(EndReason reason, base::Instant /*now*/) override { ended = reason; }

  std::vector<std::int64_t> times;
  std::vector<bool> firsts;
  std::uint32_t rate = 0;
  EndReason ended = EndReason::none;
};

TEST(SourcePipelineTaps, HearEveryPacketOnceAlsoThoseThatAreNotSent) {
  ScriptedFeed feed({22050, 1});
  SourcePipeline pipeline(feed, {});
  Listener ear;
  EXPECT_TRUE(pipeline.add_tap(ear, true, kEnd));
  EXPECT_TRUE(pipeline.add_tap(ear, true, kEnd)) << "once is enough";
  EXPECT_TRUE(feed.tapped);
  feed.add_tone(0);
  feed.add_silence(1).on_wire = false;
  run(pipeline);
  EXPECT_EQ(ear.times, (std::vector<std::int64_t>{0, 960}));
  EXPECT_EQ(ear.firsts, (std::vector{true, false}));
  EXPECT_EQ(ear.rate, 22050U) << "ahead of any conversion";
  pipeline.remove_tap(ear, kEnd);
  EXPECT_FALSE(feed.tapped);
  feed.add_tone(2);
  run(pipeline);
  EXPECT_EQ(ear.times.size(), 2U);
}

TEST(SourcePipelineTaps, EndWithTheFeedOrWithTheTrackUnlessTheirOwnerFollowsOn) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  Listener with_track;
  Listener by_owner;
  pipeline.add_tap(with_track, true, kEnd);
  pipeline.add_tap(by_owner, false, kEnd);
  run(pipeline);
  EXPECT_EQ(with_track.ended, EndReason::none);
  feed.is_closed = true;
  run(pipeline);
  EXPECT_EQ(with_track.ended, EndReason::closed);
  EXPECT_EQ(by_owner.ended, EndReason::none);
  EXPECT_FALSE(feed.tapped);
  Listener other;
  pipeline.add_tap(other, true, kEnd);
  pipeline.end_taps(EndReason::unpublished, kEnd);
  EXPECT_EQ(other.ended, EndReason::unpublished);
}

TEST(SourcePipelineTaps, AreBounded) {
  ScriptedFeed feed({48000, 1});
  SourcePipeline pipeline(feed, {});
  std::deque<Listener> ears(SourcePipeline::kMaxTaps);
  for (auto& ear : ears) EXPECT_TRUE(pipeline.add_tap(ear, true, kEnd));
  Listener more;
  EXPECT_FALSE(pipeline.add_tap(more, true, kEnd));
}

}  // namespace
}  // namespace sidetone::media
