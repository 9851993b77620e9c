// Who hears what, as listeners wish it.
#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using livekit::SignalResponse;
using test::Call;
using test::Guest;
using test::kSsrc;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

TEST(Subscriptions, UnsubscribedAndSubscribedAgain) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 3);
  call.bob.subscription(call.sid, false);
  call.world.run_for(500ms);
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 3);
  EXPECT_TRUE(call.bob.rtp.empty());
  const auto offers = call.bob.count(SignalResponse::kOffer);
  call.bob.subscription(call.sid, true);
  call.bob.subscription(call.sid, true);
  call.world.run_for(200ms);
  EXPECT_EQ(call.bob.count(SignalResponse::kOffer), offers + 1);
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
}

TEST(Subscriptions, ChangingOnesMindBackAndForthAtOnceEndsRight) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 3);
  for (int i = 0; i < 10; ++i) {
    call.bob.subscription(call.sid, false);
    call.bob.subscription(call.sid, true);
  }
  call.world.run_for(2s);
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
  EXPECT_EQ(call.bob.last(SignalResponse::kOffer)->offer().mid_to_track_id_size(), 1);
}

TEST(Subscriptions, NothingIsSubscribedUnasked) {
  Call call({.identity = "bob", .parameters = "&auto_subscribe=0"});
  call.publish();
  EXPECT_TRUE(call.heard_of());
  EXPECT_EQ(call.bob.count(SignalResponse::kOffer), 1);
  call.bob.subscription("TR_unknown", true);
  EXPECT_EQ(call.bob.count(SignalResponse::kOffer), 1);
  call.bob.subscription(call.sid, true);
  EXPECT_EQ(call.bob.count(SignalResponse::kOffer), 2);
}

TEST(Subscriptions, WhoMayNotSubscribeHearsNothing) {
  Guest deaf{.identity = "bob"};
  deaf.grants.can_subscribe = false;
  Call call(deaf);
  call.publish();
  call.bob.subscription(call.sid, true);
  call.alice.speak(kSsrc, 3);
  EXPECT_TRUE(call.heard_of());
  EXPECT_EQ(call.bob.count(SignalResponse::kOffer), 0);
  EXPECT_TRUE(call.bob.rtp.empty());
}

TEST(Subscriptions, DisabledByTheListenerUntilEnabled) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 3);
  livekit::SignalRequest setting;
  setting.mutable_track_setting()->add_track_sids(call.sid);
  setting.mutable_track_setting()->set_disabled(true);
  call.bob.send(setting);
  call.world.run_for(2s);
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 3);
  // A mute and unmute of the publisher's does not enable it.
  call.alice.mute(call.sid, true);
  call.alice.mute(call.sid, false);
  call.alice.speak(kSsrc, 3);
  EXPECT_TRUE(call.bob.rtp.empty());
  setting.mutable_track_setting()->set_disabled(false);
  call.bob.send(setting);
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
}

livekit::SignalRequest permission(bool all, const std::string& identity = {}) {
  livekit::SignalRequest request;
  auto& wish = *request.mutable_subscription_permission();
  wish.set_all_participants(all);
  if (identity.empty()) return request;
  wish.add_track_permissions()->set_participant_identity(identity);
  wish.mutable_track_permissions(0)->set_all_tracks(true);
  return request;
}

TEST(Subscriptions, ThePublisherDecidesWhoHears) {
  Call call;
  call.publish();
  auto& carol = call.world.enter({.identity = "carol"});
  call.alice.speak(kSsrc, 3);
  call.alice.send(permission(false, "carol"));
  const auto* told = call.bob.last(SignalResponse::kSubscriptionPermissionUpdate);
  ASSERT_NE(told, nullptr);
  EXPECT_FALSE(told->subscription_permission_update().allowed());
  EXPECT_EQ(told->subscription_permission_update().track_sid(), call.sid);
  EXPECT_EQ(carol.count(SignalResponse::kSubscriptionPermissionUpdate), 0);
  call.bob.subscription(call.sid, true);
  auto& dave = call.world.enter({.identity = "dave"});
  call.world.run_for(500ms);
  call.bob.rtp.clear();
  carol.rtp.clear();
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_TRUE(call.bob.rtp.empty()) << "asking does not help";
  EXPECT_TRUE(dave.rtp.empty()) << "nor does coming later";
  EXPECT_EQ(carol.rtp.size(), 3U);
  call.alice.send(permission(true));
  call.world.run_for(500ms);
  EXPECT_TRUE(call.bob.last(SignalResponse::kSubscriptionPermissionUpdate)
                  ->subscription_permission_update()
                  .allowed());
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
  EXPECT_EQ(dave.rtp.size(), 3U);
}

TEST(Subscriptions, AThousandTimesOnAndOffTheDescriptionDoesNotGrow) {
  Call call;
  call.publish();
  call.alice.speak(kSsrc, 3);
  std::size_t size = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto& text = call.bob.last(SignalResponse::kOffer)->offer().sdp();
    if (i == 10) size = text.size();
    const auto offer = sdp::parse(text);
    for (const auto& section : sdp::audio_sections(*offer))
      call.bob.subscriber->remove_receiver(section.ssrc);
    call.bob.subscription(call.sid, false);
    call.world.run_for(20ms);
    call.bob.subscription(call.sid, true);
    call.world.run_for(20ms);
  }
  call.world.run_for(500ms);
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 3);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 3U);
  EXPECT_LE(call.bob.last(SignalResponse::kOffer)->offer().sdp().size(), size + 20)
      << "numbers may have more digits";
  EXPECT_EQ(call.world.server->counters().tracks_refused, 0U);
}

}  // namespace
}  // namespace sidetone::server
