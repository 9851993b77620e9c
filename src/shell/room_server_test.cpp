#include <sidetone/access_token.hpp>
#include <sidetone/room_server.hpp>

#include "shell/room_fixture_test.hpp"
#include "shell/server_fixture_test.hpp"

namespace sidetone::shell::test {
namespace {

std::string refusal(Runtime& runtime, const RoomServerOptions& options, errc expected) {
  std::string text;
  EXPECT_EQ(thrown([&] { RoomServer server(runtime, options); }, &text), expected);
  return text;
}

TEST(RoomServer, WrongOptionsAreNamed) {
  Runtime runtime;
  const auto tell = [&](auto change) {
    auto options = serving();
    change(options);
    return refusal(runtime, options, errc::invalid_argument);
  };
  EXPECT_NE(tell([](auto& o) { o.api_key.clear(); }).find("api_key"), std::string::npos);
  EXPECT_NE(tell([](auto& o) { o.api_secret.clear(); }).find("api_secret"), std::string::npos);
  EXPECT_NE(tell([](auto& o) { o.host = "nowhere"; }).find("nowhere"), std::string::npos);
  EXPECT_NE(tell([](auto& o) { o.advertise = {"not-an-address"}; }).find("not-an-address"),
            std::string::npos);
  EXPECT_NE(tell([](auto& o) { o.tls_key = "key.pem"; }).find("tls_certificate"),
            std::string::npos);
  EXPECT_NE(tell([](auto& o) {
              o.host = "0.0.0.0";
              o.dev_tokens = true;
            }).find("'0.0.0.0'"),
            std::string::npos);
  auto unreadable = serving();
  unreadable.tls_certificate = "/no/such/file.pem";
  unreadable.tls_key = "/no/such/key.pem";
  std::string text;
  EXPECT_TRUE(thrown([&] { RoomServer server(runtime, unreadable); }, &text));
  EXPECT_NE(text.find("/no/such/file.pem"), text.npos) << text;
  runtime.stop();
  EXPECT_EQ(thrown([&] { RoomServer server(runtime, serving()); }), errc::closed);
}

TEST(RoomServer, APortInUseIsNamedWithWhatToDo) {
  Runtime runtime;
  RoomServer first(runtime, serving());
  auto options = serving();
  options.port = first.port();
  std::string text;
  EXPECT_TRUE(thrown([&] { RoomServer server(runtime, options); }, &text));
  EXPECT_NE(text.find(std::to_string(first.port())), text.npos) << text;
  EXPECT_NE(text.find("--port"), text.npos) << text;
  options.port = 0;
  options.udp_port = first.udp_port();
  text = refusal(runtime, options, errc::unreachable);
  EXPECT_NE(text.find(std::to_string(first.udp_port())), text.npos) << text;
  EXPECT_NE(text.find("--udp-port"), text.npos) << text;
  // A failed server leaves the ports it had already opened.
  const auto port = first.port();
  first.stop();
  options = serving();
  options.port = port;
  EXPECT_FALSE(thrown([&] { RoomServer server(runtime, options); }, &text)) << text;
}

std::string ask(const RoomServer& server, const std::string& line, const std::string& headers) {
  BareClient client(server.port());
  client.send(line + " HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n");
  return client.read_all();
}

TEST(RoomServer, ABrowserGetsThePageAndAHealthCheckAnOk) {
  Runtime runtime;
  RoomServer server(runtime, serving());
  const auto page = ask(server, "GET /", "Host: 127.0.0.1\r\nAccept: text/html\r\n");
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200 OK\r\n")) << page;
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none'; script-src 'self'"), page.npos);
  EXPECT_NE(page.find("<title>Sidetone</title>"), page.npos);
  EXPECT_TRUE(ask(server, "GET /", "Host: a\r\nAccept: */*\r\n").ends_with("\r\n\r\nOK"));
}

TEST(RoomServer, GivesTokensOnlyWhenToldToAndOnlyToThisMachineByItsName) {
  Runtime runtime;
  const std::string line = "POST /dev/token?room=r&identity=ann";
  const std::string here = "Host: 127.0.0.1:1\r\nContent-Length: 0\r\n";
  RoomServer closed(runtime, serving());
  EXPECT_TRUE(ask(closed, line, here).starts_with("HTTP/1.1 404 "));
  auto options = serving();
  options.dev_tokens = true;
  RoomServer open(runtime, options);
  EXPECT_TRUE(ask(open, line, "Host: rebound.example\r\nContent-Length: 0\r\n")
                  .starts_with("HTTP/1.1 404 "));
  const auto answer = ask(open, line, here);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(answer.find("Access-Control"), answer.npos) << answer;
  const auto body = answer.substr(answer.find("\r\n\r\n") + 4);
  ASSERT_TRUE(body.starts_with(R"({"token":")")) << body;
  const auto jwt = body.substr(10, body.size() - 12);
  EXPECT_EQ(AccessToken::verify(jwt, options.api_key, options.api_secret).identity, "ann");
}

TEST(RoomServer, ThePortsAreFreeOnceItStopped) {
  Runtime runtime;
  auto options = serving();
  {
    RoomServer first(runtime, options);
    options.port = first.port();
    options.udp_port = first.udp_port();
    Room alice(runtime);
    alice.connect(first.url(), token_for("alice"));
  }
  RoomServer second(runtime, options);
  EXPECT_EQ(second.port(), options.port);
  EXPECT_EQ(second.udp_port(), options.udp_port);
}

TEST(RoomServer, RoomsDoNotHearEachOther) {
  Hall hall;
  auto alice = hall.join("alice", "one");
  auto bob = hall.join("bob", "one");
  auto eve = hall.join("alice", "two");
  EXPECT_EQ(hall.server.stats().rooms, 2U);
  EXPECT_EQ(hall.server.stats().participants, 3U);
  Singer singer(hall.runtime, 440);
  alice.local_participant().publish_track("voice", singer.source, steady());
  auto stream = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  EXPECT_PRED2(near, pitch(stream), 440);
  EXPECT_TRUE(eve.remote_participants().empty());
  EXPECT_FALSE(wait_for<TrackPublished>(eve, 50ms));
  EXPECT_GT(hall.server.stats().packets_forwarded, 10U);
}

TEST(RoomServer, WhoIsRemovedIsToldAndTheOthersGoOn) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  Singer singer(hall.runtime, 440);
  bob.local_participant().publish_track("voice", singer.source, steady());
  const auto heard = wait_for<TrackSubscribed>(alice);
  ASSERT_TRUE(heard);
  auto stream = AudioStream::from_track(heard->track);
  EXPECT_PRED2(near, pitch(stream), 440);
  EXPECT_FALSE(hall.server.remove_participant("room", "nobody"));
  EXPECT_FALSE(hall.server.remove_participant("no room", "bob"));
  ASSERT_TRUE(hall.server.remove_participant("room", "bob"));
  const auto took = time_to_end(stream);
  ASSERT_TRUE(took);
  EXPECT_LT(*took, kSlow ? 1500ms : 400ms);
  const auto end = wait_for<Disconnected>(bob);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, errc::removed);
  EXPECT_EQ(end->reason, DisconnectReason::participant_removed);
  EXPECT_FALSE(end->text.empty());
  EXPECT_FALSE(bob.next_event(1s));
  EXPECT_EQ(bob.state(), ConnectionState::disconnected);
  EXPECT_EQ(alice.state(), ConnectionState::connected);
  EXPECT_EQ(hall.server.stats().participants, 1U);
  EXPECT_EQ(singer.source.closed(), false);  // the source is its owner's
}

TEST(RoomServer, ADeletedRoomEndsForAll) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  auto other = hall.join("carol", "other");
  EXPECT_FALSE(hall.server.delete_room("no room"));
  ASSERT_TRUE(hall.server.delete_room("room"));
  for (auto* room : {&alice, &bob}) {
    const auto end = wait_for<Disconnected>(*room);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, errc::room_deleted);
  }
  EXPECT_EQ(other.state(), ConnectionState::connected);
  EXPECT_EQ(hall.server.stats().rooms, 1U);
}

