// Access tokens and the texts around them.
#include <cstdint>
#include <cstdlib>

#include "core/signal/token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidetone;
  static const signal::ApiKeys kKeys{{"k", "s"}, {"", ""}};
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto verdict = signal::authorize_join({std::nullopt, text}, kKeys, std::chrono::seconds(1000));
  (void)signal::authorize_join({text, ""}, kKeys, std::chrono::seconds(1000));
  // Masking is final: nothing that looks like a token is left.
  auto masked = signal::mask_tokens(text);
  if (signal::mask_tokens(masked) != masked) std::abort();
  // The claims of a token survive being signed again.
  if (auto* claims = std::get_if<signal::Claims>(&verdict)) {
    auto again = signal::verify(signal::mint(*claims, kKeys.find(claims->issuer)->second), kKeys,
                                std::chrono::seconds(1000));
    if (!std::holds_alternative<signal::Claims>(again)) std::abort();
  }
  return 0;
}
