// An ICE candidate on its way through signalling: TrickleRequest.candidateInit is the JSON text of
// an RTCIceCandidateInit. Source: W3C WebRTC §4.8.1, protocol/wire_protocol.md §4.7.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidetone::signal {

struct CandidateInit {
  std::string candidate;  // "candidate:…", empty: end of candidates
  std::string sdp_mid = "0";
  int sdp_mline_index = 0;
};

// Nothing when it is not a JSON object with a text `candidate`; mid and index may be absent or
// null.
std::optional<CandidateInit> parse_candidate_init(std::string_view json);
// Mid and index are always written: some clients fail without them.
std::string format_candidate_init(const CandidateInit& init);

}  // namespace sidetone::signal
