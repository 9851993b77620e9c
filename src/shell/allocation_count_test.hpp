// Counts what a piece of code allocates on this thread: operator new is replaced for the whole test
// program (there can be only one), in allocation_count_test.cpp.
#pragma once

namespace sidetone::shell::test {

// Allocations of this thread so far.
long allocations() noexcept;

}  // namespace sidetone::shell::test
