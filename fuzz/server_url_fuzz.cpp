#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/ice/server_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidetone;
  auto url = ice::parse_server_url(base::as_text(std::as_bytes(std::span(data, size))));
  // What we write we read.
  if (url && ice::parse_server_url(url->to_string()) != url) std::abort();
  return 0;
}
