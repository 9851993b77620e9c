#include "core/signal/server_session.hpp"

#include <gtest/gtest.h>

#include "core/signal/wire.hpp"

namespace sidetone::signal {
namespace {

using std::chrono::seconds;

constexpr base::Instant kNow{seconds(50)};

struct Server {
  ServerSession session{base::WallClock{seconds(1'700'000'000)}};
  ServerOutbox out;

  void receive(const livekit::SignalRequest& request) {
    auto bytes = encode(request);
    session.on_message(base::as_bytes(bytes), kNow, out);
  }

  livekit::SignalResponse sent(std::size_t index) {
    livekit::SignalResponse response;
    const auto* message = std::get_if<SendToClient>(&out[index]);
    EXPECT_TRUE(message && decode(base::as_bytes(message->bytes), response));
    return response;
  }
};

TEST(ServerSession, AnswersBothPings) {
  Server server;
  livekit::SignalRequest request;
  request.mutable_ping_req()->set_timestamp(42);
  server.receive(request);
  request.set_ping(43);
  server.receive(request);
  ASSERT_EQ(server.out.size(), 2U);
  EXPECT_EQ(server.sent(0).pong_resp().last_ping_timestamp(), 42);
  EXPECT_EQ(server.sent(0).pong_resp().timestamp(), 1'700'000'050'000);
  EXPECT_EQ(server.sent(1).pong(), 1'700'000'050'000);
}

TEST(ServerSession, RequestsArriveDecoded) {
  Server server;
  livekit::SignalRequest request;
  request.mutable_add_track()->set_cid("c");
  server.receive(request);
  ASSERT_EQ(server.out.size(), 1U);
  EXPECT_EQ(std::get<Requested>(server.out[0]).request.add_track().cid(), "c");
}

TEST(ServerSession, EmptyAndUnknownMessagesAreIgnored) {
  Server server;
  server.session.on_message({}, kNow, server.out);
  server.session.on_message(base::as_bytes(std::string_view("\x9a\x01\x00", 3)), kNow,
                            server.out);  // field 19, data track
  EXPECT_TRUE(server.out.empty());
  EXPECT_FALSE(server.session.closed());
}

TEST(ServerSession, UndecodableBytesCloseTheSocketWithoutALeave) {
  Server server;
  server.session.on_message(base::as_bytes("\xff\xff"), kNow, server.out);
  ASSERT_EQ(server.out.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<CloseClient>(server.out[0]));
  EXPECT_EQ(server.session.malformed(), 1U);
  server.out.clear();
  livekit::SignalRequest request;
  request.set_ping(1);
  server.receive(request);
  EXPECT_TRUE(server.out.empty());
}

TEST(ServerSession, OversizedMessagesCloseTheSocket) {
  Server server;
  livekit::SignalRequest request;
  request.mutable_add_track()->set_name(std::string(kMaxRequestBytes, 'x'));
  server.receive(request);
  ASSERT_EQ(server.out.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<CloseClient>(server.out[0]));
}

TEST(ServerSession, TheLargestMessageIsTaken) {
  Server server;
  livekit::SignalRequest request;
  request.mutable_add_track()->set_name(std::string(kMaxRequestBytes - 20, 'x'));
  server.receive(request);
  ASSERT_EQ(server.out.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Requested>(server.out[0]));
}

TEST(ServerSession, LeaveSaysWhyAndCloses) {
  Server server;
  server.session.leave(livekit::PARTICIPANT_REMOVED, livekit::LeaveRequest::DISCONNECT, server.out);
  ASSERT_EQ(server.out.size(), 2U);
  EXPECT_EQ(server.sent(0).leave().reason(), livekit::PARTICIPANT_REMOVED);
  EXPECT_TRUE(std::holds_alternative<CloseClient>(server.out[1]));
  server.out.clear();
  server.session.send({}, server.out);
  server.session.leave(livekit::ROOM_DELETED, livekit::LeaveRequest::DISCONNECT, server.out);
  EXPECT_TRUE(server.out.empty());
}

}  // namespace
}  // namespace sidetone::signal
