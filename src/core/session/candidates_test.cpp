#include "core/session/candidates.hpp"

#include <gtest/gtest.h>

#include "core/signal/trickle.hpp"

namespace sidetone::session {
namespace {

TEST(Candidates, EachIsTrickledAndTheLastSaysSo) {
  sdp::TransportParameters local;
  local.candidates = {"candidate:1 1 udp 1 192.0.2.1 1 typ host",
                      "candidate:2 1 udp 1 192.0.2.2 1 typ host"};
  Outputs out;
  base::Outbox<livekit::SignalRequest> requests;
  Turn turn{base::Instant{}, out, requests};
  trickle_candidates(local, {"7", livekit::SUBSCRIBER}, turn);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_FALSE(requests[0].trickle().final());
  EXPECT_TRUE(requests[1].trickle().final());
  EXPECT_EQ(requests[1].trickle().target(), livekit::SUBSCRIBER);
  auto init = signal::parse_candidate_init(requests[1].trickle().candidateinit());
  ASSERT_TRUE(init);
  EXPECT_EQ(init->candidate, local.candidates[1]);
  EXPECT_EQ(init->sdp_mid, "7");
  EXPECT_EQ(init->sdp_mline_index, 0);
}

TEST(Candidates, NoneIsTheLastWhileServersAreAsked) {
  sdp::TransportParameters local;
  local.candidates = {"candidate:1 1 udp 1 192.0.2.1 1 typ host"};
  Outputs out;
  base::Outbox<livekit::SignalRequest> requests;
  Turn turn{base::Instant{}, out, requests};
  trickle_candidates(local, {"0", livekit::PUBLISHER, false}, turn);
  trickle_candidate("candidate:2 1 udp 1 192.0.2.2 1 typ srflx", {"0", livekit::PUBLISHER, true},
                    turn);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_FALSE(requests[0].trickle().final());
  EXPECT_TRUE(requests[1].trickle().final());
}

}  // namespace
}  // namespace sidetone::session
