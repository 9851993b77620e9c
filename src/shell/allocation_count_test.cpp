#include "shell/allocation_count_test.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // sees half of the pair below inlined

namespace sidetone::shell::test {

namespace {
thread_local long count = 0;
}

long allocations() noexcept {
  return count;
}

TEST(AllocationCount, SeesNewAndNothingElse) {
  auto before = allocations();
  auto one = std::make_unique<int>(1);
  EXPECT_EQ(allocations(), before + 1);
  *one = 2;
  EXPECT_EQ(allocations(), before + 1);
}

}  // namespace sidetone::shell::test

void* operator new(std::size_t size) {
  ++sidetone::shell::test::count;
  if (void* memory = std::malloc(size)) return memory;  // NOLINT: this is operator new
  throw std::bad_alloc();
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT
}

void operator delete[](void* memory) noexcept {
  std::free(memory);  // NOLINT
}

void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT
}
