// ICE candidates and their text (RFC 8839 §5.1, RFC 6544 §4.5 for TCP):
//
//   candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host generation 0 ufrag RRdo
//   network-id 1
//
// The same text is the value of `a=candidate` lines (without `a=`) and of `candidate` in the
// trickle message's JSON. Hostile text gives an empty optional. Any thread; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/endpoint.hpp"

namespace sidetone::ice {

enum class CandidateType { host, peer_reflexive, server_reflexive, relayed };

enum class Transport { udp, tcp_active, tcp_passive, tcp_so };

// Of an active TCP candidate: nobody can connect to it (RFC 6544 §4.5).
inline constexpr std::uint16_t kActivePort = 9;

// Browsers write up to some 200 characters; a host name may have 255.
inline constexpr std::size_t kMaxCandidateText = 512;

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;  // 2 (RTCP apart from RTP) is understood and of no use
  Transport transport = Transport::udp;
  std::uint32_t priority = 0;
  base::Endpoint endpoint;  // without an address when `host_name` is set; the port is right
  CandidateType type = CandidateType::host;
  std::optional<base::Endpoint> related = {};  // raddr and rport
  std::string ufrag = {};                      // whose session it belongs to, when the text says so
  std::string host_name = {};  // not an address literal, such as a browser's "….local"

  // Names are not looked up: such a peer is found by the checks it sends.
  bool resolvable() const { return host_name.empty(); }

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// `a=` and `candidate:` before the foundation are accepted and not required.
std::optional<Candidate> parse_candidate(std::string_view text);

// "candidate:…", for a description and for trickle alike.
std::string format_candidate(const Candidate& candidate);

// An empty candidate in a trickle message says that no more will follow (RFC 8838 §8.2).
constexpr bool is_end_of_candidates(std::string_view text) {
  return text.empty() || text == "candidate:" || text == "end-of-candidates";
}

constexpr bool is_stream(Transport transport) {
  return transport != Transport::udp;
}

// RFC 8445 §5.1.2.1. `local_preference`: 65535 for the best address of a type. Over TCP every type
// counts less than over UDP (RFC 6544 §4.2).
std::uint32_t candidate_priority(CandidateType type,
                                 std::uint16_t local_preference,
                                 std::uint16_t component = 1,
                                 Transport transport = Transport::udp);

// RFC 8445 §6.1.2.3.
std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled);

// Equal for equal type, base address and transport, different otherwise (RFC 8445 §5.1.1.3).
std::string foundation(CandidateType type, const base::Address& base, Transport transport);

// "host", "prflx", "srflx", "relay".
std::string_view to_string(CandidateType type);

}  // namespace sidetone::ice
