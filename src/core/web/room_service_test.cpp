#include "core/web/room_service.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/signal/wire.hpp"
#include "room_service.pb.h"

namespace sidetone::web {
namespace {

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kProtobuf = "application/protobuf";

VideoGrants every_right(std::string room = "r") {
  VideoGrants grants;
  grants.room = std::move(room);
  grants.room_admin = grants.room_list = grants.room_create = true;
  return grants;
}

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

// A server whose participants have signalling and no media: all that the calls are about.
struct Hall {
  Hall() {
    server::Config config;
    config.keys["key"] = "secret";
    config.wall.unix_offset = kEpoch;
    server = std::make_unique<server::Server>(std::move(config),
                                              server::Server::Parts{&context(), &random, [] {}});
  }

  server::ConnectionId join(const std::string& identity) {
    server::JoinRequest request;
    request.claims.identity = identity;
    request.claims.grants = VideoGrants{.room_join = true, .room = "r"};
    request.protocol = 16;
    server->on_join(++connections, std::move(request), {}, out);
    return connections;
  }

  std::string publish(server::ConnectionId connection) {
    livekit::SignalRequest request;
    request.mutable_add_track()->set_cid("mic");
    request.mutable_add_track()->set_type(livekit::AUDIO);
    request.mutable_add_track()->set_source(livekit::MICROPHONE);
    const auto bytes = request.SerializeAsString();
    server->on_signal(connection, base::as_bytes(bytes), {}, out);
    std::string sid;
    for (const auto& response : told(connection))
      if (response.has_track_published()) sid = response.track_published().track().sid();
    return sid;
  }

  std::vector<livekit::SignalResponse> told(server::ConnectionId connection) const {
    std::vector<livekit::SignalResponse> responses;
    for (const auto& signal : out.signals)
      if (signal.to == connection) responses.emplace_back().ParseFromString(signal.bytes);
    return responses;
  }

  Response ask(const Request& request) {
    auto answer = room_service(request, *server, {{}, out});
    EXPECT_TRUE(answer);
    return answer.value_or(Response{});
  }

  Response call(std::string_view method,
                std::string_view body,
                std::string_view type = kJson,
                const VideoGrants& grants = every_right()) {
    signal::Claims claims;
    claims.issuer = "key";
    claims.expires = kEpoch.count() + 60;
    claims.grants = grants;
    const auto authorization = "Bearer " + signal::mint(claims, "secret");
    const auto target = "/twirp/livekit.RoomService/" + std::string(method);
    return ask({.method = "POST",
                .target = target,
                .body = body,
                .authorization = authorization,
                .content_type = type});
  }

  boost::json::value json(std::string_view method, std::string_view body) {
    const auto answer = call(method, body);
    EXPECT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(answer.content_type, kJson);
    return boost::json::parse(answer.body);
  }

  base::SeededRandom random{1};
  server::ConnectionId connections = 0;
  std::unique_ptr<server::Server> server;
  server::Outbox out;
};

void expect_error(const Response& answer, unsigned status, std::string_view code) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(answer.content_type, kJson);
  EXPECT_EQ(boost::json::parse(answer.body).at("code").as_string(), code) << answer.body;
  EXPECT_FALSE(boost::json::parse(answer.body).at("msg").as_string().empty());
}

TEST(RoomService, RoomsAreCreatedListedChangedAndDeleted) {
  Hall hall;
  const auto room = hall.json("CreateRoom", R"({"name":"r","metadata":"m","maxParticipants":5})");
  EXPECT_EQ(room.at("name"), "r");
  EXPECT_EQ(room.at("metadata"), "m");
  EXPECT_EQ(room.at("max_participants"), 5);
  EXPECT_TRUE(room.at("sid").as_string().starts_with("RM_"));
  hall.json("CreateRoom", R"({"name":"other"})");
  EXPECT_EQ(hall.json("ListRooms", "{}").at("rooms").as_array().size(), 2U);
  const auto listed = hall.json("ListRooms", R"({"names":["r","nowhere"]})").at("rooms");
  ASSERT_EQ(listed.as_array().size(), 1U);
  EXPECT_EQ(listed.at(0).at("name"), "r");
  EXPECT_EQ(hall.json("UpdateRoomMetadata", R"({"room":"r","metadata":"n"})").at("metadata"), "n");
  hall.json("DeleteRoom", R"({"room":"r"})");
  EXPECT_EQ(hall.json("ListRooms", "{}").at("rooms").as_array().size(), 1U);
  expect_error(hall.call("DeleteRoom", R"({"room":"r"})"), 404, "not_found");
}

TEST(RoomService, ParticipantsAreListedFoundAndRemoved) {
  Hall hall;
  const auto ann = hall.join("ann");
  hall.join("bob");
  EXPECT_EQ(hall.json("ListParticipants", R"({"room":"r"})").at("participants").as_array().size(),
            2U);
  EXPECT_EQ(hall.json("GetParticipant", R"({"room":"r","identity":"ann"})").at("identity"), "ann");
  hall.json("RemoveParticipant", R"({"room":"r","identity":"ann"})");
  const auto told = hall.told(ann);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().leave().reason(), livekit::PARTICIPANT_REMOVED);
  expect_error(hall.call("GetParticipant", R"({"room":"r","identity":"ann"})"), 404, "not_found");
  expect_error(hall.call("RemoveParticipant", R"({"room":"r","identity":"ann"})"), 404,
               "not_found");
}

