#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/ice/candidate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidetone;
  auto candidate = ice::parse_candidate(base::as_text(std::as_bytes(std::span(data, size))));
  if (!candidate) return 0;
  auto text = ice::format_candidate(*candidate);
  if (text.size() <= ice::kMaxCandidateText && ice::parse_candidate(text) != candidate)
    std::abort();
  return 0;
}
