// The answers to a check, the same from a full and a lite agent (RFC 8445 §7.3).
#pragma once

#include <string_view>

#include "core/ice/path.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice {

// Success: tells the sender which address its check came from.
void answer_check(const Path& path,
                  const stun::Message& request,
                  std::string_view pwd,
                  Output& out);

// An error, signed as well: only authenticated checks are refused, all others get nothing.
void refuse_check(const Path& path,
                  const stun::Message& request,
                  std::uint16_t code,
                  std::string_view pwd,
                  Output& out);

}  // namespace sidetone::ice
