// Any text is refused with a sentence or read; what was read is written and read again, equal.
#include <cstdlib>
#include <string_view>

#include "core/sdp/description.hpp"
#include "core/sdp/parameters.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace sdp = sidetone::sdp;
  auto description = sdp::parse({reinterpret_cast<const char*>(data), size});
  if (!description) {
    if (description.error().sentence.empty()) std::abort();
    return 0;
  }
  static_cast<void>(sdp::transport_parameters(*description));
  static_cast<void>(sdp::audio_sections(*description));
  auto text = sdp::to_text(*description);
  if (text.size() > sdp::kMaxTextBytes) return 0;
  auto again = sdp::parse(text);
  if (!again || !(*again == *description)) std::abort();
  return 0;
}
