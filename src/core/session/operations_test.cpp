#include "core/session/operations.hpp"

#include <gtest/gtest.h>

namespace sidetone::session {
namespace {

using std::chrono::seconds;

constexpr base::Instant kAt{seconds(10)};

TEST(Operations, EndOnce) {
  Operations operations;
  base::Outbox<Completion> out;
  operations.begin(1, OperationKind::publish, kAt);
  operations.succeed(1, out, "TR_1");
  operations.fail(1, errc::closed, "", out);
  operations.succeed(2, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_FALSE(out[0].error);
  EXPECT_EQ(out[0].track_sid, "TR_1");
}

TEST(Operations, TextsNeverShowATokenToTheUser) {
  Operations operations;
  base::Outbox<Completion> out;
  operations.begin(1, OperationKind::connect, kAt);
  operations.fail(1, errc::unauthorized, "bad eyJhbGciOiJIUzI1NiJ9.e30.AAAA", out);
  EXPECT_EQ(out[0].text, "bad <token>");
}

TEST(Operations, TheEarliestDeadlineIsNext) {
  Operations operations;
  EXPECT_FALSE(operations.next_deadline());
  operations.begin(1, OperationKind::publish, kAt + seconds(5));
  operations.begin(2, OperationKind::unpublish, kAt);
  EXPECT_EQ(operations.next_deadline(), kAt);
  EXPECT_TRUE(operations.due(kAt - seconds(1)).empty());
  ASSERT_EQ(operations.due(kAt).size(), 1U);
  EXPECT_EQ(operations.due(kAt)[0].id, 2U);
  operations.set_deadline(2, kAt + seconds(9));
  operations.set_deadline(3, kAt);
  EXPECT_EQ(operations.next_deadline(), kAt + seconds(5));
}

TEST(Operations, AllCanFailTogether) {
  Operations operations;
  base::Outbox<Completion> out;
  operations.begin(1, OperationKind::publish, kAt);
  operations.begin(2, OperationKind::metadata, kAt);
  operations.fail_all(errc::removed, "why", out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[1].error, errc::removed);
  EXPECT_EQ(out[1].text, "why");
  EXPECT_EQ(operations.find(1), nullptr);
}

}  // namespace
}  // namespace sidetone::session
