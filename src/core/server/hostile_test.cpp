// Bad input is dropped and counted, limits hold, and a call in another room notices nothing.
#include <gtest/gtest.h>

#include "core/server/call_test.hpp"

namespace sidetone::server {
namespace {

using livekit::SignalResponse;
using test::Call;
using test::Guest;
using test::kSsrc;
using test::World;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

// The call whose quality is checked while something else goes wrong.
void expect_undisturbed(Call& call) {
  call.bob.rtp.clear();
  call.alice.speak(kSsrc, 10);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 10U);
  EXPECT_TRUE(call.alice.open);
  EXPECT_TRUE(call.bob.open);
}

TEST(Hostile, MalformedSignallingClosesThatConnectionOnly) {
  Call call;
  call.publish();
  auto& mallory = call.world.enter({.identity = "mallory", .room = "elsewhere"});
  const auto received = mallory.received.size();
  const std::array garbage{std::byte{0xff}, std::byte{0xff}, std::byte{0x07}};
  call.world.signal(mallory, garbage);
  EXPECT_FALSE(mallory.open);
  EXPECT_EQ(mallory.received.size(), received) << "without a leave, as the real server";
  EXPECT_EQ(call.world.server->counters().signals_malformed, 1U);
  call.world.signal(mallory, garbage);
  EXPECT_EQ(call.world.server->counters().signals_malformed, 1U) << "its connection is gone";
  expect_undisturbed(call);
  call.world.run_for(21s);
  EXPECT_EQ(call.world.server->rooms(), 1U);
}

TEST(Hostile, OversizedSignallingIsMalformed) {
  World world;
  auto& client = world.enter({});
  world.signal(client, std::vector<std::byte>(signal::kMaxRequestBytes + 1));
  EXPECT_FALSE(client.open);
  EXPECT_EQ(world.server->counters().signals_malformed, 1U);
}

TEST(Hostile, EmptyAndUnknownSignallingIsIgnored) {
  World world;
  auto& client = world.enter({});
  world.signal(client, {});
  const std::array unknown{std::byte{0xfa}, std::byte{0x07}, std::byte{0x00}};  // field 127, empty
  world.signal(client, unknown);
  livekit::SignalRequest simulate;
  simulate.mutable_simulate();
  client.send(simulate);
  EXPECT_TRUE(client.open);
  world.signal(client, unknown);
  EXPECT_EQ(world.server->counters().signals_malformed, 0U);
}

TEST(Hostile, BadTrickleIsAnsweredOrIgnored) {
  World world;
  auto& client = world.enter({});
  livekit::SignalRequest request;
  request.mutable_trickle()->set_candidateinit("not JSON");
  client.send(request);
  ASSERT_NE(client.last(SignalResponse::kRequestResponse), nullptr);
  const auto& answer = client.last(SignalResponse::kRequestResponse)->request_response();
  EXPECT_EQ(answer.reason(), livekit::RequestResponse::UNCLASSIFIED_ERROR);
  EXPECT_EQ(answer.trickle().candidateinit(), "not JSON");
  for (const auto* candidate :
       {"garbage", "", "candidate:1 1 udp 1 some-name.local 5000 typ host"}) {
    request.mutable_trickle()->set_candidateinit(std::string(R"({"candidate":")") + candidate +
                                                 R"(","sdpMid":"0","sdpMLineIndex":0})");
    client.send(request);
  }
  EXPECT_TRUE(client.open);
  EXPECT_EQ(client.count(SignalResponse::kRequestResponse), 1);
}

TEST(Hostile, TrickleBeforeAnyOfferIsTaken) {
  World world;
  auto& client = world.join({}, false);
  livekit::SignalRequest request;
  request.mutable_trickle()->set_candidateinit(
      R"({"candidate":"candidate:1 1 udp 2130706431 10.0.1.1 40000 typ host","sdpMid":"0","sdpMLineIndex":0})");
  for (const auto target : {livekit::PUBLISHER, livekit::SUBSCRIBER}) {
    request.mutable_trickle()->set_target(target);
    client.send(request);
  }
  EXPECT_TRUE(client.open);
  EXPECT_EQ(client.count(SignalResponse::kRequestResponse), 0);
  EXPECT_EQ(world.server->counters().negotiations_failed, 0U);
  client.publishes = client.answers = true;
  const auto offer = *client.last(SignalResponse::kOffer);
  client.on_signal(offer);
  client.offer();
  EXPECT_TRUE(world.run_until([&] { return client.connected(); }));
}