TEST(RoomService, AParticipantIsRenamedDescribedAndRestricted) {
  Hall hall;
  hall.join("ann");
  const auto changed =
      hall.json("UpdateParticipant",
                R"({"room":"r","identity":"ann","name":"Ann","metadata":"m","attributes":{"a":"1"},
          "permission":{"can_subscribe":true,"can_publish":false,"can_publish_data":true}})");
  EXPECT_EQ(changed.at("name"), "Ann");
  EXPECT_EQ(changed.at("metadata"), "m");
  EXPECT_EQ(changed.at("attributes").at("a"), "1");
  EXPECT_EQ(changed.at("permission").at("can_publish"), false);
  EXPECT_EQ(changed.at("permission").at("can_publish_data"), true);
  const auto same = hall.json("UpdateParticipant", R"({"room":"r","identity":"ann"})");
  EXPECT_EQ(same.at("name"), "Ann");
  EXPECT_EQ(same.at("permission").at("can_publish"), false);
}

TEST(RoomService, TracksAreMutedAndNeverUnmuted) {
  Hall hall;
  const auto ann = hall.join("ann");
  const auto sid = hall.publish(ann);
  ASSERT_FALSE(sid.empty());
  const auto about = R"({"room":"r","identity":"ann","track_sid":")" + sid + R"(","muted":)";
  EXPECT_EQ(hall.json("MutePublishedTrack", about + "true}").at("track").at("muted"), true);
  bool told = false;
  for (const auto& response : hall.told(ann))
    told |= response.has_mute() && response.mute().muted();
  EXPECT_TRUE(told);
  expect_error(hall.call("MutePublishedTrack", about + "false}"), 412, "failed_precondition");
  expect_error(hall.call("MutePublishedTrack",
                         R"({"room":"r","identity":"ann","track_sid":"TR_none","muted":true})"),
               404, "not_found");
}

TEST(RoomService, SubscriptionsAndDataAreTaken) {
  Hall hall;
  hall.join("ann");
  EXPECT_EQ(hall.call("UpdateSubscriptions",
                      R"({"room":"r","identity":"ann","track_sids":["TR_1"],"subscribe":false})")
                .body,
            "{}");
  EXPECT_EQ(
      hall.call("SendData", R"({"room":"r","data":"aGk=","kind":"RELIABLE","topic":"t"})").body,
      "{}");
  expect_error(
      hall.call("SendData", R"({"room":"nowhere","data":"aGk="})", kJson, every_right("nowhere")),
      404, "not_found");
}

TEST(RoomService, SpeaksProtobufAsWell) {
  Hall hall;
  livekit::CreateRoomRequest create;
  create.set_name("r");
  create.set_empty_timeout(60);
  const auto answer = hall.call("CreateRoom", create.SerializeAsString(), kProtobuf);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, kProtobuf);
  livekit::Room room;
  ASSERT_TRUE(room.ParseFromString(answer.body));
  EXPECT_EQ(room.name(), "r");
  EXPECT_EQ(room.empty_timeout(), 60U);
  hall.join("ann");
  livekit::ListParticipantsRequest list;
  list.set_room("r");
  livekit::ListParticipantsResponse participants;
  ASSERT_TRUE(participants.ParseFromString(
      hall.call("ListParticipants", list.SerializeAsString(), kProtobuf).body));
  ASSERT_EQ(participants.participants_size(), 1);
  EXPECT_EQ(participants.participants(0).identity(), "ann");
  testing::internal::CaptureStderr();
  expect_error(hall.call("ListRooms", "\xff\xff", kProtobuf), 400, "malformed");
  expect_error(hall.call("DeleteRoom", "\x0a\x02\xff\xfe", kProtobuf), 400, "malformed");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library prints nothing";
}