TEST(RoomServer, AServerThatStopsSaysSo) {
  Hall hall;
  auto alice = hall.join("alice");
  auto bob = hall.join("bob");
  Singer singer(hall.runtime, 440);
  alice.local_participant().publish_track("voice", singer.source, steady());
  const auto heard = wait_for<TrackSubscribed>(bob);
  ASSERT_TRUE(heard);
  auto stream = AudioStream::from_track(heard->track);
  auto follower = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  EXPECT_PRED2(near, pitch(stream), 440);
  const auto url = hall.server.url();
  hall.server.stop();
  for (auto* room : {&alice, &bob}) {
    const auto end = wait_for<Disconnected>(*room);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, errc::server_shutdown);
    EXPECT_FALSE(end->text.empty());
  }
  EXPECT_TRUE(time_to_end(stream));
  EXPECT_TRUE(time_to_end(follower));
  EXPECT_EQ(hall.server.stats().participants, 0U);
  Room late(hall.runtime);
  EXPECT_EQ(thrown([&] { late.connect(url, token_for("late")); }), errc::unreachable);
  hall.server.stop();
}

TEST(RoomServer, ForwardingDelayDelaysButLosesNothing) {
  Runtime runtime;
  auto options = serving();
  options.forwarding_delay = 50ms;
  RoomServer server(runtime, options);
  Room alice(runtime);
  Room bob(runtime);
  alice.connect(server.url(), token_for("alice"));
  bob.connect(server.url(), token_for("bob"));
  Singer singer(runtime, 440);
  alice.local_participant().publish_track("voice", singer.source, steady());
  auto stream = AudioStream::from_participant(bob, "alice", TrackSource::microphone);
  EXPECT_PRED2(near, pitch(stream), 440);
  EXPECT_EQ(bob.stats().audio_packets_lost, 0);
}

TEST(RoomServer, PlainHttpAnswersHealthAndMetrics) {
  Hall hall;
  BareClient health(hall.server.port());
  health.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(health.read_all().find("OK"), std::string::npos);
  BareClient metrics(hall.server.port());
  metrics.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(metrics.read_all().find("# TYPE"), std::string::npos);
  BareClient noise(hall.server.port());
  noise.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_NE(noise.read_all().find("400"), std::string::npos);
  EXPECT_EQ(hall.server.stats().participants, 0U);
}

}  // namespace
}  // namespace sidetone::shell::test