TEST(Hostile, EnumValuesNobodyKnowsAreTakenAsTheyAre) {
  Call call;
  livekit::SignalRequest request;
  auto& track = *request.mutable_add_track();
  track.set_cid("strange");
  track.set_type(livekit::AUDIO);
  track.set_source(static_cast<livekit::TrackSource>(77));
  track.set_encryption(static_cast<livekit::Encryption::Type>(55));
  track.add_audio_features(static_cast<livekit::AudioTrackFeature>(99));
  call.alice.send(request);
  const auto* published = call.alice.last(SignalResponse::kTrackPublished);
  ASSERT_NE(published, nullptr);
  EXPECT_EQ(published->track_published().track().audio_features_size(), 0);
  track.set_cid("no kind of track");
  track.set_type(static_cast<livekit::TrackType>(42));
  call.alice.send(request);
  EXPECT_EQ(refusal(call.alice), livekit::RequestResponse::UNSUPPORTED_TYPE);
  livekit::SignalRequest leave_it;
  leave_it.mutable_trickle()->set_target(static_cast<livekit::SignalTarget>(9));
  leave_it.mutable_trickle()->set_candidateinit(R"({"candidate":""})");
  call.alice.send(leave_it);
  EXPECT_TRUE(call.alice.open);
}

// What no audio client asks for is refused section by section; what is known goes on.
TEST(Hostile, SectionsNobodyKnowsDoNotDisturbAudio) {
  Call call;
  call.alice.add_track("mic");
  ASSERT_TRUE(call.alice.publisher_offer.add({.cid = "mic", .ssrc = kSsrc}));
  rtp::SenderConfig sender;
  sender.ssrc = kSsrc;
  sender.payload_type = 111;
  ASSERT_FALSE(call.alice.publisher->add_sender(sender));
  auto text =
      sdp::to_text(call.alice.publisher_offer.offer(call.alice.publisher->local_parameters()));
  for (const auto* line :
       {"m=text 9 UDP/TLS/RTP/SAVPF 98", "m=image 9 udptl t38", "m=message 9 TCP/MSRP *",
        "m=whatever 9 UDP/x y", "m=video 9 UDP/TLS/RTP/SAVPF 96"})
    text += std::string(line) + "\r\nc=IN IP4 0.0.0.0\r\na=mid:x" + std::to_string(text.size()) +
            "\r\na=recvonly\r\n";
  livekit::SignalRequest request;
  request.mutable_offer()->set_type("offer");
  request.mutable_offer()->set_sdp(text);
  call.alice.send(request);
  call.world.run_for(200ms);
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 5U);
  EXPECT_EQ(call.world.server->counters().negotiations_failed, 0U);
}

// Media may overtake its description, and may come without ever being described.
TEST(Hostile, MediaBeforeItsAnswerIsKeptForAMomentAndMediaOfNobodyIsDropped) {
  Call call;
  rtp::SenderConfig sender;
  sender.ssrc = 666;
  sender.payload_type = 111;
  ASSERT_FALSE(call.alice.publisher->add_sender(sender));
  call.alice.speak(666, 100);
  call.publish();
  call.world.run_for(1s);
  EXPECT_TRUE(call.bob.rtp.empty());
  EXPECT_EQ(call.world.server->counters().packets_forwarded, 0U);
  call.alice.speak(kSsrc, 5);
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 5U);
}

TEST(Hostile, GarbageDatagramsAreCountedAndNobodyNotices) {
  Call call;
  call.publish();
  const base::Endpoint stranger{base::Address::v4({203, 0, 113, 9}), 666};
  base::SeededRandom random(5);
  std::uint64_t sent = 0;
  for (int first : {0, 1, 22, 63, 128, 144, 191, 200, 255})
    for (std::size_t size : {0U, 1U, 2U, 12U, 20U, 100U, 1500U}) {
      std::vector<std::byte> bytes(size);
      random.fill(bytes);
      if (size > 0) bytes[0] = std::byte(first);
      call.world.datagram(stranger, bytes);
      ++sent;
    }
  EXPECT_EQ(call.world.server->counters().strangers, sent);
  expect_undisturbed(call);
}

TEST(Hostile, GarbageFromAParticipantsOwnAddressHarmsNobody) {
  Call call;
  call.publish();
  base::SeededRandom random(6);
  for (int i = 0; i < 500; ++i) {
    std::vector<std::byte> bytes(random.next() % 1500 + 1);
    random.fill(bytes);
    if (i % 2 == 0) bytes[0] = std::byte(i % 3 == 0 ? 22 : 128);
    call.world.datagram(call.alice.publisher_end, bytes);
  }
  expect_undisturbed(call);
}

