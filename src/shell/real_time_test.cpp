#include "shell/real_time_test.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdlib>
#include <mutex>

namespace sidetone::shell::test {
namespace {

thread_local RealTimeSins counted;

}  // namespace

RealTimeSins sins() noexcept {
  return counted;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(RealTimeSins, SeesMallocAndMutexes) {
  auto before = sins();
  std::free(std::malloc(1));  // NOLINT: what is counted
  EXPECT_EQ(sins().allocations, before.allocations + 1);
  EXPECT_EQ(sins().locks, before.locks);
  std::mutex mutex;
  std::lock_guard lock(mutex);
  EXPECT_EQ(sins().locks, before.locks + 1);
}
#endif

}  // namespace sidetone::shell::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// NOLINTBEGIN: the C library's own names
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++sidetone::shell::test::counted.allocations;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  ++sidetone::shell::test::counted.allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) {
  ++sidetone::shell::test::counted.allocations;
  return __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {  // what Asio calls
  ++sidetone::shell::test::counted.allocations;
  return __libc_memalign(alignment, size);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static Lock next = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++sidetone::shell::test::counted.locks;
  return next(mutex);
}
}
// NOLINTEND
#endif
