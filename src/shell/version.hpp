// What we tell servers we are.
#pragma once

#include <string_view>

namespace sidetone::shell {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace sidetone::shell
