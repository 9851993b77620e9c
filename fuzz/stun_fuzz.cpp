#include <cstdlib>

#include "core/ice/demux.hpp"
#include "core/ice/stun.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sidetone;
  auto bytes = std::as_bytes(std::span(data, size));
  ice::classify(bytes);
  auto message = ice::stun::parse(bytes);
  if (!message) return 0;
  ice::stun::split_username(message->username);
  // Nobody who does not know the password writes a message it signs.
  if (ice::stun::has_integrity(*message, "a password no corpus holds")) std::abort();
  return 0;
}
