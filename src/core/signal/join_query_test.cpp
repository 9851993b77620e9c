#include "core/signal/join_query.hpp"

#include <gtest/gtest.h>

#include "core/crypto/base64.hpp"
#include "core/signal/gunzip_test.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::signal {
namespace {

livekit::JoinRequest read(const JoinParameters& parameters) {
  auto text = join_query(parameters);
  EXPECT_EQ(text.find_first_of("+/"), std::string::npos);
  auto bytes = crypto::base64url_decode(text, crypto::Padding::required);
  EXPECT_TRUE(bytes) << "the server takes the padded form only";
  livekit::WrappedJoinRequest wrapped;
  EXPECT_TRUE(decode(*bytes, wrapped));
  EXPECT_EQ(wrapped.compression(), livekit::WrappedJoinRequest::GZIP);
  auto plain = gunzip(wrapped.join_request());
  livekit::JoinRequest request;
  EXPECT_TRUE(decode(base::as_bytes(plain), request));
  return request;
}

TEST(JoinQuery, SaysWhoWeAreAndWhatWeOffer) {
  JoinParameters parameters;
  parameters.version = "1.2";
  parameters.publisher_offer.emplace();
  parameters.publisher_offer->set_type("offer");
  parameters.publisher_offer->set_sdp(std::string(5000, 'v'));
  auto request = read(parameters);
  EXPECT_EQ(request.client_info().sdk(), livekit::ClientInfo::CPP);
  EXPECT_EQ(request.client_info().protocol(), 16);
  EXPECT_EQ(request.client_info().version(), "1.2");
  EXPECT_TRUE(request.connection_settings().auto_subscribe()) << "off unless it is said (§2.3)";
  EXPECT_EQ(request.publisher_offer().sdp().size(), 5000U);
  EXPECT_FALSE(request.reconnect());
}

TEST(JoinQuery, ResumesASession) {
  JoinParameters parameters;
  parameters.auto_subscribe = false;
  parameters.reconnect = true;
  parameters.participant_sid = "PA_1";
  parameters.reconnect_reason = livekit::RR_SIGNAL_DISCONNECTED;
  auto request = read(parameters);
  EXPECT_TRUE(request.reconnect());
  EXPECT_EQ(request.participant_sid(), "PA_1");
  EXPECT_EQ(request.reconnect_reason(), livekit::RR_SIGNAL_DISCONNECTED);
  EXPECT_FALSE(request.has_publisher_offer());
  EXPECT_FALSE(request.connection_settings().auto_subscribe());
}

TEST(JoinQuery, AnyLengthIsPaddedAndReadable) {
  for (std::size_t length = 0; length < 6; ++length) {
    JoinParameters parameters;
    parameters.version = std::string(length, 'x');
    EXPECT_EQ(read(parameters).client_info().version().size(), length);
  }
}

}  // namespace
}  // namespace sidetone::signal
