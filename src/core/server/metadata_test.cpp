// What a participant may change about itself.
#include <gtest/gtest.h>

#include "core/server/world_test.hpp"

namespace sidetone::server {
namespace {

using livekit::RequestResponse;
using livekit::SignalResponse;
using test::Guest;
using test::World;

struct Editing {
  explicit Editing(bool allowed = true)
      : alice(world.enter([&] {
          Guest guest;
          guest.grants.can_update_own_metadata = allowed;
          guest.attributes["old"] = "value";
          return guest;
        }())),
        bob(world.enter({.identity = "bob"})) {}

  RequestResponse ask(const livekit::UpdateParticipantMetadata& wish) {
    livekit::SignalRequest request;
    *request.mutable_update_metadata() = wish;
    request.mutable_update_metadata()->set_request_id(++id);
    alice.send(request);
    return alice.last(SignalResponse::kRequestResponse)->request_response();
  }

  World world;
  test::Client& alice;
  test::Client& bob;
  std::uint32_t id = 0;
};

TEST(Metadata, ChangesAreToldBeforeTheyAreConfirmed) {
  Editing editing;
  livekit::UpdateParticipantMetadata wish;
  wish.set_name("Alice");
  wish.set_metadata("m");
  (*wish.mutable_attributes())["new"] = "1";
  (*wish.mutable_attributes())["old"] = "";
  const auto tokens = editing.alice.count(SignalResponse::kRefreshToken);
  const auto before = editing.alice.told_of("alice")->version();
  const auto answer = editing.ask(wish);
  EXPECT_EQ(answer.reason(), RequestResponse::OK);
  EXPECT_EQ(answer.request_id(), 1U);
  for (const auto* client : {&editing.alice, &editing.bob}) {
    const auto* info = client->told_of("alice");
    EXPECT_EQ(info->name(), "Alice");
    EXPECT_EQ(info->metadata(), "m");
    ASSERT_EQ(info->attributes_size(), 1) << "an empty value removes";
    EXPECT_EQ(info->attributes().at("new"), "1");
    EXPECT_EQ(info->version(), before + 1);
  }
  const auto& received = editing.alice.received;
  EXPECT_TRUE(received.back().has_request_response()) << "updates first, then the answer";
  ASSERT_EQ(editing.alice.count(SignalResponse::kRefreshToken), tokens + 1);
  const auto fresh =
      signal::verify(editing.alice.last(SignalResponse::kRefreshToken)->refresh_token(),
                     editing.world.server->config().keys, test::kEpoch);
  EXPECT_EQ(std::get<signal::Claims>(fresh).metadata, "m") << "who comes back keeps it";
  EXPECT_EQ(std::get<signal::Claims>(fresh).attributes.at("new"), "1");
}

TEST(Metadata, WithoutTheGrantNothingChanges) {
  Editing editing(false);
  livekit::UpdateParticipantMetadata wish;
  wish.set_metadata("m");
  const auto answer = editing.ask(wish);
  EXPECT_EQ(answer.reason(), RequestResponse::NOT_ALLOWED);
  EXPECT_EQ(answer.message(), "does not have permission to update own metadata");
  EXPECT_EQ(answer.update_metadata().metadata(), "m");
  EXPECT_EQ(editing.bob.told_of("alice"), nullptr) << "it was there before, and never changed";
}

TEST(Metadata, TooMuchOfItIsRefused) {
  Editing editing;
  livekit::UpdateParticipantMetadata name;
  name.set_name(std::string(257, 'n'));
  EXPECT_EQ(editing.ask(name).message(), "exceeds name length limit");
  livekit::UpdateParticipantMetadata attributes;
  (*attributes.mutable_attributes())["k"] = std::string(40'000, 'v');
  EXPECT_EQ(editing.ask(attributes).reason(), RequestResponse::OK);
  livekit::UpdateParticipantMetadata more;
  (*more.mutable_attributes())["l"] = std::string(40'000, 'v');
  const auto answer = editing.ask(more);
  EXPECT_EQ(answer.reason(), RequestResponse::LIMIT_EXCEEDED) << "what adds up counts";
  EXPECT_EQ(answer.message(), "exceeds attributes size limit");
  EXPECT_FALSE(editing.bob.told_of("alice")->attributes().contains("l"));
}

TEST(Metadata, LongMetadataIsRefused) {
  Limits limits;
  limits.metadata_bytes = 100;
  World world(limits);
  Guest guest;
  guest.grants.can_update_own_metadata = true;
  auto& client = world.enter(guest);
  livekit::SignalRequest request;
  request.mutable_update_metadata()->set_metadata(std::string(101, 'm'));
  client.send(request);
  EXPECT_EQ(client.last(SignalResponse::kRequestResponse)->request_response().message(),
            "exceeds metadata size limit");
}

}  // namespace
}  // namespace sidetone::server
