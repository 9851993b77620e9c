#include <gtest/gtest.h>

#include "core/session/scripted_server_test.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;
using test::LocalSource;
using test::person;
using test::Stage;

livekit::SignalRequest last(const Stage& stage, livekit::SignalRequest::MessageCase kind) {
  livekit::SignalRequest found;
  for (const auto& request : stage.requests)
    if (request.message_case() == kind) found = request;
  return found;
}

bool reconnected(Stage& stage) {
  return stage.run_until([&] { return stage.session.state() == ConnectionState::connected; });
}

error_code allow(Stage& stage, SubscriptionPermissions permissions) {
  auto error =
      stage.session.set_subscription_permissions(std::move(permissions), stage.now(), stage.out);
  stage.settle();
  return error;
}

TEST(SubscriptionPermissions, AreToldToTheServer) {
  Stage stage;
  EXPECT_EQ(allow(stage, {}), errc::closed);
  stage.connect();
  stage.asked();
  EXPECT_FALSE(allow(stage, {false, {{"bob", false, {"TR_1"}}, {"carol", true, {}}}}));
  EXPECT_EQ(stage.asked(), "permission");
  auto sent =
      last(stage, livekit::SignalRequest::kSubscriptionPermission).subscription_permission();
  EXPECT_FALSE(sent.all_participants());
  ASSERT_EQ(sent.track_permissions_size(), 2);
  EXPECT_EQ(sent.track_permissions(0).participant_identity(), "bob");
  EXPECT_FALSE(sent.track_permissions(0).all_tracks());
  EXPECT_EQ(sent.track_permissions(0).track_sids(0), "TR_1");
  EXPECT_TRUE(sent.track_permissions(1).all_tracks());
}

TEST(SubscriptionPermissions, ANewSessionKnowsThemBeforeTheTracks) {
  Stage stage;
  stage.connect();
  LocalSource source;
  ASSERT_EQ(stage.publish(source), "TR_1");
  EXPECT_FALSE(allow(stage, {false, {{"bob", false, {"TR_1"}}}}));
  stage.asked();
  stage.leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  stage.settle();
  ASSERT_TRUE(reconnected(stage));
  auto asked = stage.asked();
  EXPECT_LT(asked.find("permission"), asked.find("add_track")) << asked;
  EXPECT_EQ(stage.session.room().local().tracks.at(0).sid, "TR_2");
  auto sent =
      last(stage, livekit::SignalRequest::kSubscriptionPermission).subscription_permission();
  ASSERT_EQ(sent.track_permissions_size(), 1);
  EXPECT_EQ(sent.track_permissions(0).track_sids(0), "TR_2") << "the track's new name";
}

TEST(SetMetadata, IsDoneWhenAnOlderServerShowsTheChange) {
  Stage stage;
  stage.connect();
  stage.session.set_metadata(5, {.metadata = "m", .attributes = {{"k", "v"}, {"gone", ""}}},
                             stage.now(), stage.out);
  stage.session.set_metadata(6, {.name = "n"}, stage.now(), stage.out);
  stage.settle();
  auto me = person("PA_me1", "me", 2);
  me.set_metadata("m");
  stage.send_update({me});
  stage.settle();
  EXPECT_EQ(stage.completion(5), nullptr) << "an attribute is missing";
  me.set_version(3);
  (*me.mutable_attributes())["k"] = "v";
  stage.send_update({me});
  stage.settle();
  ASSERT_NE(stage.completion(5), nullptr);
  EXPECT_FALSE(stage.completion(5)->error);
  EXPECT_EQ(stage.completion(6), nullptr) << "its name is not there yet";
}

TEST(SendData, WhatTheServerMissedIsSentAgainAfterAResume) {
  Stage stage;
  stage.connect();
  stage.run_for(200ms);
  stage.script.media = false;
  auto payload = base::as_bytes("hello");
  for (int i = 0; i < 3; ++i)
    ASSERT_FALSE(stage.session.send_data({payload, "", true, {}}, stage.now(), stage.out));
  stage.run_for(20ms);
  stage.script.last_message_seq = 2;
  stage.drop_socket();
  stage.script.media = true;
  ASSERT_TRUE(reconnected(stage));
  EXPECT_EQ(stage.session.counters().resent_data, 1U);
  stage.run_for(5s);
  std::map<std::uint32_t, int> arrived;
  for (const auto& message : stage.messages) {
    livekit::DataPacket packet;
    ASSERT_TRUE(packet.ParseFromString(message));
    ++arrived[packet.sequence()];
  }
  EXPECT_EQ(arrived, (std::map<std::uint32_t, int>{{1, 1}, {2, 1}, {3, 2}}))
      << "the association lived on and brought its own copy; the server drops one by its number";
}

TEST(SendData, WhatWasAcknowledgedIsNotSentAgain) {
  Stage stage;
  stage.connect();
  stage.run_for(200ms);
  ASSERT_FALSE(
      stage.session.send_data({base::as_bytes("x"), "", true, {}}, stage.now(), stage.out));
  stage.run_for(2s);
  stage.drop_socket();
  ASSERT_TRUE(reconnected(stage));
  EXPECT_EQ(stage.session.counters().resent_data, 0U);
}

TEST(Simulate, ALostSignallingSocketIsResumed) {
  Stage stage;
  EXPECT_EQ(stage.session.simulate(SimulatedFault::signal_reconnect, stage.now(), stage.out),
            errc::closed);
  stage.connect();
  stage.story();
  EXPECT_FALSE(stage.session.simulate(SimulatedFault::signal_reconnect, stage.now(), stage.out));
  stage.settle();
  ASSERT_TRUE(reconnected(stage));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.session.counters().resumes, 1U);
  EXPECT_FALSE(stage.session.simulate(SimulatedFault::full_reconnect, stage.now(), stage.out));
  stage.settle();
  ASSERT_TRUE(reconnected(stage));
  EXPECT_EQ(stage.story(), "reconnecting reconnected");
  EXPECT_EQ(stage.session.counters().restarts, 1U);
}

TEST(Simulate, TheServerIsAskedForItsFaults) {
  Stage stage;
  stage.connect();
  using enum SimulatedFault;
  for (auto fault :
       {speaker_update, node_failure, migration, server_leave, switch_candidate_protocol,
        disconnect_signal_on_resume, disconnect_signal_on_resume_no_messages}) {
    EXPECT_FALSE(stage.session.simulate(fault, stage.now(), stage.out));
    stage.settle();
    auto sent = last(stage, livekit::SignalRequest::kSimulate).simulate();
    int expected = static_cast<int>(fault) - static_cast<int>(speaker_update) + 1;
    if (expected > 5) ++expected;  // subscriber_bandwidth, which is of video
    EXPECT_EQ(static_cast<int>(sent.scenario_case()), expected);
  }
}

}  // namespace
}  // namespace sidetone::session
