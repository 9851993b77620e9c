#include "core/ice/candidate.hpp"

#include <gtest/gtest.h>

namespace sidetone::ice {
namespace {

base::Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return {*base::Address::parse(address), port};
}

TEST(Candidate, ReadsWhatLiveKitTrickles) {
  auto candidate = parse_candidate(
      "candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->foundation, "2878742611");
  EXPECT_EQ(candidate->component, 1);
  EXPECT_EQ(candidate->transport, Transport::udp);
  EXPECT_EQ(candidate->priority, 2130706431U);
  EXPECT_EQ(candidate->endpoint, endpoint("127.0.0.1", 7882));
  EXPECT_EQ(candidate->type, CandidateType::host);
  EXPECT_EQ(candidate->ufrag, "RRdouEOMQJeJxJNE");
  EXPECT_TRUE(candidate->resolvable());
}

TEST(Candidate, ReadsWhatBrowsersTrickle) {
  auto candidate = parse_candidate(
      "candidate:3961035518 1 UDP 2122265343 fd00::2 57024 typ srflx raddr 192.0.2.2 rport 43589 "
      "generation 0 ufrag mnjy network-id 2 network-cost 10");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->endpoint, endpoint("fd00::2", 57024));
  EXPECT_EQ(candidate->type, CandidateType::server_reflexive);
  EXPECT_EQ(candidate->related, endpoint("192.0.2.2", 43589));
  EXPECT_EQ(candidate->ufrag, "mnjy");
}

TEST(Candidate, ReadsTcpAndRelayAndTheLineOfADescription) {
  auto tcp = parse_candidate(
      "a=candidate:1 1 tcp 1518280447 10.0.0.1 9 typ host tcptype active generation 0");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->transport, Transport::tcp_active);
  EXPECT_EQ(parse_candidate("1 1 tcp 5 10.0.0.1 9 typ host tcptype passive")->transport,
            Transport::tcp_passive);
  EXPECT_EQ(parse_candidate("1 1 TCP 5 10.0.0.1 9 typ host tcptype so\r\n")->transport,
            Transport::tcp_so);
  EXPECT_EQ(parse_candidate("1 1 udp 5 10.0.0.1 9 typ relay")->type, CandidateType::relayed);
  EXPECT_EQ(parse_candidate("1 1 UDP 5 10.0.0.1 9 typ RELAY")->type, CandidateType::relayed);
  EXPECT_EQ(parse_candidate("1 1 UDP 5 10.0.0.1 9 typ Host")->type, CandidateType::host);
  EXPECT_EQ(parse_candidate("1 1 udp 5 10.0.0.1 9 typ prflx")->type, CandidateType::peer_reflexive);
}

TEST(Candidate, ComponentTwoIsUnderstood) {
  auto candidate = parse_candidate("candidate:2878742611 2 udp 2130706431 127.0.0.1 7882 typ host");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->component, 2);
}

TEST(Candidate, NamesAreKeptAndNotResolved) {
  for (auto name : {"3e1a3a2c-3f0c-4b39-8d3e-1f4b2ce5b6a1.local", "turn.example.org",
                    "fe80::1%eth0", "999.1.1.1"}) {
    auto candidate = parse_candidate(std::string("candidate:1 1 udp 5 ") + name + " 4711 typ host");
    ASSERT_TRUE(candidate) << name;
    EXPECT_FALSE(candidate->resolvable());
    EXPECT_EQ(candidate->host_name, name);
    EXPECT_EQ(candidate->endpoint.port, 4711);
  }
}