TEST(RoomService, EachCallNeedsItsRight) {
  Hall hall;
  hall.join("ann");
  const auto none = VideoGrants{.room_join = true, .room = "r"};
  auto admin = none;
  admin.room_admin = true;
  auto list = none;
  list.room_list = true;
  auto create = none;
  create.room_create = true;
  const std::string body = R"({"room":"r","identity":"ann","name":"r","track_sid":"TR_0"})";
  for (auto method :
       {"UpdateRoomMetadata", "ListParticipants", "GetParticipant", "UpdateParticipant",
        "MutePublishedTrack", "UpdateSubscriptions", "SendData", "RemoveParticipant"}) {
    for (const auto& grants : {none, list, create})
      expect_error(hall.call(method, body, kJson, grants), 401, "unauthenticated");
    expect_error(hall.call(method, body, kJson, every_right("another")), 401, "unauthenticated");
    EXPECT_NE(hall.call(method, body, kJson, admin).status, 401U) << method;
  }
  for (const auto& grants : {none, list, admin})
    for (auto method : {"CreateRoom", "DeleteRoom"})
      expect_error(hall.call(method, body, kJson, grants), 401, "unauthenticated");
  for (const auto& grants : {none, create, admin})
    expect_error(hall.call("ListRooms", body, kJson, grants), 401, "unauthenticated");
  EXPECT_EQ(hall.call("ListRooms", body, kJson, list).status, 200U);
  EXPECT_EQ(hall.call("CreateRoom", body, kJson, create).status, 200U);
  EXPECT_EQ(boost::json::parse(hall.call("ListRooms", "{}", kJson, none).body).at("msg"),
            "permissions denied");
}

TEST(RoomService, BadTokensAreRefusedBeforeTheBodyIsRead) {
  Hall hall;
  Request request{.method = "POST",
                  .target = "/twirp/livekit.RoomService/ListRooms",
                  .body = "no json",
                  .content_type = kJson};
  expect_error(hall.ask(request), 401, "unauthenticated");
  signal::Claims claims;
  claims.issuer = "key";
  claims.expires = kEpoch.count() + 60;
  const auto without_grants = "Bearer " + signal::mint(claims, "secret");
  claims.grants = every_right();
  const auto forged = "Bearer " + signal::mint(claims, "another secret");
  claims.expires = kEpoch.count() - 3600;
  const auto expired = "Bearer " + signal::mint(claims, "secret");
  for (const auto& authorization : {std::string("Basic x"), std::string("Bearer "),
                                    std::string("Bearer x.y.z"), without_grants, forged, expired}) {
    request.authorization = authorization;
    const auto answer = hall.ask(request);
    expect_error(answer, 401, "unauthenticated");
    EXPECT_EQ(answer.body.find("eyJ"), std::string::npos) << "the token is repeated";
  }
}

TEST(RoomService, UnknownPathsMethodsAndTypesAreBadRoutes) {
  Hall hall;
  EXPECT_FALSE(room_service({.method = "POST", .target = "/rtc"}, *hall.server, {{}, hall.out}));
  expect_error(hall.call("BlowUp", "{}"), 404, "bad_route");
  expect_error(hall.call("", "{}"), 404, "bad_route");
  expect_error(hall.call("ListRooms/", "{}"), 404, "bad_route");
  expect_error(hall.call("ListRooms", "{}", "text/plain"), 404, "bad_route");
  expect_error(hall.ask({.method = "POST", .target = "/twirp/livekit.Egress/ListRooms"}), 404,
               "bad_route");
  expect_error(hall.ask({.method = "GET", .target = "/twirp/livekit.RoomService/ListRooms"}), 404,
               "bad_route");
  EXPECT_EQ(hall.call("ListRooms", "{}", "application/json; charset=utf-8").status, 200U);
}

TEST(RoomService, WhatIsWrongWithARequestIsSaid) {
  Hall hall;
  const auto answer = hall.call("CreateRoom", R"({"name":1})");
  expect_error(answer, 400, "malformed");
  EXPECT_NE(answer.body.find("name must be a string"), std::string::npos);
  expect_error(hall.call("CreateRoom", "{}"), 400, "invalid_argument");
  expect_error(hall.call("CreateRoom", R"({"name":")" + std::string(257, 'x') + R"("})"), 400,
               "invalid_argument");
}

}  // namespace
}  // namespace sidetone::web
