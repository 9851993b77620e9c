#include "core/sdp/description.hpp"

#include <gtest/gtest.h>

#include "core/sdp/test_documents.hpp"

namespace sidetone::sdp {
namespace {

TEST(Description, WritingAndReadingGivesAnEqualOne) {
  for (const auto& text : {test::native_offer(), test::server_offer()}) {
    auto description = parse(text).value();
    auto written = to_text(description);
    auto again = parse(written);
    ASSERT_TRUE(again) << again.error().sentence << "\n" << written;
    EXPECT_EQ(*again, description) << written;
    EXPECT_EQ(to_text(*again), written);
  }
}

TEST(Description, EveryLineEndsWithCarriageReturnAndLineFeed) {
  auto text = to_text(parse(test::server_offer()).value());
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at)
    ASSERT_EQ(text[at - 1], '\r');
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
  EXPECT_EQ(text.substr(0, 5), "v=0\r\n");
}

TEST(Description, CandidatesAreWrittenWhereTheyBelong) {
  Description description;
  description.transport.candidates = {"candidate:1 1 udp 1 192.0.2.1 1 typ host"};
  description.transport.end_of_candidates = true;
  auto text = to_text(description);
  EXPECT_NE(text.find("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=end-of-candidates\r\n"),
            std::string::npos);
}

TEST(Description, DirectionsSayWhoSends) {
  EXPECT_TRUE(sends(Direction::sendrecv) && receives(Direction::sendrecv));
  EXPECT_TRUE(sends(Direction::sendonly) && !receives(Direction::sendonly));
  EXPECT_TRUE(!sends(Direction::recvonly) && receives(Direction::recvonly));
  EXPECT_TRUE(!sends(Direction::inactive) && !receives(Direction::inactive));
}

TEST(Description, ParametersAreFoundWithoutCaseAndAmongRepetitions) {
  constexpr auto kText = "minptime=10; UseInbandFec=1;usedtx=1;usedtx=0";
  EXPECT_TRUE(has_parameter(kText, "useinbandfec", "1"));
  EXPECT_TRUE(has_parameter(kText, "usedtx", "1"));
  EXPECT_TRUE(has_parameter(kText, "usedtx", "0"));
  EXPECT_FALSE(has_parameter(kText, "minptime", "1"));
  EXPECT_FALSE(has_parameter(kText, "stereo", "1"));
  EXPECT_FALSE(has_parameter("", "stereo", "1"));
  EXPECT_FALSE(has_parameter(";;=;", "stereo", "1"));
}

}  // namespace
}  // namespace sidetone::sdp