TEST(Candidate, MalformedTextIsRefused) {
  for (auto text :
       {"", "garbage", "candidate:", "candidate:1 1 udp 5 10.0.0.1 9 host",
        "candidate:1 0 udp 5 10.0.0.1 9 typ host", "candidate:1 257 udp 5 10.0.0.1 9 typ host",
        "candidate:1 -1 udp 5 10.0.0.1 9 typ host", "candidate:1 1 sctp 5 10.0.0.1 9 typ host",
        "candidate:1 1 udp x 10.0.0.1 9 typ host",
        "candidate:1 1 udp 4294967296 10.0.0.1 9 typ host",
        "candidate:1 1 udp 5 10.0.0.1 65536 typ host", "candidate:1 1 udp 5 10.0.0.1 9 typ alien",
        "candidate:1 1 udp 5 !!! 9 typ host", "candidate:1 1 udp 5 10.0.0.1 9 typ",
        "candidate:1 1 udp 5 10.0.0.1 9 typ host raddr 10.0.0.2 rport x",
        "candidate:1 1 udp 5 10.0.0.1 9 typ host tcptype active",
        "candidate:1 1 tcp 5 10.0.0.1 9 typ host tcptype sideways",
        "candidate:123456789012345678901234567890123 1 udp 5 10.0.0.1 9 typ host"})
    EXPECT_FALSE(parse_candidate(text)) << text;
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp 5 10.0.0.1 9 typ host " + std::string(500, 'x')));
  EXPECT_FALSE(
      parse_candidate("candidate:1 1 udp 5 10.0.0.1 9 typ host ufrag " + std::string(257, 'x')));
}

TEST(Candidate, TheLongestFoundationAndNameAreRead) {
  auto foundation = std::string(32, '7');
  EXPECT_EQ(parse_candidate(foundation + " 1 udp 5 10.0.0.1 9 typ host")->foundation, foundation);
  auto name = std::string(249, 'a') + ".AZaz9";
  EXPECT_EQ(parse_candidate("1 1 udp 5 " + name + " 9 typ host")->host_name, name);
  EXPECT_FALSE(parse_candidate("1 1 udp 5 a" + name + " 9 typ host"));
  EXPECT_EQ(parse_candidate("1 256 udp 5 10.0.0.1 9 typ host")->component, 256);
}

TEST(Candidate, AWordWithoutItsValueAtTheEndDoesNoHarm) {
  EXPECT_TRUE(parse_candidate("candidate:1 1 udp 5 10.0.0.1 9 typ host generation"));
}

TEST(Candidate, FormatAndParseAreInverse) {
  for (auto text :
       {"candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE",
        "candidate:7 2 udp 99 2001:db8::1 1 typ srflx raddr 10.0.0.1 rport 2",
        "candidate:8 1 tcp 5 10.0.0.1 9 typ relay raddr 10.0.0.1 rport 2 tcptype passive ufrag x",
        "candidate:9 1 udp 5 browser.local 9 typ host"}) {
    auto candidate = parse_candidate(text);
    ASSERT_TRUE(candidate) << text;
    EXPECT_EQ(format_candidate(*candidate), text);
  }
}

TEST(Candidate, PrioritiesAreThoseOfRfc8445) {
  EXPECT_EQ(candidate_priority(CandidateType::host, 65535), 2130706431U) << "as pion writes it";
  EXPECT_EQ(candidate_priority(CandidateType::peer_reflexive, 65535), 1862270975U);
  EXPECT_EQ(candidate_priority(CandidateType::server_reflexive, 0), 1677721855U);
  EXPECT_EQ(candidate_priority(CandidateType::relayed, 1, 2), 510U);
}

TEST(Candidate, PairPriorityPrefersTheWeakerCandidateAndBreaksTiesByRole) {
  EXPECT_EQ(pair_priority(1, 2), (1ULL << 32) + 4);
  EXPECT_EQ(pair_priority(2, 1), (1ULL << 32) + 5);
  EXPECT_GT(pair_priority(10, 10), pair_priority(9, 2000000000U));
}

TEST(Candidate, FoundationsTellTypesAndBasesApart) {
  auto a = *base::Address::parse("10.0.0.1");
  auto b = *base::Address::parse("10.0.0.2");
  auto first = foundation(CandidateType::host, a, Transport::udp);
  EXPECT_EQ(first, foundation(CandidateType::host, a, Transport::udp));
  EXPECT_NE(first, foundation(CandidateType::host, b, Transport::udp));
  EXPECT_NE(first, foundation(CandidateType::relayed, a, Transport::udp));
  EXPECT_NE(first, foundation(CandidateType::host, a, Transport::tcp_active));
  EXPECT_LE(first.size(), 32U);
}

TEST(Candidate, AnEmptyOneEndsTheList) {
  EXPECT_TRUE(is_end_of_candidates(""));
  EXPECT_TRUE(is_end_of_candidates("candidate:"));
  EXPECT_FALSE(is_end_of_candidates("candidate:1"));
}

}  // namespace
}  // namespace sidetone::ice
