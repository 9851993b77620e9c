// What a piece of code allocates on this thread, by malloc and its kin (operator new included).
// Under a sanitizer it stays 0: real_time_test.hpp.
#pragma once

#include "shell/real_time_test.hpp"

namespace sidetone::shell::test {

// Allocations of this thread so far.
inline long allocations() noexcept {
  return sins().allocations;
}

}  // namespace sidetone::shell::test
