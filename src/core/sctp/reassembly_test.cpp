#include "core/sctp/reassembly.hpp"

#include <gtest/gtest.h>

namespace sidetone::sctp {
namespace {

using base::as_bytes;

std::string text_of(const std::optional<Reassembly::Whole>& whole) {
  return whole ? std::string(base::as_text(whole->bytes)) : "(none)";
}

TEST(Reassembly, JoinsPiecesUntilTheLast) {
  Reassembly reassembly(100);
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("one ")}));
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("two ")}));
  auto whole = reassembly.add({1, 53, true, as_bytes("three")});
  EXPECT_EQ(text_of(whole), "one two three");
  EXPECT_EQ(whole->stream, 1);
  EXPECT_EQ(whole->payload, 53U);
  EXPECT_EQ(text_of(reassembly.add({2, 51, true, as_bytes("next")})), "next");
}

TEST(Reassembly, DropsWhatExceedsTheBoundOnceAndWhole) {
  Reassembly reassembly(8);
  EXPECT_EQ(text_of(reassembly.add({1, 53, true, as_bytes("12345678")})), "12345678");
  EXPECT_EQ(text_of(reassembly.add({1, 53, true, as_bytes("123456789")})), "(none)");
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("12345")}));
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("6789")}));
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("more")}));
  EXPECT_EQ(text_of(reassembly.add({1, 53, true, as_bytes("end")})), "(none)");
  EXPECT_EQ(reassembly.dropped_oversized(), 2U);
  EXPECT_EQ(reassembly.dropped_incomplete(), 0U);
  EXPECT_EQ(text_of(reassembly.add({1, 53, true, as_bytes("fine")})), "fine");
}

TEST(Reassembly, AnotherMessageEndsTheOneUnderWay) {
  Reassembly reassembly(100);
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("lost")}));
  EXPECT_EQ(text_of(reassembly.add({2, 53, true, as_bytes("kept")})), "kept");
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("lost")}));
  EXPECT_EQ(text_of(reassembly.add({1, 51, true, as_bytes("kept")})), "kept");
  EXPECT_FALSE(reassembly.add({1, 53, false, as_bytes("lost")}));
  reassembly.abandon();
  EXPECT_EQ(text_of(reassembly.add({1, 53, true, as_bytes("kept")})), "kept");
  EXPECT_EQ(reassembly.dropped_incomplete(), 3U);
  reassembly.abandon();
  EXPECT_EQ(reassembly.dropped_incomplete(), 3U);
}

}  // namespace
}  // namespace sidetone::sctp
