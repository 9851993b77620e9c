#include "shell/udp_socket.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <vector>

#include "shell/allocation_count_test.hpp"
#include "shell/local_addresses.hpp"

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const base::Endpoint kAny4{*base::Address::parse("127.0.0.1"), 0};
const base::Endpoint kAny6{*base::Address::parse("::1"), 0};

struct Seen {
  base::Endpoint local;
  base::Endpoint remote;
  base::Instant arrival;
  std::string text;
};

class UdpSocketTest : public testing::Test {
 protected:
  std::shared_ptr<UdpSocket> open(const base::Endpoint& local, const UdpOptions& options = {}) {
    auto socket = UdpSocket::open(runtime_.loop()->make_strand(), local, options).value();
    opened_.push_back(socket);
    return socket;
  }

  void collect(const std::shared_ptr<UdpSocket>& socket) {
    socket->start([this](UdpSocket&, std::span<const ArrivedDatagram> batch) {
      batches_.push_back(batch.size());
      for (const auto& each : batch)
        seen_.push_back(
            {each.local, each.remote, each.arrival, std::string(base::as_text(each.bytes))});
    });
  }

  static void send(const std::shared_ptr<UdpSocket>& from,
                   const base::Endpoint& to,
                   std::string_view text) {
    from->add(from->local(), to, base::as_bytes(text));
    from->flush();
  }

  template <class Condition>
  bool run_until(Condition condition) {
    auto end = std::chrono::steady_clock::now() + 5s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      host_.restart();
      host_.run_one_for(50ms);
    }
    return condition();
  }

  ~UdpSocketTest() override {
    for (auto& socket : opened_) socket->close();
    host_.restart();
    host_.poll();
  }

  asio::io_context host_{1};
  Runtime runtime_{host_.get_executor()};
  std::vector<std::shared_ptr<UdpSocket>> opened_;
  std::vector<Seen> seen_;
  std::vector<std::size_t> batches_;
};

TEST_F(UdpSocketTest, CarriesDatagramsInOrder) {
  for (const auto& any : {kAny4, kAny6}) {
    if (any.address.is_v6() && !UdpSocket::open(runtime_.loop()->make_strand(), any)) continue;
    seen_.clear();
    auto to = open(any);
    auto from = open(any);
    collect(to);
    std::vector<std::string> texts;
    for (int i = 0; i < 100; ++i) texts.push_back("datagram " + std::to_string(i));
    for (const auto& text : texts) from->add(from->local(), to->local(), base::as_bytes(text));
    from->flush();
    ASSERT_TRUE(run_until([&] { return seen_.size() == 100; }));
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(seen_[i].text, texts[i]);
    EXPECT_EQ(seen_[0].remote, from->local());
    EXPECT_EQ(seen_[0].local, to->local());
    EXPECT_EQ(from->counters().sent, 100U);
    EXPECT_EQ(to->counters().received, 100U);
  }
}

TEST_F(UdpSocketTest, WhatWaitsIsReadInBatches) {
  auto to = open(kAny4);
  auto from = open(kAny4);
  for (int i = 0; i < 80; ++i) send(from, to->local(), "x");
  collect(to);
  ASSERT_TRUE(run_until([&] { return seen_.size() == 80; }));
  EXPECT_EQ(batches_, (std::vector<std::size_t>{32, 32, 16}));
}

