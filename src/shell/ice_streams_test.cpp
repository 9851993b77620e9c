#include "shell/ice_streams.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <vector>

#include "shell/certificate_files_test.hpp"
#include "shell/tcp_listener.hpp"

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

const base::Endpoint kName{*base::Address::parse("100::1"), 0};

// Streams on one thread, and a listener whose sockets the test holds.
class IceStreamsTest : public testing::Test {
 protected:
  IceStreamsTest() : strand_(runtime_.loop()->make_strand()) {
    listener_ = std::make_shared<TcpListener>(
        strand_, std::vector{*base::Address::parse("127.0.0.1")}, std::uint16_t{0});
    listener_->start([this](TcpSocket socket, const base::Endpoint&) {
      accepted_.push_back(std::make_unique<TcpSocket>(std::move(socket)));
    });
  }

  ~IceStreamsTest() override {
    streams_->close();
    listener_->close();
    host_.restart();
    host_.run_for(50ms);
  }

  void make(ConnectorOptions options = {}) {
    IceStreamEvents events;
    events.news = [this](const ice::NetworkNews& news) { news_.push_back(news); };
    events.packet = [this](const base::Endpoint& name, base::Bytes packet) {
      EXPECT_EQ(name, kName);
      packets_.emplace_back(base::as_text(packet));
    };
    events.end_of_batch = [this] { ++batches_; };
    streams_ = std::make_shared<IceStreams>(strand_, std::move(options), std::move(events));
  }

  void open(ice::Framing framing = ice::Framing::rfc4571, bool tls = false) {
    streams_->fulfil(ice::OpenStream{kName, "127.0.0.1", listener_->port(), tls, framing});
  }

  void open_and_wait(ice::Framing framing = ice::Framing::rfc4571) {
    make();
    open(framing);
    ASSERT_TRUE(run_until([&] { return news_.size() == 1 && accepted_.size() == 1; }));
    ASSERT_TRUE(std::holds_alternative<ice::StreamOpened>(news_[0]));
  }

  template <class Condition>
  bool run_until(Condition condition, std::chrono::seconds limit = 5s) {
    auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      host_.restart();
      host_.run_one_for(50ms);
    }
    return condition();
  }

  std::string read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t got = 0;
    auto more = [&] {
      error_code ec;
      accepted_[0]->non_blocking(true, ec);
      got += accepted_[0]->read_some(asio::buffer(text.data() + got, size - got), ec);
      return got == size;
    };
    EXPECT_TRUE(run_until(more));
    return text;
  }

  std::string why() {
    if (news_.empty()) return "nothing";
    const auto* closed = std::get_if<ice::StreamClosed>(&news_.back());
    return closed != nullptr ? closed->why : "another kind of news";
  }

  asio::io_context host_;
  Runtime runtime_{host_.get_executor()};
  Strand strand_;
  std::shared_ptr<TcpListener> listener_;
  std::vector<std::unique_ptr<TcpSocket>> accepted_;
  std::shared_ptr<IceStreams> streams_;
  std::vector<ice::NetworkNews> news_;
  std::vector<std::string> packets_;
  int batches_ = 0;
};

TEST_F(IceStreamsTest, PacketsTravelFramedBothWays) {
  open_and_wait();
  streams_->send(kName, base::as_bytes("one"));
  streams_->send(kName, base::as_bytes("two!"));
  EXPECT_EQ(read(11), std::string("\0\3one\0\4two!", 11));
  asio::write(*accepted_[0], asio::buffer(std::string("\0\5three\0\4fo", 11)));
  ASSERT_TRUE(run_until([&] { return packets_.size() == 1; }));
  asio::write(*accepted_[0], asio::buffer(std::string("ur")));
  ASSERT_TRUE(run_until([&] { return packets_.size() == 2; }));
  EXPECT_EQ(packets_, (std::vector<std::string>{"three", "four"}));
  EXPECT_EQ(batches_, 2);
}

TEST_F(IceStreamsTest, AnEndFromTheOtherSideIsSaidOnce) {
  open_and_wait();
  accepted_.clear();
  ASSERT_TRUE(run_until([&] { return news_.size() == 2; }));
  EXPECT_NE(why().find("the connection to 127.0.0.1 ended"), std::string::npos) << why();
  streams_->send(kName, base::as_bytes("too late"));
  EXPECT_EQ(streams_->counters().nameless, 1U);
}

