// A sender and a receiver with a bad network between, on virtual time.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/rtp/packet.hpp"
#include "core/rtp/receiver.hpp"
#include "core/rtp/reporter.hpp"
#include "core/rtp/sender.hpp"

namespace {
std::size_t allocations = 0;  // of this test program, which has one thread
}

// Not inlined: GCC would match free() against new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace sidetone::rtp {
namespace {

using namespace std::chrono_literals;

struct Network {
  double loss = 0;
  double duplicate = 0;
  base::Duration delay = 20ms;
  base::Duration jitter = 0ms;
};

class Link {
 public:
  Link(Network network, std::uint64_t seed) : network_(network), random_(seed) {
    reporter_.start(now_);
  }

  // 20 ms packets for so long, then silence until everything on the way has arrived.
  void run(base::Duration duration) {
    auto end = now_ + duration;
    auto next_packet = now_;
    while (now_ < end + 1s) {
      if (next_packet <= now_ && now_ < end) {
        send_audio();
        next_packet += 20ms;
      }
      deliver();
      deadlines();
      now_ += 1ms;
    }
  }

  std::map<std::int64_t, int> heard;
  std::int64_t sent = 0;
  std::uint64_t fingerprint = 0;

  const Sender& sender() const { return sender_; }

  const Receiver& receiver() const { return receiver_; }

  bool rtp_time_is_right = true;

 private:
  void travel(bool to_receiver, base::Bytes bytes) {
    int copies = random_.uniform() < network_.duplicate ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (random_.uniform() < network_.loss) continue;
      auto late = base::Duration(static_cast<std::int64_t>(
          random_.uniform() * static_cast<double>(network_.jitter.count())));
      on_the_way_.emplace(now_ + network_.delay + late,
                          std::pair(to_receiver, base::Packet(bytes)));
    }
  }

  void send_audio() {
    base::Packet packet;
    OutgoingAudio audio{
        .rtp_time = sent++ * 960, .captured = now_, .payload = base::as_bytes("twenty ms")};
    ASSERT_TRUE(sender_.send(audio, now_, packet));
    sender_.sent(packet);
    travel(true, packet.bytes());
  }

  void deliver() {
    while (!on_the_way_.empty() && on_the_way_.begin()->first <= now_) {
      auto [to_receiver, packet] = on_the_way_.begin()->second;
      on_the_way_.erase(on_the_way_.begin());
      for (auto byte : packet.bytes()) fingerprint = fingerprint * 31 + static_cast<unsigned>(byte);
      if (is_rtcp(packet.bytes())) {
        hear_rtcp(packet.bytes());
      } else {
        receiver_.on_packet(*parse_packet(packet.bytes()), now_, received_);
      }
    }
    for (const auto& packet : received_) {
      ++heard[packet.sequence - 65000];
      rtp_time_is_right &= packet.rtp_time == 4294000000 + (packet.sequence - 65000) * 960;
    }
    received_.clear();
  }

  void hear_rtcp(base::Bytes bytes) {
    base::Outbox<RtcpItem> items;
    EXPECT_TRUE(parse_rtcp(bytes, items).valid);
    for (const auto& item : items) {
      if (const auto* report = std::get_if<SenderReport>(&item))
        receiver_.on_sender_report(*report, now_);
      if (const auto* block = std::get_if<ReportBlock>(&item))
        sender_.on_report_block(*block, now_);
      if (const auto* nack = std::get_if<Nack>(&item)) {
        base::Outbox<base::Bytes> again;
        sender_.on_nack(*nack, now_, again);
        for (auto packet : again) travel(true, packet);
      }
    }
  }

  void deadlines() {
    base::Outbox<base::Packet> rtcp;
    sender_.on_deadline(now_, rtcp);
    for (const auto& packet : rtcp.take()) travel(true, packet.bytes());
    if (base::is_due(receiver_.next_deadline(), now_)) receiver_.on_deadline(now_, rtcp);
    Receiver* receivers[] = {&receiver_};
    reporter_.on_deadline(now_, receivers, rtcp);
    for (const auto& packet : rtcp) travel(false, packet.bytes());
  }

