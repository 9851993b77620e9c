#include "shell/allocation_count_test.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detail/memory.hpp>
#include <memory>

namespace sidetone::shell::test {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(AllocationCount, SeesNewAndWhatAsioCallsAndNothingElse) {
  auto before = allocations();
  auto one = std::make_unique<int>(1);
  EXPECT_EQ(allocations(), before + 1);
  *one = 2;
  EXPECT_EQ(allocations(), before + 1);
  boost::asio::aligned_delete(boost::asio::aligned_new(alignof(std::max_align_t), 64));
  EXPECT_EQ(allocations(), before + 2);
}
#endif

}  // namespace sidetone::shell::test
