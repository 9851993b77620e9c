#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "shell/url.hpp"

// Whatever people type: a URL with a host and a port, or a sentence.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto parsed = sidetone::shell::parse_url({reinterpret_cast<const char*>(data), size});
  if (const auto* url = std::get_if<sidetone::shell::Url>(&parsed)) {
    if (url->host.empty() || url->port == 0) std::abort();
    if (!url->path.empty() && url->path[0] != '/') std::abort();
  } else if (std::get<std::string>(parsed).empty()) {
    std::abort();
  }
  return 0;
}
