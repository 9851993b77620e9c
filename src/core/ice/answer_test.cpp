#include "core/ice/answer.hpp"

#include <gtest/gtest.h>

namespace sidetone::ice {
namespace {

const Path kPath{{*base::Address::parse("198.51.100.1"), 7882},
                 {*base::Address::parse("192.0.2.7"), 5000}};

stun::Message question() {
  stun::Message message;
  message.transaction[3] = std::byte{9};
  message.unknown.types[0] = 0x7fff;
  message.unknown.count = 1;
  return message;
}

stun::Message only_answer(const Output& out) {
  EXPECT_EQ(out.datagrams.size(), 1U);
  EXPECT_EQ(out.datagrams[0].local, kPath.local);
  EXPECT_EQ(out.datagrams[0].remote, kPath.remote);
  auto message = stun::parse(out.datagrams[0].packet.bytes());
  EXPECT_TRUE(message);
  return message.value_or(stun::Message());
}

TEST(Answer, SuccessShowsTheSenderItsAddressAndIsSigned) {
  Output out;
  answer_check(kPath, question(), "pwd", out);
  auto answer = only_answer(out);
  EXPECT_EQ(answer.message_class, stun::Class::success);
  EXPECT_EQ(answer.transaction, question().transaction);
  EXPECT_EQ(answer.mapped, kPath.remote);
  EXPECT_TRUE(answer.has_fingerprint);
  EXPECT_TRUE(stun::has_integrity(answer, "pwd"));
}

TEST(Answer, ARefusalNamesUnknownAttributesOnlyWhenTheyAreTheReason) {
  auto names_them = [](std::uint16_t code) {
    Output out;
    refuse_check(kPath, question(), code, "pwd", out);
    auto answer = only_answer(out);
    EXPECT_EQ(answer.error_code, code);
    EXPECT_TRUE(answer.has_fingerprint);
    EXPECT_TRUE(stun::has_integrity(answer, "pwd"));
    auto text = base::as_text(out.datagrams[0].packet.bytes());
    return text.find(std::string_view("\x00\x0a\x00\x02\x7f\xff\x00\x00", 8)) !=
           std::string_view::npos;
  };
  EXPECT_TRUE(names_them(stun::kUnknownAttribute));
  EXPECT_FALSE(names_them(stun::kRoleConflict));
}

}  // namespace
}  // namespace sidetone::ice
