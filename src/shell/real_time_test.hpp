// Counts what a real-time thread must not do, on this thread: allocations by malloc and its kin,
// and mutexes locked. Replaced for the whole test program, in real_time_test.cpp; under a
// sanitizer, which replaces the same functions, both stay 0.
#pragma once

namespace sidetone::shell::test {

struct RealTimeSins {
  long allocations = 0;
  long locks = 0;

  friend bool operator==(const RealTimeSins&, const RealTimeSins&) = default;
};

RealTimeSins sins() noexcept;

}  // namespace sidetone::shell::test
