#include "core/signal/trickle.hpp"

#include <boost/json.hpp>

namespace sidetone::signal {
namespace {

// A candidate line is about 100 bytes.
constexpr std::size_t kMaxCandidateBytes = 4096;

}  // namespace

std::optional<CandidateInit> parse_candidate_init(std::string_view json) {
  if (json.size() > kMaxCandidateBytes) return {};
  boost::system::error_code error;
  auto value = boost::json::parse(json, error);
  if (error || !value.is_object()) return {};
  const auto& object = value.get_object();
  const auto* candidate = object.if_contains("candidate");
  if (candidate == nullptr || !candidate->is_string()) return {};

  CandidateInit init;
  init.candidate = std::string_view(candidate->get_string());
  if (const auto* mid = object.if_contains("sdpMid"); mid != nullptr && mid->is_string())
    init.sdp_mid = std::string_view(mid->get_string());
  if (const auto* index = object.if_contains("sdpMLineIndex");
      index != nullptr && index->is_int64() && index->get_int64() >= 0 &&
      index->get_int64() < 65536)
    init.sdp_mline_index = static_cast<int>(index->get_int64());
  return init;
}

std::string format_candidate_init(const CandidateInit& init) {
  boost::json::object object;
  object["candidate"] = init.candidate;
  object["sdpMid"] = init.sdp_mid;
  object["sdpMLineIndex"] = init.sdp_mline_index;
  return boost::json::serialize(object);
}

}  // namespace sidetone::signal