TEST_F(UdpSocketTest, ArrivalIsWhenTheKernelGotItNotWhenWeReadIt) {
  auto to = open(kAny4);
  auto from = open(kAny4);
  collect(to);
  base::Instant before;
  base::Instant after;
  // The first socket of a machine that asks for stamps may have to wait for them a moment.
  for (int attempt = 0; attempt < 20; ++attempt) {
    seen_.clear();
    before = now();
    send(from, to->local(), "x");
    after = now();
    ::usleep(20'000);  // a reader that is late
    ASSERT_TRUE(run_until([&] { return seen_.size() == 1; }));
    if (seen_[0].arrival <= after + 5ms) break;
  }
  EXPECT_GE(seen_[0].arrival, before - 1ms);
  EXPECT_LE(seen_[0].arrival, after + 5ms);
}

TEST_F(UdpSocketTest, WildcardTellsAndUsesTheAddressThatWasAddressed) {
  auto server = open({base::Address(), 0});
  auto client = open(kAny4);
  base::Endpoint second{*base::Address::parse("127.0.0.2"), server->local().port};
  server->start([&](UdpSocket& socket, std::span<const ArrivedDatagram> batch) {
    for (const auto& each : batch) {
      EXPECT_EQ(each.local, second);
      socket.add(each.local, each.remote, each.bytes);
    }
    socket.flush();
  });
  collect(client);
  send(client, second, "hello");
  ASSERT_TRUE(run_until([&] { return seen_.size() == 1; }));
  EXPECT_EQ(seen_[0].remote, second);
}

TEST_F(UdpSocketTest, OversizedDatagramsAreDroppedAndCounted) {
  auto to = open(kAny4);
  auto from = open(kAny4);
  collect(to);
  send(from, to->local(), std::string(base::kMaxPacketBytes + 1, 'x'));
  send(from, to->local(), std::string(base::kMaxPacketBytes, 'y'));
  ASSERT_TRUE(run_until([&] { return seen_.size() == 1; }));
  EXPECT_EQ(seen_[0].text.size(), base::kMaxPacketBytes);
  EXPECT_EQ(to->counters().oversized, 1U);
}

TEST_F(UdpSocketTest, NobodyListeningOrNoRouteDisturbsNobodyElse) {
  auto to = open(kAny4);
  auto from = open(kAny4);
  auto gone = open(kAny4);
  auto nowhere = gone->local();
  gone->close();
  collect(from);
  collect(to);
  from->add(from->local(), nowhere, base::as_bytes("a"));
  from->add(from->local(), {*base::Address::parse("192.0.2.1"), 9}, base::as_bytes("b"));
  from->add(from->local(), {*base::Address::parse("::1"), 9}, base::as_bytes("c"));
  from->add(from->local(), {to->local().address, 0}, base::as_bytes("d"));  // refused: port 0
  from->add(from->local(), to->local(), base::as_bytes("e"));
  from->flush();
  ASSERT_TRUE(run_until([&] { return !seen_.empty(); }));
  EXPECT_EQ(seen_[0].text, "e");
  EXPECT_GE(from->counters().unreachable, 2U);
}

TEST_F(UdpSocketTest, SecondOneOnAPortIsRefused) {
  auto first = open(kAny4);
  auto second = UdpSocket::open(runtime_.loop()->make_strand(), first->local());
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(second.error(), boost::system::errc::address_in_use);
}

TEST_F(UdpSocketTest, MayBeClosedWhileItHandsOut) {
  auto to = open(kAny4);
  auto from = open(kAny4);
  for (int i = 0; i < 100; ++i) send(from, to->local(), "x");
  to->start([&](UdpSocket& socket, std::span<const ArrivedDatagram> batch) {
    batches_.push_back(batch.size());
    socket.close();
  });
  ASSERT_TRUE(run_until([&] { return !batches_.empty(); }));
  host_.restart();
  host_.poll();
  EXPECT_EQ(batches_.size(), 1U);
}

TEST_F(UdpSocketTest, SteadyStateAllocatesNothing) {
  auto one = open(kAny4);
  auto other = open(kAny4);
  int received = 0;
  long warm = 0;
  long end = 0;
  auto echo = [&](UdpSocket& socket, std::span<const ArrivedDatagram> batch) {
    for (const auto& each : batch) socket.add(each.local, each.remote, each.bytes);
    socket.flush();
    received += static_cast<int>(batch.size());
    if (received == 100) warm = test::allocations();
    if (received == 1000) {
      end = test::allocations();
      host_.stop();
    }
  };
  one->start(echo);
  other->start(echo);
  send(one, other->local(), "ping");
  // Not run_for(): it gives Asio's cached memory back after each handler.
  asio::steady_timer limit(host_, 5s);
  limit.async_wait([&](error_code) { host_.stop(); });
  host_.run();
  ASSERT_GE(received, 1000);
  EXPECT_EQ(end, warm);
}

TEST(LocalAddresses, LoopbackOnRequestOnly) {
  auto all = local_addresses(Loopback::include);
  auto loopback = *base::Address::parse("127.0.0.1");
  EXPECT_NE(std::find(all.begin(), all.end(), loopback), all.end());
  for (const auto& address : local_addresses(Loopback::leave_out))
    EXPECT_FALSE(address.is_loopback());
}

}  // namespace
}  // namespace sidetone::shell
