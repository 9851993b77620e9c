// A certificate for DTLS that is valid from now on, made anew by each room and server.
#pragma once

#include <chrono>

#include "core/crypto/certificate.hpp"
#include "shell/clock.hpp"

namespace sidetone::shell {

inline crypto::Certificate fresh_certificate() {
  return crypto::Certificate::generate(
      std::chrono::duration_cast<std::chrono::seconds>(wall_clock().unix_time(now())));
}

}  // namespace sidetone::shell
