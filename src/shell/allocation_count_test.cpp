#include "shell/allocation_count_test.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detail/memory.hpp>
#include <cstddef>
#include <new>

namespace sidetone::shell::test {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(AllocationCount, SeesNewAndWhatAsioCallsAndNothingElse) {
  auto before = allocations();
  void* one = ::operator new(4);  // a new-expression may be optimised away
  EXPECT_EQ(allocations(), before + 1);
  ::operator delete(one);
  EXPECT_EQ(allocations(), before + 1);
  boost::asio::aligned_delete(boost::asio::aligned_new(alignof(std::max_align_t), 64));
  EXPECT_EQ(allocations(), before + 2);
}
#endif

}  // namespace sidetone::shell::test