TEST_F(IceStreamsTest, WhatIsNoPacketEndsTheStream) {
  open_and_wait(ice::Framing::turn);
  asio::write(*accepted_[0], asio::buffer(std::string("HTTP/1.1 400 no")));
  ASSERT_TRUE(run_until([&] { return news_.size() == 2; }));
  EXPECT_EQ(why(), "127.0.0.1 sends what is no packet");
}

TEST_F(IceStreamsTest, AClosedPortIsSaidInWords) {
  make();
  auto port = listener_->port();
  listener_->close();
  streams_->fulfil(ice::OpenStream{kName, "127.0.0.1", port, false, ice::Framing::turn});
  ASSERT_TRUE(run_until([&] { return news_.size() == 1; }));
  EXPECT_NE(why().find("no server answers at 127.0.0.1:" + std::to_string(port)), std::string::npos)
      << why();
}

TEST_F(IceStreamsTest, WhatWasSentBeforeTheCloseGoesOut) {
  open_and_wait();
  streams_->send(kName, base::as_bytes("goodbye"));
  streams_->fulfil(ice::CloseStream{kName});
  EXPECT_EQ(read(9), std::string("\0\7goodbye", 9));
  auto ended = [&] {
    char byte = 0;
    error_code ec;
    accepted_[0]->read_some(asio::buffer(&byte, 1), ec);
    return ec == asio::error::eof;
  };
  EXPECT_TRUE(run_until(ended));
  EXPECT_EQ(news_.size(), 1U);
}

TEST_F(IceStreamsTest, AReaderWhoStopsCostsPacketsNotMemory) {
  open_and_wait();
  const std::string packet(1200, 'x');
  auto full = [&] {
    for (int i = 0; i < 100; ++i) streams_->send(kName, base::as_bytes(packet));
    return streams_->counters().overflowed > 1000;
  };
  EXPECT_TRUE(run_until(full));
}

TEST_F(IceStreamsTest, TlsIsVerified) {
  const auto other = test::make_certificate({.name = "other.example"});
  make({other.authority, {}});
  open(ice::Framing::turn, true);
  ASSERT_TRUE(run_until([&] { return accepted_.size() == 1; }));
  TlsServerContext context(other.certificate, other.key);
  auto server = context.make_stream(std::move(*accepted_[0]));
  server->handshake([](const std::optional<StreamFailure>&) {});
  ASSERT_TRUE(run_until([&] { return news_.size() == 1; }));
  EXPECT_EQ(why(), "the certificate is for other.example, not for 127.0.0.1");
  server->close();
  host_.run_for(10ms);
}

TEST_F(IceStreamsTest, NamesAreLookedUp) {
  make();
  streams_->fulfil(ice::LookUp{kName, "localhost"});
  ASSERT_TRUE(run_until([&] { return news_.size() == 1; }));
  const auto& found = std::get<ice::HostFound>(news_[0]);
  EXPECT_EQ(found.name, kName);
  ASSERT_FALSE(found.addresses.empty()) << found.why;
  EXPECT_TRUE(found.addresses[0].is_loopback());
}

TEST_F(IceStreamsTest, NothingComesAfterClose) {
  make();
  open();
  streams_->fulfil(ice::LookUp{kName, "localhost"});
  streams_->close();
  host_.restart();
  host_.run_for(200ms);
  EXPECT_TRUE(news_.empty());
}

TEST(GatherConfig, UrlsAreReadAndWrongOnesNamed) {
  auto sentence = [](ConnectOptions options) {
    auto config = gather_config(options);
    const auto* wrong = std::get_if<std::string>(&config);
    return wrong != nullptr ? *wrong : std::string();
  };
  ConnectOptions options;
  options.ice_servers = {{{"stun:127.0.0.1", "turn:127.0.0.1"}, "user", "secret"}};
  options.ice_policy = IcePolicy::relay;
  auto config = std::get<ice::GatherConfig>(gather_config(options));
  EXPECT_TRUE(config.relay_only);
  EXPECT_TRUE(config.streams);
  ASSERT_EQ(config.servers.size(), 2U);
  EXPECT_EQ(config.servers[1].credential, "secret");

  options.ice_servers = {{{"http://127.0.0.1"}, "user", "secret"}};
  EXPECT_NE(sentence(options).find("'http://127.0.0.1' names no server; write stun:host:port"),
            std::string::npos);
  options.ice_servers = {{{"turn:127.0.0.1"}, "", ""}};
  EXPECT_NE(sentence(options).find("needs a username"), std::string::npos);
  options.ice_servers = {{std::vector<std::string>(9, "stun:127.0.0.1"), "", ""}};
  EXPECT_NE(sentence(options).find("more than 8"), std::string::npos);
}

}  // namespace
}  // namespace sidetone::shell
