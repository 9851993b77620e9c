#include "shell/sctp_host.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/sctp/association.hpp"
#include "core/sctp/library.hpp"

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Long against every timer of usrsctp, for slow machines and sanitizers.
constexpr auto kPatience = 30s;

bool eventually(const std::function<bool()>& condition) {
  auto end = now() + kPatience;
  while (!condition()) {
    if (now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// An association on a runtime's strand, its packets posted to the other end's.
class End : public std::enable_shared_from_this<End> {
 public:
  End(const Runtime& runtime, bool client)
      : loop_(runtime.loop()),
        strand_(loop_->make_strand()),
        host(SctpHost::join(loop_)),
        client_(client) {}

  ~End() {
    on_strand([this] { association_.reset(); });
  }

  static void connect(const std::shared_ptr<End>& a, const std::shared_ptr<End>& b) {
    a->other_ = b;
    b->other_ = a;
    for (const auto& end : {a, b}) end->on_strand([&end] { end->start(); });
  }

  void send(std::string text) {
    on_strand([&] {
      static_cast<void>(association_->send(channel_, true, base::as_bytes(text), out_));
      flush();
    });
  }

  std::atomic<int> lose = 0;  // so many of the next packets of this end
  std::atomic<int> opened = 0;
  std::atomic<int> received = 0;
  std::atomic<int> wakes = 0;

 private:
  void start() {
    sctp::Config config;
    config.dtls_client = client_;
    config.wake = [this, weak = weak_from_this()] {
      ++wakes;
      asio::post(strand_, [weak] {
        if (auto self = weak.lock(); self && self->association_) {
          self->association_->poll(now(), self->out_);
          self->flush();
        }
      });
    };
    association_.emplace(std::move(config));
    if (client_) channel_ = *association_->open_channel({"_reliable", true, {}, {}}, out_);
    association_->start(now(), out_);
    flush();
  }

  void flush() {
    for (auto& event : out_.events.take()) {
      opened += std::holds_alternative<sctp::ChannelOpened>(event) ? 1 : 0;
      received += std::holds_alternative<sctp::Message>(event) ? 1 : 0;
    }
    for (auto& packet : out_.packets.take()) {
      if (lose > 0) {
        --lose;
        continue;
      }
      if (auto other = other_.lock())
        asio::post(other->strand_, [weak = other_, packet] {
          if (auto to = weak.lock(); to && to->association_) {
            to->association_->on_packet(packet.bytes(), now(), to->out_);
            to->flush();
          }
        });
    }
  }

  void on_strand(const std::function<void()>& call) {
    if (loop_->ended() || loop_->on_media_thread()) return call();
    std::promise<void> done;
    asio::post(strand_, [&] {
      call();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::shared_ptr<Loop> loop_;
  Strand strand_;

 public:
  std::shared_ptr<SctpHost> host;

 private:
  bool client_;
  std::weak_ptr<End> other_;
  std::optional<sctp::Association> association_;
  sctp::ChannelId channel_ = 0;
  sctp::Outbox out_;
};

struct Pair {
  Pair(const Runtime& one, const Runtime& two)
      : client(std::make_shared<End>(one, true)), server(std::make_shared<End>(two, false)) {}

  bool connect() {
    End::connect(client, server);
    return eventually([&] { return client->opened == 1 && server->opened == 1; });
  }

  // A lost packet comes again only if somebody drives the timers.
  bool survives_loss() {
    auto before = server->received.load();
    client->lose = 1;
    client->send("lost at first");
    return eventually([&] { return server->received == before + 1; });
  }

  std::shared_ptr<End> client;
  std::shared_ptr<End> server;
};

TEST(SctpHost, OneRuntimeHasOneHost) {
  Runtime runtime;
  auto a = SctpHost::join(runtime.loop());
  EXPECT_EQ(SctpHost::join(runtime.loop()), a);
  Runtime other;
  EXPECT_NE(SctpHost::join(other.loop()), a);
}

TEST(SctpHost, DrivesOnlyWhileAssociationsExist) {
  Runtime runtime;
  auto host = SctpHost::join(runtime.loop());
  EXPECT_FALSE(host->driving());
  {
    Pair pair(runtime, runtime);
    ASSERT_TRUE(pair.connect());
    EXPECT_TRUE(host->driving());
    EXPECT_TRUE(pair.survives_loss());
  }
  EXPECT_TRUE(eventually([&] { return !host->driving(); }));
  Pair again(runtime, runtime);
  EXPECT_TRUE(again.connect());
  EXPECT_TRUE(again.survives_loss());
}

TEST(SctpHost, TwoRuntimesTalkAndOneOfThemDrives) {
  Runtime one;
  Runtime two;
  Pair pair(one, two);
  ASSERT_TRUE(pair.connect());
  EXPECT_NE(pair.client->host->driving(), pair.server->host->driving());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pair.survives_loss());
}

TEST(SctpHost, AnotherRuntimeTakesOverWhenTheDriverEnds) {
  auto first = std::make_unique<Runtime>();
  Runtime second;
  auto driver = SctpHost::join(first->loop());
  Pair of_first(*first, *first);
  ASSERT_TRUE(of_first.connect());
  ASSERT_TRUE(driver->driving());
  Pair pair(second, second);
  ASSERT_TRUE(pair.connect());
  EXPECT_FALSE(pair.client->host->driving());
  first.reset();
  EXPECT_FALSE(driver->driving());
  EXPECT_TRUE(eventually([&] { return pair.client->host->driving(); }));
  EXPECT_TRUE(pair.survives_loss());
}

TEST(SctpHost, ALoopThatIsNotRunIsReplaced) {
  asio::io_context host_loop;
  Runtime stalled(host_loop.get_executor());
  auto idle = SctpHost::join(stalled.loop());
  Runtime busy;
  Pair pair(busy, busy);
  ASSERT_TRUE(pair.connect());
  host_loop.run_for(300ms);  // it may have become the driver; then it stops running
  EXPECT_TRUE(pair.survives_loss());
  EXPECT_TRUE(eventually([&] { return pair.client->host->driving(); }));
}

TEST(SctpHost, JoiningAnEndedRuntimeIsHarmless) {
  Runtime runtime;
  auto loop = runtime.loop();
  runtime.stop();
  auto host = SctpHost::join(loop);
  EXPECT_FALSE(host->driving());
}

// Associations come and go on two threads while a third drives: ThreadSanitizer judges.
TEST(SctpHost, AssociationsMayEndWhileAnotherThreadDrives) {
  Runtime driver;
  auto host = SctpHost::join(driver.loop());
  Pair witness(driver, driver);
  ASSERT_TRUE(witness.connect());
  Runtime one;
  Runtime two;
  for (int life = 0; life < 6; ++life) {
    Pair pair(one, two);
    pair.client->lose = life % 3;
    EXPECT_TRUE(pair.connect());
    pair.client->send("hello");
    if (life % 2 == 0) {
      EXPECT_TRUE(pair.survives_loss());
    }
  }
  EXPECT_TRUE(witness.survives_loss());
  EXPECT_EQ(sctp::associations(), 2U);
}

}  // namespace
}  // namespace sidetone::shell
