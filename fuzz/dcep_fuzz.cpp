// What reads as DCEP must read the same after being written.
#include <cstdlib>

#include "core/sctp/dcep.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidetone::sctp;
  auto message = parse_dcep(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  if (const auto* open = std::get_if<DcepOpen>(&*message)) {
    auto again = parse_dcep(write_dcep(*open));
    const auto* same = again ? std::get_if<DcepOpen>(&*again) : nullptr;
    if (same == nullptr || same->label != open->label || same->ordered != open->ordered ||
        same->max_retransmits != open->max_retransmits)
      std::abort();
  }
  return 0;
}
