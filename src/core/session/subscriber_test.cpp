#include "core/session/subscriber.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kNow{10s};

// livekit-server 1.13.5's words for a subscriber's first two offers (session_trace.txt).
constexpr std::string_view kHead =
    "v=0\r\no=- 7763027155600791065 1795194121 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "a=msid-semantic:WMS *\r\n"
    "a=fingerprint:sha-256 8A:11:73:49:15:22:50:A3:C1:E1:FF:DC:DC:78:58:8C:DE:C4:A4:B0:4B:9F:5B:"
    "29:25:54:B1:A8:77:3B:54:5A\r\n"
    "a=extmap-allow-mixed\r\n";
constexpr std::string_view kData =
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\n"
    "a=mid:0\r\na=sendrecv\r\na=sctp-port:5000\r\na=max-message-size:65535\r\n"
    "a=ice-ufrag:RRdouEOMQJeJxJNE\r\na=ice-pwd:YbIXAQIgEWSukxQQudRQpMdqYvsSOVFc\r\n"
    "a=candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE\r\n"
    "a=candidate:2878742611 2 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE\r\n"
    "a=end-of-candidates\r\n";
constexpr std::string_view kAudio =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 8\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:1\r\n"
    "a=ice-ufrag:RRdouEOMQJeJxJNE\r\na=ice-pwd:YbIXAQIgEWSukxQQudRQpMdqYvsSOVFc\r\n"
    "a=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtcp-fb:0 nack\r\na=rtpmap:8 PCMA/8000\r\na=rtcp-fb:8 nack\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n";
constexpr std::string_view kTrack =
    "a=ssrc:3167373398 cname:PA_jgASqXdEH5sG|TR_AMxGAQQEjhPjfd\r\n"
    "a=ssrc:3167373398 msid:PA_jgASqXdEH5sG|TR_AMxGAQQEjhPjfd TR_AMxGAQQEjhPjfd\r\n"
    "a=ssrc:3167373398 mslabel:PA_jgASqXdEH5sG|TR_AMxGAQQEjhPjfd\r\n"
    "a=ssrc:3167373398 label:TR_AMxGAQQEjhPjfd\r\n"
    "a=msid:PA_jgASqXdEH5sG|TR_AMxGAQQEjhPjfd TR_AMxGAQQEjhPjfd\r\na=sendrecv\r\n";

struct Client {
  crypto::Certificate certificate =
      crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  dtls::Context context{certificate};
  base::SeededRandom random{1};
  Outputs out;
  base::Outbox<livekit::SignalRequest> requests;
  Turn turn{kNow, out, requests};
  Subscriber subscriber{
      {&context, &random, {}, "0", {}}, {{base::Address::v4({127, 0, 0, 1}), 5000}}, turn};

  ReceptionChanges offer(const std::string& sections, std::string_view bundle) {
    livekit::SessionDescription description;
    description.set_type("offer");
    description.set_id(7);
    description.set_sdp(std::string(kHead) + "a=group:BUNDLE " + std::string(bundle) + "\r\n" +
                        sections);
    requests.clear();
    auto changes = subscriber.on_offer(description, turn);
    EXPECT_TRUE(changes) << changes.error().sentence;
    return changes ? *changes : ReceptionChanges{};
  }

  sdp::Description answer() {
    EXPECT_FALSE(requests.empty());
    EXPECT_EQ(requests[0].answer().id(), 7U);
    auto description = sdp::parse(requests[0].answer().sdp());
    EXPECT_TRUE(description);
    return description ? *description : sdp::Description{};
  }
};

TEST(Subscriber, AnswersTheRealServersFirstOffer) {
  Client client;
  auto changes = client.offer(std::string(kData), "0");
  EXPECT_TRUE(changes.begun.empty());
  auto answer = client.answer();
  ASSERT_EQ(answer.sections.size(), 1U);
  EXPECT_EQ(answer.sections[0].mid, "0");
  EXPECT_EQ(answer.sections[0].transport.setup, sdp::Setup::active);
  ASSERT_EQ(client.requests.size(), 2U) << "and one candidate";
  EXPECT_EQ(client.requests[1].trickle().target(), livekit::SUBSCRIBER);
  EXPECT_TRUE(client.requests[1].trickle().final());
}

TEST(Subscriber, LearnsTrackAndSsrcFromTheRealServersSecondOffer) {
  Client client;
  client.offer(std::string(kData), "0");
  auto with_track = std::string(kData) + std::string(kAudio) + std::string(kTrack);
  auto changes = client.offer(with_track, "0 1");
  ASSERT_EQ(changes.begun.size(), 1U);
  EXPECT_EQ(changes.begun[0].participant_sid, "PA_jgASqXdEH5sG");
  EXPECT_EQ(changes.begun[0].track_sid, "TR_AMxGAQQEjhPjfd");
  EXPECT_EQ(changes.begun[0].mid, "1");
  EXPECT_EQ(changes.begun[0].red_type, 63);
  ASSERT_NE(client.subscriber.receptions().find(3167373398), nullptr);
  EXPECT_TRUE(client.subscriber.receptions().receives("TR_AMxGAQQEjhPjfd"));
  auto answer = client.answer();
  ASSERT_EQ(answer.sections.size(), 2U);
  EXPECT_EQ(answer.sections[1].direction, sdp::Direction::recvonly);
  EXPECT_EQ(client.requests.size(), 1U) << "candidates are told once";
  EXPECT_TRUE(client.offer(with_track, "0 1").begun.empty()) << "the same again is no news";
}

TEST(Subscriber, AReusedSectionIsAnotherReception) {
  Client client;
  auto with_track = std::string(kData) + std::string(kAudio) + std::string(kTrack);
  client.offer(with_track, "0 1");
  auto other = with_track;
  for (auto at = other.find("3167373398"); at != std::string::npos; at = other.find("3167373398"))
    other.replace(at, 10, "99");
  auto changes = client.offer(other, "0 1");
  ASSERT_EQ(changes.ended.size(), 1U);
  ASSERT_EQ(changes.begun.size(), 1U);
  EXPECT_EQ(changes.begun[0].ssrc, 99U);
  EXPECT_EQ(client.subscriber.receptions().find(3167373398), nullptr);
}

TEST(Subscriber, ASectionWithoutATrackEndsTheReception) {
  Client client;
  client.offer(std::string(kData) + std::string(kAudio) + std::string(kTrack), "0 1");
  auto changes = client.offer(std::string(kData) + std::string(kAudio) + "a=recvonly\r\n", "0 1");
  EXPECT_EQ(changes.ended.size(), 1U);
  EXPECT_TRUE(client.subscriber.receptions().all().empty());
  EXPECT_EQ(client.answer().sections[1].direction, sdp::Direction::inactive);
}

TEST(Subscriber, ADescriptionThatIsNoneChangesNothing) {
  Client client;
  client.offer(std::string(kData) + std::string(kAudio) + std::string(kTrack), "0 1");
  client.requests.clear();
  livekit::SessionDescription bad;
  bad.set_sdp("v=0\r\nnonsense");
  EXPECT_FALSE(client.subscriber.on_offer(bad, client.turn));
  EXPECT_TRUE(client.requests.empty());
  EXPECT_EQ(client.subscriber.receptions().all().size(), 1U);
}

}  // namespace
}  // namespace sidetone::session
