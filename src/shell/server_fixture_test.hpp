// What the transport tests share: an echo server on 127.0.0.1, a client that records what happens,
// and a bare TCP client that sends what it likes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shell/http_server.hpp"
#include "shell/websocket_client.hpp"

namespace sidetone::shell::test {

using namespace std::chrono_literals;

inline const base::Address kLoopback = *base::Address::parse("127.0.0.1");

// A value that one thread sets and another waits for.
class Watched {
 public:
  template <class Change>
  void change(Change change) {
    std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  template <class Condition>
  bool wait(Condition condition, std::chrono::milliseconds limit = 5000ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

// Answers GET with the target, POST with the size of the body; echoes messages; refuses upgrades of
// "/refused" with 401.
class EchoServer {
 public:
  explicit EchoServer(Runtime& runtime, HttpServerOptions options = {})
      : strand_(runtime.loop()->make_strand()) {
    if (options.addresses.empty()) options.addresses = {kLoopback};
    HttpServerEvents events;
    events.request = [](const HttpRequest& request) {
      if (request.method == "POST")
        return HttpResponse{.body = std::to_string(request.body.size())};
      return HttpResponse{.status = request.target == "/missing" ? 404U : 200U,
                          .body = request.target};
    };
    events.upgrade = [this](SocketNumber number, const HttpRequest& request) {
      if (request.target == "/refused")
        return std::optional(HttpResponse{.status = 401, .body = "no permissions"});
      watched.change([&] { authorization[number] = request.header("Authorization"); });
      return std::optional<HttpResponse>();
    };
    events.opened = [this](SocketNumber number) {
      watched.change([&] { opened.push_back(number); });
    };
    events.message = [this](SocketNumber number, base::Bytes message, bool) {
      std::string text(base::as_text(message));
      watched.change([&] { messages.push_back(text); });
      if (on_message) return on_message(number, text);
      server->send(number, text);
    };
    events.closed = [this](SocketNumber number, const WebSocketClosed& why) {
      watched.change([&] { closed[number] = why; });
    };
    server = HttpServer::open(strand_, std::move(options), std::move(events));
    on_strand([this] { server->start(); });
  }

  ~EchoServer() {
    on_strand([this] { server->stop(); });
  }

  // Runs it where the server runs, and waits.
  void on_strand(const std::function<void()>& call) {
    bool done = false;
    boost::asio::post(strand_, [&] {
      call();
      watched.change([&] { done = true; });
    });
    ASSERT_TRUE(watched.wait([&] { return done; }));
  }

  HttpServer::Counters counters() {
    HttpServer::Counters result;
    on_strand([&] { result = server->counters(); });
    return result;
  }

  Watched watched;
  std::shared_ptr<HttpServer> server;
  std::vector<SocketNumber> opened;
  std::vector<std::string> messages;
  std::map<SocketNumber, WebSocketClosed> closed;
  std::map<SocketNumber, std::string> authorization;
  std::function<void(SocketNumber, const std::string&)> on_message;

 private:
  Strand strand_;
};

class RecordingClient {
 public:
  RecordingClient(Runtime& runtime, WebSocketRequest request, WebSocketClientOptions options = {})
      : strand_(runtime.loop()->make_strand()) {
    WebSocketEvents events;
    events.open = [this] { watched.change([&] { open = true; }); };
    events.refused = [this](unsigned code, std::string body) {
      watched.change([&] {
        status = code;
        refusal = std::move(body);
      });
    };
    events.message = [this](base::Bytes message, bool) {
      watched.change([&] { messages.emplace_back(base::as_text(message)); });
    };
    events.closed = [this](WebSocketClosed why) {
      watched.change([&] { closed = std::move(why); });
    };
    client = WebSocketClient::connect(runtime.loop()->make_strand(), std::move(request),
                                      std::move(options), std::move(events));
  }

  ~RecordingClient() {
    bool done = false;
    boost::asio::post(strand_, [&] {
      client->abort();
      watched.change([&] { done = true; });
    });
    EXPECT_TRUE(watched.wait([&] { return done; }));
  }

  void post(std::function<void(WebSocketClient&)> call) {
    boost::asio::post(strand_, [kept = client, call = std::move(call)] { call(*kept); });
  }

  Watched watched;
  std::shared_ptr<WebSocketClient> client;
  bool open = false;
  unsigned status = 0;
  std::string refusal;
  std::vector<std::string> messages;
  std::optional<WebSocketClosed> closed;

 private:
  Strand strand_;
};

inline WebSocketRequest request_to(std::uint16_t port, std::string target = "/rtc") {
  return {.server = {.tls = false, .host = "127.0.0.1", .port = port},
          .target = std::move(target),
          .headers = {}};
}

// Blocking, with a limit of five seconds on each read.
class BareClient {
 public:
  explicit BareClient(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval limit{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }

  BareClient(const BareClient&) = delete;
  BareClient& operator=(const BareClient&) = delete;

  ~BareClient() { ::close(socket_); }

  bool connected() const { return connected_; }

  void send(std::string_view text) const {
    while (!text.empty()) {
      auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Until `end` was read, the other side closed, or five seconds passed.
  std::string read_until(std::string_view end) {
    std::string text;
    char buffer[4096];
    while (end.empty() || text.find(end) == text.npos) {
      auto size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }

  std::string read_all() { return read_until(""); }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace sidetone::shell::test