TEST(Hostile, ReplayedMediaIsForwardedOnce) {
  Call call;
  call.publish();
  rtp::OutgoingAudio audio;
  const std::array payload{std::byte{0xfc}, std::byte{1}};
  audio.payload = payload;
  peer::Output out;
  ASSERT_FALSE(call.alice.publisher->send_audio(kSsrc, audio, call.world.now(), out));
  ASSERT_EQ(out.datagrams.size(), 1U);
  for (int i = 0; i < 5; ++i)
    call.world.datagram(call.alice.publisher_end, out.datagrams[0].packet.bytes());
  call.world.run_for(50ms);
  EXPECT_EQ(call.bob.rtp.size(), 1U);
}

TEST(Hostile, WhoNeverFinishesJoiningIsDroppedWhileACallGoesOn) {
  Call call;
  call.publish();
  auto& ghost = call.world.join({.identity = "ghost", .room = "haunted"}, false);
  for (int i = 0; i < 7; ++i) {
    call.world.run_for(9s);
    expect_undisturbed(call);
  }
  EXPECT_FALSE(ghost.open);
  EXPECT_EQ(ghost.last(SignalResponse::kLeave)->leave().reason(), livekit::JOIN_FAILURE);
  EXPECT_EQ(call.world.server->counters().left, 1U);
  EXPECT_EQ(call.world.server->rooms(), 1U);
  EXPECT_EQ(call.world.server->participants(), 2U);
}

TEST(Hostile, AFullRoomTurnsAwayButNotItsOwn) {
  Limits limits;
  limits.participants_per_room = 2;
  World world(limits);
  world.enter({.identity = "alice"});
  world.enter({.identity = "bob"});
  const auto refused = world.admit({.identity = "carol"});
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(refused));
  EXPECT_EQ(std::get<HttpResponse>(refused).status, 503U);
  EXPECT_NE(std::get<HttpResponse>(refused).body.find("full"), std::string::npos);
  EXPECT_EQ(world.server->counters().refused_full, 1U);
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(world.admit({.identity = "bob"})))
      << "who comes back takes the old place";
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(world.admit({.room = "other"})));
  auto& late = world.join({.identity = "carol"});
  EXPECT_FALSE(late.open) << "admitted before, and still too late";
  EXPECT_EQ(late.last(SignalResponse::kLeave)->leave().reason(), livekit::JOIN_FAILURE);
  EXPECT_EQ(world.server->participants(), 2U);
  EXPECT_EQ(world.server->counters().refused_full, 2U);
}

TEST(Hostile, RoomsAndParticipantsOfAllRoomsAreCapped) {
  Limits limits;
  limits.rooms = 2;
  limits.participants = 3;
  World world(limits);
  world.enter({.room = "one"});
  world.enter({.room = "two"});
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(world.admit({.room = "three"})));
  EXPECT_TRUE(std::holds_alternative<JoinRequest>(world.admit({.identity = "bob", .room = "one"})));
  world.enter({.identity = "bob", .room = "one"});
  EXPECT_TRUE(
      std::holds_alternative<HttpResponse>(world.admit({.identity = "carol", .room = "one"})));
  EXPECT_EQ(world.server->counters().refused_full, 2U);
}

TEST(Hostile, CallsOnConnectionsThatNeverWereAreHarmless) {
  World world;
  world.server->on_signal(99, {}, world.now(), world.out);
  world.server->on_signal_closed(99, world.now(), world.out);
  world.server->poll(world.now(), world.out);
  world.server->on_deadline(world.now(), world.out);
  EXPECT_TRUE(world.out.empty());
}

TEST(Hostile, JoiningAndLeavingLeavesNothingBehind) {
  World world;
  for (int i = 0; i < 20; ++i) {
    auto& client = world.enter({.identity = "guest" + std::to_string(i)});
    ASSERT_TRUE(client.connected());
    livekit::SignalRequest leave;
    leave.mutable_leave();
    client.send(leave);
    EXPECT_EQ(world.server->rooms(), 0U);
    EXPECT_EQ(world.server->participants(), 0U);
  }
  EXPECT_EQ(world.server->counters().joined, 20U);
  EXPECT_EQ(world.server->counters().left, 20U);
}

TEST(Hostile, MetricsCountAllOfIt) {
  World world;
  world.enter({});
  world.datagram({base::Address::v4({203, 0, 113, 9}), 1}, {});
  const auto text = world.server->metrics();
  EXPECT_NE(text.find("sidetone_participants 1\n"), std::string::npos);
  EXPECT_NE(text.find("# TYPE sidetone_rooms gauge\nsidetone_rooms 1\n"), std::string::npos);
  EXPECT_NE(text.find("sidetone_datagrams_of_strangers_total 1\n"), std::string::npos);
}

}  // namespace
}  // namespace sidetone::server