  Network network_;
  base::SeededRandom random_;
  base::Instant now_ = base::Instant{} + 1h;
  Sender sender_{{.ssrc = 7,
                  .cname = "a",
                  .nack = true,
                  .initial_sequence = 65000,
                  .initial_timestamp = 4294000000},
                 random_};
  Receiver receiver_{{.ssrc = 7, .nack = true}};
  Reporter reporter_{{.local_ssrc = 9, .cname = "b"}, random_};
  std::multimap<base::Instant, std::pair<bool, base::Packet>> on_the_way_;
  base::Outbox<ReceivedPacket> received_;
};

TEST(Link, EverythingArrivesOnceOverAGoodNetwork) {
  Link link({}, 1);
  link.run(60s);
  EXPECT_EQ(link.heard.size(), 3000U);
  for (auto [n, times] : link.heard) EXPECT_EQ(times, 1) << n;
  EXPECT_TRUE(link.rtp_time_is_right);
  EXPECT_EQ(link.receiver().stats().packets_lost, 0);
  EXPECT_EQ(link.receiver().stats().nacks_sent, 0U);
  EXPECT_EQ(link.sender().stats().fraction_lost, 0);
  ASSERT_TRUE(link.sender().stats().rtt);
  EXPECT_NEAR(static_cast<double>(*link.sender().stats().rtt / 1us), 40'000, 1000);
}

TEST(Link, LossIsRepairedAndNothingIsHeardTwice) {
  Link link({.loss = 0.1, .duplicate = 0.05, .delay = 20ms, .jitter = 30ms}, 2);
  link.run(60s);
  EXPECT_GE(link.heard.size(), 2980U) << "a tenth was lost, hardly any for good";
  for (auto [n, times] : link.heard) EXPECT_EQ(times, 1) << n;
  EXPECT_TRUE(link.rtp_time_is_right);
  EXPECT_GT(link.receiver().stats().recovered, 250U);
  EXPECT_GT(link.receiver().stats().duplicates, 100U);
  // Loss after the last packet that arrived cannot be seen.
  EXPECT_NEAR(static_cast<double>(link.receiver().stats().packets_lost),
              3000.0 - static_cast<double>(link.heard.size()), 3);
}

TEST(Link, TheSameSeedGivesTheSameBytes) {
  Network network{.loss = 0.05, .duplicate = 0.02, .delay = 20ms, .jitter = 40ms};
  Link a(network, 3);
  Link b(network, 3);
  Link c(network, 4);
  for (auto* link : {&a, &b, &c}) link->run(10s);
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_NE(a.fingerprint, c.fingerprint);
}

TEST(Link, APacketCostsNoAllocation) {
  base::SeededRandom random(1);
  Sender sender({.ssrc = 7, .cname = "a", .nack = true, .level_extension_id = 1}, random);
  Receiver receiver({.ssrc = 7, .nack = true, .level_extension_id = 1});
  base::Outbox<ReceivedPacket> received;
  base::Outbox<base::Packet> rtcp;
  base::Outbox<RtcpItem> items;
  base::Outbox<base::Bytes> again;
  auto turn = [&](int i) {
    auto now = base::Instant{} + i * 20ms;
    base::Packet packet;
    OutgoingAudio audio{.rtp_time = i * 960,
                        .captured = now,
                        .level = AudioLevel{.level = 20, .voice = true},
                        .payload = base::as_bytes("twenty ms")};
    sender.send(audio, now, packet);
    sender.sent(packet);
    sender.on_deadline(now, rtcp);
    if (i % 10 != 3) receiver.on_packet(*parse_packet(packet.bytes()), now, received);
    receiver.on_deadline(now, rtcp);
    receiver.take_report_block(now);
    for (const auto& report : rtcp) parse_rtcp(report.bytes(), items);
    for (const auto& item : items)
      if (const auto* nack = std::get_if<Nack>(&item)) sender.on_nack(*nack, now, again);
    received.clear();
    rtcp.clear();
    items.clear();
    again.clear();
  };
  for (int i = 0; i < 2000; ++i) turn(i);  // until every outbox has seen its fullest turn
  auto before = allocations;
  for (int i = 2000; i < 8000; ++i) turn(i);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_GT(sender.stats().retransmitted, 400U);
  EXPECT_GT(before, 0U) << "the counter counts";
}

}  // namespace
}  // namespace sidetone::rtp
