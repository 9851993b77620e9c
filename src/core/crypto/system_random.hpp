// OpenSSL's generator: for keys, tokens, ICE credentials. Any thread. A simulation that installs
// its own RAND method owns these bytes too.
#pragma once

#include "core/base/random_source.hpp"

namespace sidetone::crypto {

class SystemRandom final : public base::RandomSource {
 public:
  void fill(base::MutableBytes bytes) override;
};

}  // namespace sidetone::crypto
