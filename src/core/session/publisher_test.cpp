#include "core/session/publisher.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/sdp/publisher_answer.hpp"

namespace sidetone::session {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kNow{10s};

struct Client {
  crypto::Certificate certificate =
      crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  dtls::Context context{certificate};
  base::SeededRandom random{1};
  Outputs out;
  base::Outbox<livekit::SignalRequest> requests;
  Turn turn{kNow, out, requests};
  Publisher publisher{
      {&context, &random, {}, "0", {}}, {{base::Address::v4({127, 0, 0, 1}), 5000}}, turn};
  sdp::PublisherAnswer answers{1};

  std::string names() {
    std::string text;
    for (const auto& request : requests) text += request.has_offer() ? 'o' : 't';
    requests.clear();
    return text;
  }

  std::string add(const std::string& cid) {
    sdp::PublishedTrack track;
    track.cid = cid;
    track.ssrc = publisher.new_ssrc();
    return *publisher.add(std::move(track));
  }

  livekit::SessionDescription answer(std::uint32_t id) {
    sdp::TransportParameters remote;
    remote.ice_ufrag = "SDglLmaIBEMBsOvP";
    remote.ice_pwd = "AGTpYKdJYcKbmPUulalmcXOGuHDFRYWR";
    remote.fingerprint = {"sha-256", certificate.fingerprint().to_string()};
    remote.sctp_port = 5000;
    auto offer = sdp::parse(publisher.last_offer().sdp());
    livekit::SessionDescription description;
    description.set_type("answer");
    description.set_id(id);
    description.set_sdp(sdp::to_text(*answers.answer(*offer, remote, {})));
    return description;
  }
};

TEST(Publisher, TheFirstOfferIsNumberOneAndTellsItsCandidateOnce) {
  Client client;
  EXPECT_FALSE(client.publisher.started());
  EXPECT_EQ(client.publisher.negotiate(client.turn), 1U);
  EXPECT_EQ(client.requests[0].offer().id(), 1U);
  EXPECT_EQ(client.names(), "ot");
  EXPECT_TRUE(client.publisher.on_answer(client.answer(1), client.turn));
  EXPECT_TRUE(client.publisher.settled());
  client.publisher.negotiate(client.turn);
  EXPECT_EQ(client.names(), "o");
}

TEST(Publisher, AChangeMeanwhileIsOfferedAfterTheAnswer) {
  Client client;
  client.publisher.negotiate(client.turn);
  client.add("c1");
  EXPECT_EQ(client.publisher.negotiate(client.turn), 2U) << "the number it will have";
  client.names();
  auto sections = client.publisher.on_answer(client.answer(1), client.turn);
  ASSERT_TRUE(sections);
  EXPECT_TRUE(sections->empty());
  EXPECT_EQ(client.names(), "o");
  EXPECT_EQ(client.publisher.answered(), 1U);
  EXPECT_FALSE(client.publisher.settled());
  sections = client.publisher.on_answer(client.answer(0), client.turn);
  ASSERT_TRUE(sections) << "servers may leave the number out";
  ASSERT_EQ(sections->size(), 1U);
  EXPECT_EQ(client.publisher.answered(), 2U);
}

TEST(Publisher, AnAnswerToAnotherOfferIsNone) {
  Client client;
  EXPECT_FALSE(client.publisher.on_answer({}, client.turn));
  client.publisher.negotiate(client.turn);
  EXPECT_FALSE(client.publisher.on_answer(client.answer(7), client.turn));
  EXPECT_FALSE(client.publisher.settled());
}

TEST(Publisher, AnUnansweredOfferIsOverdueAfterFifteenSeconds) {
  Client client;
  client.publisher.negotiate(client.turn);
  EXPECT_FALSE(client.publisher.overdue(kNow + 14999ms));
  EXPECT_TRUE(client.publisher.overdue(kNow + 15s));
  EXPECT_LE(*client.publisher.next_deadline(), kNow + 15s);
}

TEST(Publisher, AnIceRestartOffersAtOnceWithNewCredentials) {
  Client client;
  client.publisher.negotiate(client.turn);
  auto before = client.publisher.peer().local_ufrag();
  client.names();
  client.publisher.restart_ice(client.turn);
  EXPECT_NE(client.publisher.peer().local_ufrag(), before);
  EXPECT_EQ(client.names(), "ot");
}

TEST(Publisher, NoSsrcIsGivenTwice) {
  Client client;
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(seen.insert(client.publisher.new_ssrc()).second);
  EXPECT_FALSE(seen.contains(0));
}

}  // namespace
}  // namespace sidetone::session
