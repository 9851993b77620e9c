#include "core/server/participant_info.hpp"

#include <gtest/gtest.h>

namespace sidetone::server {
namespace {

TEST(ParticipantInfo, SaysWhatTheTokenSays) {
  JoinRequest join;
  join.claims.identity = "alice";
  join.claims.kind = "agent";
  join.claims.metadata = "m";
  join.claims.attributes = {{"k", "v"}};
  join.claims.grants.emplace();
  join.claims.grants->can_publish_sources = {"microphone", "screen_share_audio"};
  join.client_protocol = 2;
  const auto info = make_info(join, "PA_1", 1'700'000'000'123);
  EXPECT_EQ(info.sid(), "PA_1");
  EXPECT_EQ(info.name(), "alice") << "who has no name is called by its identity";
  EXPECT_EQ(info.kind(), livekit::ParticipantInfo::AGENT);
  EXPECT_EQ(info.state(), livekit::ParticipantInfo::JOINING);
  EXPECT_EQ(info.joined_at(), 1'700'000'000);
  EXPECT_EQ(info.attributes().at("k"), "v");
  EXPECT_EQ(info.client_protocol(), 2);
  ASSERT_EQ(info.permission().can_publish_sources_size(), 2);
  EXPECT_EQ(info.permission().can_publish_sources(1), livekit::SCREEN_SHARE_AUDIO);
  EXPECT_TRUE(info.permission().can_publish_data()) << "as can_publish, when it says nothing";
}

TEST(ParticipantInfo, APermissionBecomesGrantsAndLeavesTheRestAlone) {
  VideoGrants grants;
  grants.room = "room";
  grants.hidden = true;
  livekit::ParticipantPermission permission;
  permission.set_can_subscribe(true);
  permission.add_can_publish_sources(livekit::MICROPHONE);
  apply(permission, grants);
  EXPECT_TRUE(grants.can_subscribe);
  EXPECT_FALSE(grants.can_publish);
  EXPECT_EQ(grants.can_publish_data, false);
  EXPECT_EQ(grants.can_publish_sources, std::vector<std::string>{"microphone"});
  EXPECT_TRUE(grants.hidden);
  EXPECT_EQ(grants.room, "room");
}

}  // namespace
}  // namespace sidetone::server
