#include "shell/http_server.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "shell/server_fixture_test.hpp"

namespace sidetone::shell {
namespace {

using namespace std::chrono_literals;
using test::BareClient;
using test::EchoServer;

constexpr std::string_view kUpgrade =
    "GET /rtc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST(HttpServer, AnswersSeveralRequestsOnOneConnection) {
  Runtime runtime;
  EchoServer server(runtime);
  BareClient client(server.server->port());
  client.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_until("/one").find("HTTP/1.1 200 OK\r\n"), std::string::npos);
  client.send("GET /missing HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_until("/missing").find("HTTP/1.1 404 Not Found\r\n"), std::string::npos);
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  auto last = client.read_all();
  EXPECT_TRUE(last.ends_with("\r\n\r\n5")) << last;
  EXPECT_EQ(server.counters().requests, 3U);
}

TEST(HttpServer, HeadHasNoBody) {
  Runtime runtime;
  EchoServer server(runtime);
  BareClient client(server.server->port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto answer = client.read_all();
  EXPECT_NE(answer.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, RefusesWhatIsNotHttp) {
  Runtime runtime;
  EchoServer server(runtime);
  for (auto nonsense :
       {"\x16\x03\x01\x02\x00", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\nx y z\r\n"}) {
    BareClient client(server.server->port());
    client.send(nonsense);
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400 Bad Request")) << nonsense;
  }
  EXPECT_EQ(server.counters().malformed, 4U);
}

TEST(HttpServer, HeadersUpTo64KiBAreTakenAndLargerOnesRefused) {
  Runtime runtime;
  EchoServer server(runtime);
  BareClient good(server.server->port());
  good.send("GET /?" + std::string(60'000, 'x') +
            " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(good.read_all().starts_with("HTTP/1.1 200 OK"));
  BareClient bad(server.server->port());
  bad.send("GET /?" + std::string(70'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(bad.read_all().starts_with("HTTP/1.1 431 "));
}

TEST(HttpServer, BodiesUpTo1MiBAreTakenAndLargerOnesRefused) {
  Runtime runtime;
  EchoServer server(runtime);
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  auto post = [&](std::size_t size) {
    BareClient client(server.server->port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                std::to_string(size) + "\r\n\r\n" + std::string(size, 'b'));
    return client.read_all();
  };
  EXPECT_TRUE(post(kLimit).ends_with("\r\n\r\n1048576"));
  EXPECT_TRUE(post(kLimit + 1).starts_with("HTTP/1.1 413 "));
}

TEST(HttpServer, WhoSendsTooSlowlyIsDropped) {
  Runtime runtime;
  HttpServerOptions options;
  options.request_timeout = 50ms;
  EchoServer server(runtime, options);
  BareClient silent(server.server->port());
  BareClient slow(server.server->port());
  slow.send("GET / HTTP/1.1\r\nHost");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  EXPECT_EQ(server.counters().too_slow, 2U);
}

TEST(HttpServer, IdleConnectionIsClosedWithoutBlame) {
  Runtime runtime;
  HttpServerOptions options;
  options.request_timeout = 50ms;
  EchoServer server(runtime, options);
  BareClient client(server.server->port());
  client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_all().ends_with("/a"));
  EXPECT_EQ(server.counters().too_slow, 0U);
}

TEST(HttpServer, StrangersBeyondTheLimitWaitTheirTurn) {
  Runtime runtime;
  HttpServerOptions options;
  options.pending_sockets = 4;
  options.request_timeout = 200ms;
  EchoServer server(runtime, options);
  std::vector<std::unique_ptr<BareClient>> strangers;
  for (int i = 0; i < 4; ++i)
    strangers.push_back(std::make_unique<BareClient>(server.server->port()));
  BareClient guest(server.server->port());
  ASSERT_TRUE(guest.connected());
  guest.send("GET /guest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(guest.read_all().ends_with("/guest"));
  EXPECT_EQ(server.counters().too_slow, 4U);
}

TEST(HttpServer, PortInUseSaysWhichAndWhatToDo) {
  Runtime runtime;
  EchoServer server(runtime);
  auto port = server.server->port();
  HttpServerOptions options;
  options.addresses = {test::kLoopback};
  options.port = port;
  try {
    HttpServer::open(runtime.loop()->make_strand(), options, {});
    FAIL() << "the port was given out twice";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::unreachable);
    EXPECT_NE(std::string(error.what())
                  .find("TCP port " + std::to_string(port) +
                        " of 127.0.0.1 is in use by another program: choose another port (--port)"),
              std::string::npos)
        << error.what();
  }
}

TEST(HttpServer, ListensOnOnePortOfSeveralAddresses) {
  Runtime runtime;
  HttpServerOptions options;
  options.addresses = {test::kLoopback, *base::Address::parse("127.0.0.2")};
  EchoServer server(runtime, options);
  test::RecordingClient client(
      runtime,
      {.server = {false, "127.0.0.2", server.server->port()}, .target = "/rtc", .headers = {}});
  EXPECT_TRUE(client.watched.wait([&] { return client.open; }));
}

TEST(HttpServer, FurtherAddressesMayBeMissingOnThisMachineButNotTheFirst) {
  Runtime runtime;
  HttpServerOptions options;
  auto foreign = *base::Address::parse("192.0.2.1");
  options.addresses = {test::kLoopback, foreign};
  EchoServer server(runtime, options);
  EXPECT_NE(server.server->port(), 0);
  options.addresses = {foreign};
  EXPECT_THROW(HttpServer::open(runtime.loop()->make_strand(), options, {}),
               boost::system::system_error);
}

TEST(HttpServer, BadWebSocketVersionIsRefused) {
  Runtime runtime;
  EchoServer server(runtime);
  BareClient client(server.server->port());
  std::string request(kUpgrade);
  request.replace(request.find(": 13"), 4, ": 12");
  client.send(request);
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 4"));
}

TEST(HttpServer, BrokenFrameClosesThatConnectionOnly) {
  Runtime runtime;
  EchoServer server(runtime);
  test::RecordingClient good(runtime, test::request_to(server.server->port()));
  ASSERT_TRUE(good.watched.wait([&] { return good.open; }));
  BareClient bad(server.server->port());
  bad.send(kUpgrade);
  EXPECT_TRUE(bad.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  bad.send(std::string_view("\xc1\x80\0\0\0\0", 6));  // a reserved bit is set
  bad.read_all();
  ASSERT_TRUE(server.watched.wait([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.closed.begin()->second.code, errc::protocol_error);
  good.post([](WebSocketClient& client) { client.send("still here"); });
  EXPECT_TRUE(good.watched.wait([&] { return good.messages.size() == 1; }));
}

TEST(HttpServer, VanishedPeerIsReportedAsClosed) {
  Runtime runtime;
  EchoServer server(runtime);
  {
    BareClient client(server.server->port());
    client.send(kUpgrade);
    client.read_until("\r\n\r\n");
  }
  ASSERT_TRUE(server.watched.wait([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.closed.begin()->second.code, errc::closed);
}

TEST(HttpServer, ReaderThatIsTooSlowIsClosedAndCounted) {
  Runtime runtime;
  HttpServerOptions options;
  options.websocket.queue_bytes = std::size_t{1} << 20;
  EchoServer server(runtime, options);
  BareClient client(server.server->port());
  client.send(kUpgrade);
  client.read_until("\r\n\r\n");
  ASSERT_TRUE(server.watched.wait([&] { return server.opened.size() == 1; }));
  server.on_strand([&] {
    for (int i = 0; i < 200; ++i) server.server->send(server.opened[0], std::string(100'000, 'x'));
  });
  ASSERT_TRUE(server.watched.wait([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.closed.begin()->second.code, errc::overflow);
  EXPECT_EQ(server.counters().overflowed, 1U);
}

TEST(HttpServer, PingsItsWebSockets) {
  Runtime runtime;
  HttpServerOptions options;
  options.websocket.ping_interval = 20ms;
  EchoServer server(runtime, options);
  BareClient client(server.server->port());
  client.send(kUpgrade);
  constexpr std::string_view kTwoEmptyPings("\x89\0\x89\0", 4);
  EXPECT_NE(client.read_until(kTwoEmptyPings).find(kTwoEmptyPings), std::string::npos);
}

TEST(HttpServer, CarriesManyConnectionsAtOnce) {
  Runtime runtime;
  EchoServer server(runtime);
  std::vector<std::unique_ptr<test::RecordingClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(
        std::make_unique<test::RecordingClient>(runtime, test::request_to(server.server->port())));
    clients.back()->post([](WebSocketClient&) {});
  }
  for (auto& client : clients) {
    ASSERT_TRUE(client->watched.wait([&] { return client->open; }));
    client->post([](WebSocketClient& socket) { socket.send("hello"); });
  }
  for (auto& client : clients)
    ASSERT_TRUE(client->watched.wait([&] { return client->messages.size() == 1; }));
  EXPECT_EQ(server.counters().upgrades, 200U);
}

TEST(HttpServer, TwoRuntimesWithTwoThreadsEachTalkToEachOther) {
  Runtime serving(RuntimeOptions{.media_threads = 2});
  Runtime asking(RuntimeOptions{.media_threads = 2});
  EchoServer one(serving);
  EchoServer other(asking);
  std::vector<std::unique_ptr<test::RecordingClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(
        std::make_unique<test::RecordingClient>(asking, test::request_to(one.server->port())));
    clients.push_back(
        std::make_unique<test::RecordingClient>(serving, test::request_to(other.server->port())));
  }
  for (auto& client : clients) {
    ASSERT_TRUE(client->watched.wait([&] { return client->open; }));
    client->post([](WebSocketClient& socket) {
      for (int i = 0; i < 20; ++i) socket.send("hello");
    });
  }
  for (auto& client : clients)
    EXPECT_TRUE(client->watched.wait([&] { return client->messages.size() == 20; }));
}

TEST(HttpServer, StopClosesEverything) {
  Runtime runtime;
  EchoServer server(runtime);
  test::RecordingClient client(runtime, test::request_to(server.server->port()));
  BareClient half(server.server->port());
  half.send("GET / HT");
  ASSERT_TRUE(client.watched.wait([&] { return client.open; }));
  server.on_strand([&] { server.server->stop(); });
  ASSERT_TRUE(client.watched.wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->status, 1001U);
  EXPECT_EQ(half.read_all(), "");
  EXPECT_FALSE(BareClient(server.server->port()).connected());
}

}  // namespace
}  // namespace sidetone::shell
