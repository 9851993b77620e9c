// Joining: what can be wrong with it, said in words, and nothing left behind.
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "shell/certificate_files_test.hpp"
#include "shell/room_fixture_test.hpp"
#include "shell/tcp_listener.hpp"

namespace sidetone::shell::test {
namespace {

namespace asio = boost::asio;

struct Refusal {
  error_code code;
  std::string text;
};

Refusal refused(Runtime& runtime,
                const std::string& url,
                const std::string& token,
                const ConnectOptions& options = {}) {
  Room room(runtime);
  Refusal result;
  result.code = thrown([&] { room.connect(url, token, options); }, &result.text);
  EXPECT_EQ(room.state(), ConnectionState::disconnected);
  // The end is an end: nobody waits for events or audio that cannot come.
  EXPECT_FALSE(room.next_event(5s));
  EXPECT_EQ(result.text.find(token), std::string::npos) << "the token is shown";
  EXPECT_EQ(result.text.find("eyJ0"), std::string::npos) << "a part of the token is shown";
  EXPECT_EQ(room.failure().empty(), result.text.empty());
  return result;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

TEST(RoomConnect, TheServersReasonIsShown) {
  Hall hall;
  const auto ask = [&](const std::string& token) {
    return refused(hall.runtime, hall.server.url(), token);
  };
  auto secret = ask(token_for("eve", "room", [](AccessToken& token) {
    token.api_secret = "another secret of thirty-two char";
  }));
  EXPECT_EQ(secret.code, errc::unauthorized);
  EXPECT_TRUE(has(secret.text, "invalid token")) << secret.text;

  AccessToken old;
  old.api_key = serving().api_key;
  old.api_secret = serving().api_secret;
  old.identity = "eve";
  old.grants.room_join = true;
  old.grants.room = "room";
  old.ttl = 60s;
  auto expired = ask(old.to_jwt(std::chrono::system_clock::now() - 1h));
  EXPECT_EQ(expired.code, errc::unauthorized);
  EXPECT_TRUE(has(expired.text, "expired")) << expired.text;

  auto grant =
      ask(token_for("eve", "room", [](AccessToken& token) { token.grants.room_join = false; }));
  EXPECT_TRUE(grant.code == errc::unauthorized || grant.code == errc::forbidden)
      << grant.code.message();
  EXPECT_TRUE(has(grant.text, "permission")) << grant.text;

  auto nobody = ask(token_for("eve", "room", [](AccessToken& token) { token.api_key = "other"; }));
  EXPECT_EQ(nobody.code, errc::unauthorized);
  EXPECT_TRUE(has(nobody.text, "key")) << nobody.text;

  auto noise = ask("this.is.noise");
  EXPECT_EQ(noise.code, errc::unauthorized);
  EXPECT_EQ(hall.server.stats().participants, 0U);
}

TEST(RoomConnect, NoServerAtTheUrl) {
  Runtime runtime;
  std::string url;
  {
    Runtime other;
    url = RoomServer(other, serving()).url();
  }
  auto gone = refused(runtime, url, token_for("alice"));
  EXPECT_EQ(gone.code, errc::unreachable);
  EXPECT_TRUE(has(gone.text, url.substr(5))) << gone.text;
  EXPECT_EQ(refused(runtime, "not a url", token_for("alice")).code, errc::invalid_argument);
  EXPECT_EQ(refused(runtime, "ftp://127.0.0.1", token_for("alice")).code, errc::invalid_argument);
  EXPECT_EQ(refused(runtime, "ws://no-such-host.invalid", token_for("alice")).code,
            errc::unreachable);
}

TEST(RoomConnect, AServerThatDoesNotAnswerIsGivenUp) {
  Runtime runtime;
  auto listener = std::make_shared<TcpListener>(
      runtime.loop()->make_strand(), std::vector<base::Address>{*base::Address::parse("127.0.0.1")},
      std::uint16_t{0});
  ConnectOptions options;
  options.timeout = 300ms;
  const auto before = std::chrono::steady_clock::now();
  auto silent = refused(runtime, "ws://127.0.0.1:" + std::to_string(listener->port()),
                        token_for("alice"), options);
  EXPECT_EQ(silent.code, errc::timed_out);
  EXPECT_FALSE(silent.text.empty());
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
}

TEST(RoomConnect, ACancelledConnectLeavesNobody) {
  Hall hall;
  int cancelled = 0;
  // At every stage: before the socket is open, while joining, while the media comes up.
  for (auto wait : {0ms, 1ms, 3ms, 6ms, 10ms, 20ms, 40ms}) {
    Room room(hall.runtime);
    asio::cancellation_signal signal;
    std::promise<error_code> done;
    // On the handlers' thread, which a signal belongs to: the outcome comes after it.
    asio::post(hall.runtime.event_executor(), [&, wait] {
      room.async_connect(
          hall.server.url(), token_for("alice"), {},
          asio::bind_cancellation_slot(signal.slot(), [&](error_code ec) { done.set_value(ec); }));
      std::this_thread::sleep_for(wait);
      signal.emit(asio::cancellation_type::all);
    });
    auto outcome = done.get_future();
    ASSERT_EQ(outcome.wait_for(5s), std::future_status::ready);
    const auto code = outcome.get();
    if (code == asio::error::operation_aborted)
      ++cancelled;
    else
      EXPECT_FALSE(code) << code.message();
    if (!code) room.disconnect();
    EXPECT_TRUE(eventually([&] { return hall.server.stats().participants == 0; }))
        << "cancelled after " << wait.count() << " ms";
  }
  EXPECT_GE(cancelled, 1);
}

TEST(RoomConnect, ARoomConnectsOnce) {
  Hall hall;
  auto alice = hall.join("alice");
  std::string why;
  EXPECT_EQ(thrown([&] { alice.connect(hall.server.url(), token_for("alice")); }, &why),
            errc::closed);
  EXPECT_TRUE(has(why, "connects once")) << why;
  EXPECT_EQ(alice.state(), ConnectionState::connected);
  alice.disconnect();
  EXPECT_EQ(thrown([&] { alice.connect(hall.server.url(), token_for("alice")); }), errc::closed);
}

TEST(RoomConnect, ASecondOneOfTheSameIdentityTakesOver) {
  Hall hall;
  auto first = hall.join("alice");
  auto second = hall.join("alice");
  const auto gone = wait_for<Disconnected>(first);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->code, errc::duplicate_identity);
  EXPECT_EQ(second.state(), ConnectionState::connected);
  EXPECT_EQ(hall.server.stats().participants, 1U);
}

TEST(RoomConnect, EncryptedSignallingIsVerified) {
  const auto files = make_certificate({.name = "IP:127.0.0.1"});
  auto options = serving();
  options.tls_certificate = files.certificate;
  options.tls_key = files.key;
  Runtime runtime;
  RoomServer server(runtime, options);
  EXPECT_EQ(server.url().substr(0, 6), "wss://");
  ConnectOptions trusting;
  trusting.ca_file = files.authority;
  Room alice(runtime);
  alice.connect(server.url(), token_for("alice"), trusting);
  EXPECT_EQ(server.stats().participants, 1U);

  auto stranger = refused(runtime, server.url(), token_for("bob"));
  EXPECT_EQ(stranger.code, errc::tls_verification);
  EXPECT_TRUE(has(stranger.text, "certificate")) << stranger.text;

  const auto other = make_certificate({.name = "elsewhere.example"});
  options.tls_certificate = other.certificate;
  options.tls_key = other.key;
  RoomServer misnamed(runtime, options);
  trusting.ca_file = other.authority;
  auto wrong = refused(runtime, misnamed.url(), token_for("bob"), trusting);
  EXPECT_EQ(wrong.code, errc::tls_verification);
  EXPECT_TRUE(has(wrong.text, "127.0.0.1")) << wrong.text;
}

}  // namespace
}  // namespace sidetone::shell::test
