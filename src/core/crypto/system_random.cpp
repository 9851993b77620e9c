#include "core/crypto/system_random.hpp"

#include <openssl/rand.h>

#include <sidetone/error.hpp>

namespace sidetone::crypto {

void SystemRandom::fill(base::MutableBytes bytes) {
  // Weak keys are worse than no call: the one failure that must not be a value.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1)
    throw make_error(errc::unsupported, "OpenSSL has no randomness to give");
}

}  // namespace sidetone::crypto
