#include "shell/websocket_client.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "shell/server_fixture_test.hpp"

namespace sidetone::shell {
namespace {

using namespace std::chrono_literals;
using test::EchoServer;
using test::RecordingClient;
using test::request_to;

// Listens and never answers; or answers each connection's first bytes with a text.
class Listener {
 public:
  explicit Listener(std::string answer = {})
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&at), length);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &length);
    port_ = ntohs(at.sin_port);
    if (!answer.empty())
      thread_ = std::thread([this, answer] {
        int peer = ::accept(socket_, nullptr, nullptr);
        char question[4096];
        auto size = ::recv(peer, question, sizeof question, 0);
        question_.assign(question, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::shutdown(peer, SHUT_WR);
        while (::recv(peer, question, sizeof question, 0) > 0) {
        }
        ::close(peer);
      });
  }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ~Listener() {
    ::shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }

  std::uint16_t port() const { return port_; }

  std::string question() {
    thread_.join();
    return question_;
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
  std::string question_;
  std::thread thread_;
};

TEST(WebSocketClient, ExchangesMessagesInOrder) {
  Runtime runtime;
  EchoServer server(runtime);
  auto request = request_to(server.server->port());
  request.headers.push_back({"Authorization", "Bearer abc"});
  RecordingClient client(runtime, request);
  ASSERT_TRUE(client.watched.wait([&] { return client.open; }));
  client.post([](WebSocketClient& socket) {
    for (int i = 0; i < 50; ++i) socket.send("message " + std::to_string(i));
    socket.send(std::string(200'000, 'x'));
    socket.send("");
  });
  ASSERT_TRUE(client.watched.wait([&] { return client.messages.size() == 52; }));
  for (std::size_t i = 0; i < 50; ++i)
    EXPECT_EQ(client.messages[i], "message " + std::to_string(i));
  EXPECT_EQ(client.messages[50].size(), 200'000U);
  EXPECT_EQ(client.messages[51], "");
  EXPECT_EQ(server.authorization.begin()->second, "Bearer abc");
}

TEST(WebSocketClient, RefusalCarriesStatusAndBody) {
  Runtime runtime;
  EchoServer server(runtime);
  RecordingClient client(runtime, request_to(server.server->port(), "/refused"));
  ASSERT_TRUE(client.watched.wait([&] { return client.status != 0; }));
  EXPECT_EQ(client.status, 401U);
  EXPECT_EQ(client.refusal, "no permissions");
  EXPECT_FALSE(client.open);
  EXPECT_FALSE(client.closed);
}

TEST(WebSocketClient, RefusalBodyIsCutAt64KiB) {
  Runtime runtime;
  Listener server("HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'b'));
  RecordingClient client(runtime, request_to(server.port()));
  ASSERT_TRUE(client.watched.wait([&] { return client.status != 0; }));
  EXPECT_EQ(client.refusal.size(), 65536U);
}

TEST(WebSocketClient, NobodyThereIsUnreachable) {
  std::uint16_t port = Listener().port();
  Runtime runtime;
  RecordingClient client(runtime, request_to(port));
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::unreachable);
  EXPECT_EQ(client.closed->text,
            "no server answers at 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(WebSocketClient, SecondAddressIsTriedWhenTheFirstRefuses) {
  Runtime runtime;
  HttpServerOptions options;
  options.addresses = {*base::Address::parse("::1")};
  std::unique_ptr<EchoServer> server;
  try {
    server = std::make_unique<EchoServer>(runtime, options);
  } catch (const boost::system::system_error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  RecordingClient client(
      runtime,
      {.server = {false, "localhost", server->server->port()}, .target = "/rtc", .headers = {}});
  EXPECT_TRUE(client.watched.wait([&] { return client.open; }));
}

TEST(WebSocketClient, SilentServerTimesOut) {
  Runtime runtime;
  Listener server;
  WebSocketClientOptions options;
  options.timeout = 100ms;
  RecordingClient client(runtime, request_to(server.port()), options);
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::timed_out);
  EXPECT_EQ(client.closed->text, "gave up after 0.1 s of waiting for 127.0.0.1");
}

TEST(WebSocketClient, WhatIsNotAWebSocketServerIsAProtocolError) {
  Runtime runtime;
  Listener server("SSH-2.0-OpenSSH_9.2p1\r\n");
  RecordingClient client(runtime, request_to(server.port()));
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::protocol_error);
}

TEST(WebSocketClient, OversizedMessageClosesWithASentence) {
  Runtime runtime;
  EchoServer server(runtime);
  WebSocketClientOptions options;
  options.limits.message_bytes = 1000;
  RecordingClient client(runtime, request_to(server.server->port()), options);
  ASSERT_TRUE(client.watched.wait([&] { return client.open; }));
  client.post([](WebSocketClient& socket) { socket.send(std::string(1001, 'x')); });
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::payload_too_large);
}

TEST(WebSocketClient, OversizedMessageToTheServerIsClosedWith1009) {
  Runtime runtime;
  EchoServer server(runtime);
  RecordingClient client(runtime, request_to(server.server->port()));
  ASSERT_TRUE(client.watched.wait([&] { return client.open; }));
  client.post([](WebSocketClient& socket) {
    socket.send(std::string(WebSocketLimits{}.message_bytes + 1, 'x'));
  });
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  ASSERT_TRUE(server.watched.wait([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.closed.begin()->second.code, errc::payload_too_large);
  EXPECT_EQ(client.closed->status, 1009U) << client.closed->text;
}

TEST(WebSocketClient, CloseSendsWhatIsQueuedFirst) {
  Runtime runtime;
  EchoServer server(runtime);
  RecordingClient client(runtime, request_to(server.server->port()));
  ASSERT_TRUE(client.watched.wait([&] { return client.open; }));
  client.post([](WebSocketClient& socket) {
    for (int i = 0; i < 100; ++i) socket.send(std::string(10'000, 'x'));
    socket.send("leave");
    socket.close();
  });
  ASSERT_TRUE(server.watched.wait([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.messages.back(), "leave");
  EXPECT_EQ(server.closed.begin()->second.status, 1000U);
  EXPECT_FALSE(client.closed);
}

TEST(WebSocketClient, HearsTheServersCloseCode) {
  Runtime runtime;
  EchoServer server(runtime);
  server.on_message = [&](SocketNumber number, const std::string&) {
    server.server->send(number, "last words");
    server.server->close(number, 1000);
  };
  RecordingClient client(runtime, request_to(server.server->port()));
  client.watched.wait([&] { return client.open; });
  client.post([](WebSocketClient& socket) { socket.send("go"); });
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.messages, std::vector<std::string>{"last words"});
  EXPECT_EQ(client.closed->code, errc::closed);
  EXPECT_EQ(client.closed->status, 1000U);
}

TEST(WebSocketClient, MayBeClosedAtAnyMoment) {
  Runtime runtime;
  EchoServer server(runtime);
  for (int i = 0; i < 50; ++i) {
    RecordingClient client(runtime, request_to(server.server->port()));
    if (i % 2 == 0) client.watched.wait([&] { return client.open; });
    client.post([i](WebSocketClient& socket) {
      if (i % 3 == 0) socket.send("x");
      if (i % 5 == 0)
        socket.close();
      else
        socket.abort();
    });
    EXPECT_FALSE(client.closed);
  }
}

TEST(WebSocketClient, GoesThroughAProxy) {
  Runtime runtime;
  Listener proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  WebSocketClientOptions options;
  options.connector.proxy = "http://me:pw@127.0.0.1:" + std::to_string(proxy.port());
  RecordingClient client(
      runtime, {.server = {true, "far.example", 443}, .target = "/rtc", .headers = {}}, options);
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::unreachable);
  EXPECT_EQ(client.closed->text, "the proxy 127.0.0.1:" + std::to_string(proxy.port()) +
                                     " refused: HTTP/1.1 403 Forbidden");
  EXPECT_EQ(proxy.question(),
            "CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n"
            "Proxy-Authorization: Basic bWU6cHc=\r\n\r\n");
}

TEST(WebSocketClient, UpgradesBehindAProxy) {
  Runtime runtime;
  // Both at once: the proxy's consent, and behind it a server that refuses.
  Listener proxy("HTTP/1.1 200 OK\r\n\r\n");
  WebSocketClientOptions options;
  options.connector.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  RecordingClient client(runtime, request_to(9), options);
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::protocol_error) << client.closed->text;
}

TEST(WebSocketClient, BadProxyUrlIsNamed) {
  Runtime runtime;
  WebSocketClientOptions options;
  options.connector.proxy = "proxy:3128";
  RecordingClient client(runtime, request_to(9), options);
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, errc::invalid_argument);
}

}  // namespace
}  // namespace sidetone::shell
