#include "core/signal/client_session.hpp"

#include <gtest/gtest.h>

#include "core/signal/wire.hpp"

namespace sidetone::signal {
namespace {

using base::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(100)};

struct Client {
  ClientSession session{base::WallClock{seconds(1'700'000'000)}};
  ClientOutbox out;

  template <class T>
  std::vector<T> take() {
    std::vector<T> found;
    for (auto& output : out)
      if (auto* item = std::get_if<T>(&output)) found.push_back(std::move(*item));
    out.clear();
    return found;
  }

  void receive(const livekit::SignalResponse& response, Instant now) {
    auto bytes = encode(response);
    session.on_message(base::as_bytes(bytes), now, out);
  }

  void connect() {
    session.open({}, kStart, out);
    session.on_socket_open(kStart, out);
    out.clear();
  }

  void join(int interval = 5, int timeout = 15) {
    connect();
    livekit::SignalResponse response;
    response.mutable_join()->set_ping_interval(interval);
    response.mutable_join()->set_ping_timeout(timeout);
    receive(response, kStart);
  }

  livekit::SignalRequest sent() {
    livekit::SignalRequest request;
    auto messages = take<SendMessage>();
    EXPECT_EQ(messages.size(), 1U);
    EXPECT_TRUE(!messages.empty() && decode(base::as_bytes(messages.front().bytes), request));
    return request;
  }
};

TEST(ClientSession, FirstWantsASocket) {
  Client client;
  SocketRequest request;
  request.host = "h";
  client.session.open(request, kStart, client.out);
  auto wishes = client.take<OpenSocket>();
  ASSERT_EQ(wishes.size(), 1U);
  EXPECT_EQ(wishes[0].request.host, "h");
  EXPECT_FALSE(client.session.next_deadline());
}

TEST(ClientSession, PingsAtOnceAndEveryInterval) {
  Client client;
  client.join();
  auto first = client.sent();
  EXPECT_EQ(first.ping_req().timestamp(), 1'700'000'100'000);
  EXPECT_EQ(first.ping_req().rtt(), 0);
  EXPECT_EQ(client.session.next_deadline(), kStart + seconds(5));
  client.session.on_deadline(kStart + milliseconds(4999), client.out);
  EXPECT_TRUE(client.out.empty());

  livekit::SignalResponse pong;
  pong.mutable_pong_resp()->set_last_ping_timestamp(1'700'000'100'000);
  client.receive(pong, kStart + milliseconds(30));
  EXPECT_TRUE(client.out.empty());
  EXPECT_EQ(client.session.rtt(), milliseconds(30));

  client.session.on_deadline(kStart + seconds(5), client.out);
  auto second = client.sent();
  EXPECT_EQ(second.ping_req().timestamp(), 1'700'000'105'000);
  EXPECT_EQ(second.ping_req().rtt(), 30);
}

TEST(ClientSession, SilenceForThePingTimeoutIsALoss) {
  Client client;
  client.join(5, 15);
  client.session.on_deadline(kStart + seconds(5), client.out);
  client.session.on_deadline(kStart + seconds(10), client.out);
  client.out.clear();
  client.session.on_deadline(kStart + seconds(15), client.out);
  ASSERT_EQ(client.out.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(client.out[0]));
  const auto& lost = std::get<Lost>(client.out[1]);
  EXPECT_EQ(lost.code, errc::timed_out);
  EXPECT_TRUE(lost.retry);
  EXPECT_FALSE(client.session.next_deadline());
}

TEST(ClientSession, AnyMessageIsASignOfLife) {
  Client client;
  client.join(5, 15);
  livekit::SignalResponse update;
  update.mutable_update();
  client.receive(update, kStart + seconds(14));
  for (int second : {5, 10, 15, 20, 25}) {
    client.session.on_deadline(kStart + seconds(second), client.out);
    EXPECT_TRUE(client.take<Lost>().empty()) << second;
  }
  client.session.on_deadline(kStart + seconds(29), client.out);
  EXPECT_EQ(client.take<Lost>().size(), 1U);
}

TEST(ClientSession, ZeroPingTimesMeanTheDefaults) {
  Client client;
  client.join(0, 0);
  EXPECT_EQ(client.session.next_deadline(), kStart + seconds(5));
}

TEST(ClientSession, AFloodOfPingsCannotBeOrdered) {
  Client client;
  client.join(-1, 2'000'000'000);
  EXPECT_EQ(client.session.next_deadline(), kStart + seconds(5));
  Client other;
  other.join(2'000'000'000, 2'000'000'000);
  EXPECT_EQ(other.session.next_deadline(), kStart + seconds(300));
}

TEST(ClientSession, NoFirstMessageWithinFiveSecondsIsALoss) {
  Client client;
  client.connect();
  EXPECT_EQ(client.session.next_deadline(), kStart + seconds(5));
  client.session.on_deadline(kStart + seconds(5), client.out);
  auto lost = client.take<Lost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].code, errc::timed_out);
  EXPECT_EQ(client.session.state(), ClientSession::State::closed);
}

TEST(ClientSession, ResponsesArriveDecodedAndPongsStayInside) {
  Client client;
  client.join();
  auto received = client.take<Received>();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_TRUE(received[0].response.has_join());
  livekit::SignalResponse pong;
  pong.set_pong(5);
  client.receive(pong, kStart);
  client.session.on_message({}, kStart, client.out);
  EXPECT_TRUE(client.out.empty());
}

TEST(ClientSession, UndecodableBytesEndTheSession) {
  Client client;
  client.join();
  client.out.clear();
  client.session.on_message(base::as_bytes("\xff\xff\xff\xff"), kStart, client.out);
  auto lost = client.take<Lost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].code, errc::protocol_error);
  EXPECT_EQ(client.session.undecodable(), 1U);
  client.session.on_message(base::as_bytes("\xff"), kStart, client.out);
  EXPECT_TRUE(client.out.empty());
}

TEST(ClientSession, TextThatIsNotUtf8DoesNotDecodeAndPrintsNothing) {
  Client client;
  client.join();
  client.out.clear();
  testing::internal::CaptureStderr();
  client.session.on_message(base::as_bytes("\x82\x01\x02\xff\xfe"), kStart, client.out);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(client.session.undecodable(), 1U);
}

TEST(ClientSession, LeavingTellsTheServerAndDoesNotWait) {
  Client client;
  client.join();
  client.out.clear();
  client.session.leave(client.out);
  ASSERT_EQ(client.out.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(client.out[1]));
  auto leave = client.sent().leave();
  EXPECT_EQ(leave.reason(), livekit::CLIENT_INITIATED);
  client.session.leave(client.out);
  EXPECT_TRUE(client.out.empty());
}

TEST(ClientSession, LeavingBeforeTheJoinResponseTellsTheServerToo) {
  Client client;
  client.connect();
  client.session.leave(client.out);
  EXPECT_EQ(client.sent().message_case(), livekit::SignalRequest::kLeave);
}

TEST(ClientSession, NothingIsSentBeforeTheServerSpoke) {
  Client client;
  client.connect();
  livekit::SignalRequest request;
  request.mutable_mute();
  client.session.send(request, client.out);
  EXPECT_TRUE(client.out.empty());
}

TEST(ClientSession, ADroppedSocketIsWorthAnotherTry) {
  Client client;
  client.join();
  client.out.clear();
  client.session.on_socket_closed(errc::closed, "", client.out);
  auto lost = client.take<Lost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_TRUE(lost[0].retry);
  EXPECT_EQ(lost[0].text, "the server closed the signalling connection");
}

TEST(ClientSession, ABadCertificateIsNot) {
  Client client;
  client.session.open({}, kStart, client.out);
  client.session.on_socket_closed(errc::tls_verification, "self-signed certificate", client.out);
  auto lost = client.take<Lost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_FALSE(lost[0].retry);
  EXPECT_EQ(lost[0].text, "self-signed certificate");
}

TEST(ClassifyRefusal, StatusesHaveTheirErrors) {
  EXPECT_EQ(classify_refusal({401, ""}).code, errc::unauthorized);
  EXPECT_EQ(classify_refusal({403, ""}).code, errc::forbidden);
  EXPECT_EQ(classify_refusal({404, ""}).code, errc::not_found);
  EXPECT_EQ(classify_refusal({400, ""}).code, errc::invalid_argument);
  EXPECT_EQ(classify_refusal({429, ""}).code, errc::unreachable);
  EXPECT_EQ(classify_refusal({500, ""}).code, errc::unreachable);
  EXPECT_EQ(classify_refusal({302, ""}).code, errc::protocol_error);
  EXPECT_TRUE(classify_refusal({429, ""}).retry);
  EXPECT_TRUE(classify_refusal({503, ""}).retry);
  EXPECT_FALSE(classify_refusal({401, ""}).retry);
  EXPECT_FALSE(classify_refusal({404, ""}).retry);
}

TEST(ClassifyRefusal, ShowsTheServersReasonWithoutTheToken) {
  auto lost = classify_refusal(
      {401,
       "invalid token: eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.AAAA, error: token signature is "
       "invalid: signature is invalid\n"});
  EXPECT_EQ(lost.text,
            "HTTP 401: invalid token: <token>, error: token signature is invalid: signature is "
            "invalid");
  EXPECT_EQ(classify_refusal({404, ""}).text, "HTTP 404");
}

TEST(ClassifyRefusal, ALongPageIsCut) {
  auto text = classify_refusal({502, std::string(5000, 'x')}).text;
  EXPECT_LT(text.size(), 330U);
}

}  // namespace
}  // namespace sidetone::signal
