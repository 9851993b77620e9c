#include "core/web/request_json.hpp"

#include <gtest/gtest.h>

namespace sidetone::web {
namespace {

template <class Message>
Message good(std::string_view text) {
  Message message;
  const auto complaint = read_json(text, message);
  EXPECT_FALSE(complaint) << *complaint;
  return message;
}

template <class Message>
std::string bad(std::string_view text) {
  Message message;
  return read_json(text, message).value_or("it was taken");
}

TEST(RequestJson, FieldsMayBeWrittenInBothWays) {
  for (auto text : {R"({"room":"r","identity":"i","track_sid":"TR_1","muted":true})",
                    R"({"room":"r","identity":"i","trackSid":"TR_1","muted":true})"}) {
    const auto request = good<livekit::MuteRoomTrackRequest>(text);
    EXPECT_EQ(request.room(), "r");
    EXPECT_EQ(request.identity(), "i");
    EXPECT_EQ(request.track_sid(), "TR_1");
    EXPECT_TRUE(request.muted());
  }
}

TEST(RequestJson, UnknownFieldsAndNullsArePassedOver) {
  const auto request = good<livekit::CreateRoomRequest>(
      R"({"name":"n","metadata":null,"agents":[{"x":1}],"tags":{}})");
  EXPECT_EQ(request.name(), "n");
  EXPECT_EQ(request.metadata(), "");
}

TEST(RequestJson, WholeNumbersMayBeStrings) {
  const auto request = good<livekit::CreateRoomRequest>(
      R"({"name":"n","emptyTimeout":"10","departure_timeout":20,"max_participants":3.0,"metadata":"m"})");
  EXPECT_EQ(request.empty_timeout(), 10U);
  EXPECT_EQ(request.departure_timeout(), 20U);
  EXPECT_EQ(request.max_participants(), 3U);
  EXPECT_EQ(request.metadata(), "m");
  EXPECT_EQ(good<livekit::CreateRoomRequest>(R"({"empty_timeout":4294967295})").empty_timeout(),
            4294967295U);
}

TEST(RequestJson, NumbersOutOfRangeAreNamed) {
  const std::string rule = "empty_timeout must be a whole number from 0 to 4294967295";
  for (auto value : {"-1", "4294967296", "1.5", "1e99", "\"\"", "\"1x\"", "\" 1\"", "true", "[]"})
    EXPECT_EQ(bad<livekit::CreateRoomRequest>(R"({"empty_timeout":)" + std::string(value) + "}"),
              rule)
        << value;
}

TEST(RequestJson, WrongTypesAreNamed) {
  EXPECT_EQ(bad<livekit::DeleteRoomRequest>(R"({"room":1})"), "room must be a string");
  EXPECT_EQ(bad<livekit::ListParticipantsRequest>(R"({"room":[]})"), "room must be a string");
  EXPECT_EQ(bad<livekit::MuteRoomTrackRequest>(R"({"muted":"yes"})"),
            "muted must be true or false");
  EXPECT_EQ(bad<livekit::ListRoomsRequest>(R"({"names":"a"})"), "names must be a list");
  EXPECT_EQ(bad<livekit::ListRoomsRequest>(R"({"names":["a",1]})"),
            "names must be a list of strings");
  EXPECT_EQ(bad<livekit::UpdateParticipantRequest>(R"({"attributes":{"a":1}})"),
            "attributes must be an object of strings");
  EXPECT_EQ(bad<livekit::UpdateParticipantRequest>(R"({"permission":true})"),
            "permission must be an object");
  EXPECT_EQ(bad<livekit::UpdateParticipantRequest>(R"({"permission":{"canPublish":1}})"),
            "permission.can_publish must be true or false");
  EXPECT_EQ(
      bad<livekit::UpdateSubscriptionsRequest>(R"({"participant_tracks":[{"track_sids":[1]}]})"),
      "participant_tracks.track_sids must be a list of strings");
  EXPECT_EQ(bad<livekit::SendDataRequest>(R"({"data":"%"})"), "data must be base64");
}

TEST(RequestJson, WhatIsNoObjectIsRefused) {
  for (auto text : {"", "{", "[]", "1", "null", "{}{}", "{\"room\":\"\xff\"}"})
    EXPECT_EQ(bad<livekit::DeleteRoomRequest>(text), "the body is not one JSON object") << text;
  EXPECT_EQ(bad<livekit::DeleteRoomRequest>(std::string(100'000, '[')),
            "the body is not one JSON object");
}

TEST(RequestJson, AParticipantsChangeIsReadWhole) {
  const auto request = good<livekit::UpdateParticipantRequest>(
      R"({"room":"r","identity":"i","name":"n","metadata":"m","attributes":{"a":"1","b":""},
          "permission":{"canSubscribe":true,"can_publish":true,"canPublishData":true,"hidden":true,
          "recorder":true,"can_update_metadata":true,"agent":true,"canSubscribeMetrics":true,
          "canPublishSources":["MICROPHONE",1]}})");
  EXPECT_EQ(request.name(), "n");
  EXPECT_EQ(request.metadata(), "m");
  EXPECT_EQ(request.attributes().at("a"), "1");
  EXPECT_EQ(request.attributes().at("b"), "");
  const auto& permission = request.permission();
  EXPECT_TRUE(permission.can_subscribe() && permission.can_publish() &&
              permission.can_publish_data());
  EXPECT_TRUE(permission.hidden() && permission.recorder() && permission.can_update_metadata());
  EXPECT_TRUE(permission.agent() && permission.can_subscribe_metrics());
  ASSERT_EQ(permission.can_publish_sources_size(), 2);
  EXPECT_EQ(permission.can_publish_sources(0), livekit::MICROPHONE);
  EXPECT_EQ(permission.can_publish_sources(1), livekit::CAMERA);
  EXPECT_FALSE(good<livekit::UpdateParticipantRequest>(R"({"room":"r"})").has_permission());
  EXPECT_TRUE(good<livekit::UpdateParticipantRequest>(R"({"permission":{}})").has_permission());
}

TEST(RequestJson, EnumsAreNamesOrNumbers) {
  EXPECT_EQ(good<livekit::SendDataRequest>(R"({"kind":"LOSSY"})").kind(),
            livekit::DataPacket::LOSSY);
  EXPECT_EQ(good<livekit::SendDataRequest>(R"({"kind":1})").kind(), livekit::DataPacket::LOSSY);
  for (auto value : {"\"LOUD\"", "7", "-1", "1.5", "true"})
    EXPECT_EQ(bad<livekit::SendDataRequest>(R"({"kind":)" + std::string(value) + "}"),
              "kind must be one of its enum's names or numbers")
        << value;
}

TEST(RequestJson, DataIsBase64OfEitherAlphabet) {
  for (auto text : {"+/8=", "-_8=", "+/8", "-_8"}) {
    const auto request = good<livekit::SendDataRequest>(
        R"({"data":")" + std::string(text) + R"(","topic":"t","destinationIdentities":["a","b"]})");
    EXPECT_EQ(request.data(), "\xfb\xff") << text;
    EXPECT_EQ(request.topic(), "t");
    EXPECT_EQ(request.destination_identities_size(), 2);
  }
  EXPECT_FALSE(good<livekit::SendDataRequest>("{}").has_topic());
}

TEST(RequestJson, SubscriptionsMayNameTracksByParticipant) {
  const auto request = good<livekit::UpdateSubscriptionsRequest>(
      R"({"room":"r","identity":"i","trackSids":["TR_1"],"subscribe":true,
          "participantTracks":[{"participantSid":"PA_1","trackSids":["TR_2","TR_3"]}]})");
  EXPECT_TRUE(request.subscribe());
  EXPECT_EQ(request.track_sids(0), "TR_1");
  EXPECT_EQ(request.participant_tracks(0).participant_sid(), "PA_1");
  EXPECT_EQ(request.participant_tracks(0).track_sids(1), "TR_3");
}

}  // namespace
}  // namespace sidetone::web
