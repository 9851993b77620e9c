#include "core/ice/lite.hpp"

#include <gtest/gtest.h>

#include "core/ice/test_network.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const base::Endpoint kServer = at("198.51.100.1", 7882);
const base::Endpoint kClient = at("192.0.2.7", 5000);
const base::Endpoint kElsewhere = at("203.0.113.9", 6000);

struct Lite {
  base::SeededRandom random{1};
  LiteAgent agent{random};
  Output out;
  base::Instant now{};

  struct Check {
    base::Endpoint from = kClient;
    bool nominate = false;
    bool controlled = false;
    bool unknown = false;
    std::string sender = "client";
    std::optional<Credentials> to;
    std::string pwd;
  };

  base::Packet packet(const Check& check) {
    auto to = check.to.value_or(agent.local_credentials());
    base::Packet packet;
    stun::TransactionId transaction{};
    random.fill(transaction);
    stun::Builder builder(packet.storage(), stun::Class::request, transaction);
    builder.username(to.ufrag, check.sender).priority(1);
    if (check.controlled)
      builder.controlled(7);
    else
      builder.controlling(7);
    if (check.nominate) builder.use_candidate();
    packet.resize(
        builder.integrity(check.pwd.empty() ? to.pwd : check.pwd).fingerprint().finish().size());
    return packet;
  }

  void check(const Check& check) { receive(packet(check), check.from); }

  void receive(const base::Packet& packet, const base::Endpoint& from = kClient) {
    out.clear();
    agent.on_datagram(kServer, from, packet.bytes(), now, out);
  }

  void advance(base::Duration duration) {
    out.clear();
    for (auto end = now + duration;;) {
      auto next = agent.next_deadline();
      if (!next || *next > end) {
        now = end;
        return;
      }
      now = *next;
      agent.on_deadline(now, out);
    }
  }

  std::optional<stun::Message> answer() const {
    return out.datagrams.empty() ? std::nullopt : stun::parse(out.datagrams[0].packet.bytes());
  }
};

std::vector<Event> events_of(const Output& out) {
  return {out.events.begin(), out.events.end()};
}

TEST(LiteAgent, AnswersAValidCheckWithTheAddressItCameFrom) {
  Lite lite;
  lite.check({});
  auto answer = lite.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message_class, stun::Class::success);
  EXPECT_EQ(answer->mapped, kClient);
  EXPECT_TRUE(answer->has_fingerprint);
  EXPECT_TRUE(stun::has_integrity(*answer, lite.agent.local_credentials().pwd));
  EXPECT_EQ(lite.out.datagrams[0].local, kServer);
  EXPECT_EQ(lite.out.datagrams[0].remote, kClient);
  EXPECT_TRUE(lite.agent.last_was_valid());
  EXPECT_EQ(lite.agent.selected(), (Path{kServer, kClient}));
  EXPECT_EQ(events_of(lite.out), (std::vector{Event::selected_pair_changed, Event::connected}));
}

TEST(LiteAgent, WhoDoesNotKnowThePasswordGetsNothing) {
  Lite lite;
  lite.check({.pwd = "wrong"});
  EXPECT_TRUE(lite.out.datagrams.empty());
  lite.check({.to = Credentials{"nobody", lite.agent.local_credentials().pwd}});
  EXPECT_TRUE(lite.out.datagrams.empty());
  EXPECT_FALSE(lite.agent.selected());
  EXPECT_FALSE(lite.agent.last_was_valid());
  EXPECT_FALSE(lite.agent.is_verified({kServer, kClient}));
  EXPECT_EQ(lite.agent.counters().unauthenticated, 2U);
  EXPECT_EQ(lite.agent.state(), State::idle);
}

TEST(LiteAgent, AnUnsignedCheckGetsNothing) {
  Lite lite;
  base::Packet packet;
  stun::Builder builder(packet.storage(), stun::Class::request, {});
  packet.resize(
      builder.username(lite.agent.local_credentials().ufrag, "x").fingerprint().finish().size());
  lite.receive(packet);
  EXPECT_TRUE(lite.out.datagrams.empty());
  EXPECT_EQ(lite.agent.counters().unauthenticated, 1U);
}

TEST(LiteAgent, AValidCheckAfterAnInvalidOneIsToldApart) {
  Lite lite;
  lite.check({});
  EXPECT_TRUE(lite.agent.last_was_valid());
  lite.check({.pwd = "wrong"});
  EXPECT_FALSE(lite.agent.last_was_valid());
}

TEST(LiteAgent, ARecordedCheckFromElsewhereGetsNothing) {
  Lite lite;
  const auto recorded = lite.packet({.nominate = true});
  lite.receive(recorded);
  ASSERT_EQ(lite.agent.selected(), (Path{kServer, kClient}));
  lite.receive(recorded, kElsewhere);
  EXPECT_TRUE(lite.out.datagrams.empty());
  EXPECT_FALSE(lite.agent.last_was_valid());
  EXPECT_EQ(lite.agent.selected(), (Path{kServer, kClient}));
  EXPECT_FALSE(lite.agent.is_verified({kServer, kElsewhere}));
  EXPECT_EQ(lite.agent.counters().replayed, 1U);
  lite.check({.from = kElsewhere, .nominate = true});
  EXPECT_EQ(lite.agent.selected(), (Path{kServer, kElsewhere})) << "a new one moves the path";
}

TEST(LiteAgent, ARepeatedCheckIsAnsweredButKeepsNothingAlive) {
  Lite lite;
  const auto check = lite.packet({.nominate = true});
  lite.receive(check);
  for (int i = 0; i < 40; ++i) {
    lite.receive(check);
    if (i == 0) {
      EXPECT_EQ(lite.out.datagrams.size(), 1U) << "our answer may have been lost";
    }
    lite.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(lite.agent.state(), State::failed);
  EXPECT_FALSE(lite.agent.selected());
  EXPECT_EQ(lite.agent.counters().checks, 1U);
}

TEST(LiteAgent, TwoHundredAndFiftyFiveChecksLaterARecordedOneIsStillKnown) {
  Lite lite;
  const auto recorded = lite.packet({.nominate = true});
  lite.receive(recorded);
  for (int i = 0; i < 255; ++i) lite.check({});
  lite.receive(recorded, kElsewhere);
  EXPECT_EQ(lite.agent.selected(), (Path{kServer, kClient}));
}

TEST(LiteAgent, GarbageAndAnswersAreCountedOnly) {
  Lite lite;
  lite.receive(base::Packet(base::as_bytes("not stun")));
  base::Packet response;
  stun::Builder builder(response.storage(), stun::Class::success, {});
  response.resize(builder.mapped(kServer).finish().size());
  lite.receive(response);
  EXPECT_TRUE(lite.out.datagrams.empty());
  EXPECT_EQ(lite.agent.counters().malformed, 2U);
}

TEST(LiteAgent, TheLastNominationDecidesWhereToSend) {
  Lite lite;
  lite.check({});
  lite.check({.from = kElsewhere});
  EXPECT_EQ(lite.agent.selected()->remote, kElsewhere) << "before a nomination the last check";
  lite.check({.nominate = true});
  EXPECT_EQ(lite.agent.selected()->remote, kClient);
  lite.check({.from = kElsewhere});
  EXPECT_EQ(lite.agent.selected()->remote, kClient) << "a plain check does not move it any more";
  EXPECT_TRUE(lite.out.events.empty());
  lite.check({.from = kElsewhere, .nominate = true});
  EXPECT_EQ(lite.agent.selected()->remote, kElsewhere);
  EXPECT_EQ(lite.agent.counters().path_changes, 4U);
  EXPECT_EQ(lite.agent.counters().nominations, 2U);
}

TEST(LiteAgent, AForgedAddressDoesNotMoveThePath) {
  Lite lite;
  lite.check({.nominate = true});
  lite.check({.from = kElsewhere, .nominate = true, .pwd = "wrong"});
  EXPECT_EQ(lite.agent.selected()->remote, kClient);
  EXPECT_FALSE(lite.agent.is_verified({kServer, kElsewhere}));
}

TEST(LiteAgent, AClientThatBelievesToBeControlledIsCorrected) {
  Lite lite;
  lite.check({.controlled = true});
  auto answer = lite.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error_code, stun::kRoleConflict);
  EXPECT_TRUE(stun::has_integrity(*answer, lite.agent.local_credentials().pwd));
  EXPECT_FALSE(lite.agent.selected());
}

TEST(LiteAgent, AnUnknownDemandIsRefusedByName) {
  Lite lite;
  // An empty attribute whose type is then changed to one that nobody knows and none may ignore.
  base::Packet changed;
  stun::Builder builder(changed.storage(), stun::Class::request, {});
  stun::UnknownAttributes none;
  builder.username(lite.agent.local_credentials().ufrag, "x").unknown_attributes(none);
  auto size = builder.finish().size();
  changed.storage()[size - 4] = std::byte{0x7f};
  changed.storage()[size - 3] = std::byte{0x01};
  changed.resize(
      builder.integrity(lite.agent.local_credentials().pwd).fingerprint().finish().size());
  lite.receive(changed);
  auto answer = lite.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error_code, stun::kUnknownAttribute);
  EXPECT_FALSE(lite.agent.selected());
  EXPECT_EQ(lite.agent.counters().refused, 1U);
}

TEST(LiteAgent, SendingEndsThirtySecondsAfterTheLastCheck) {
  Lite lite;
  lite.check({});
  lite.advance(9999ms);
  EXPECT_EQ(lite.agent.state(), State::connected);
  lite.advance(1ms);
  EXPECT_EQ(lite.agent.state(), State::disconnected);
  EXPECT_EQ(events_of(lite.out), std::vector{Event::disconnected});
  lite.advance(19999ms);
  EXPECT_TRUE(lite.agent.selected());
  lite.advance(1ms);
  EXPECT_FALSE(lite.agent.selected());
  EXPECT_FALSE(lite.agent.is_verified({kServer, kClient}));
  EXPECT_EQ(events_of(lite.out), std::vector{Event::failed});
  EXPECT_FALSE(lite.agent.next_deadline());
}

TEST(LiteAgent, ALateCheckRevivesIt) {
  Lite lite;
  lite.check({.nominate = true});
  lite.advance(60s);
  lite.check({.from = kElsewhere});
  EXPECT_EQ(lite.agent.selected()->remote, kElsewhere);
  EXPECT_EQ(lite.agent.state(), State::connected);
}

TEST(LiteAgent, RegularChecksKeepItConnected) {
  Lite lite;
  lite.check({});
  for (int i = 0; i < 20; ++i) {
    lite.advance(6s);
    EXPECT_TRUE(lite.out.events.empty());
    lite.check({});
  }
  EXPECT_EQ(lite.agent.state(), State::connected);
}

TEST(LiteAgent, OldCredentialsWorkUntilTheNewOnesAreUsed) {
  Lite lite;
  auto old = lite.agent.local_credentials();
  lite.check({.nominate = true});
  lite.agent.restart(lite.random);
  EXPECT_NE(lite.agent.local_credentials(), old);
  lite.check({.to = old});
  auto answer = lite.answer();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(stun::has_integrity(*answer, old.pwd)) << "answered with the password it asked with";
  EXPECT_EQ(lite.agent.selected()->remote, kClient);
  lite.check({.from = kElsewhere, .nominate = true});
  EXPECT_EQ(lite.agent.selected()->remote, kElsewhere);
  lite.check({.to = old});
  EXPECT_TRUE(lite.out.datagrams.empty());
}

TEST(LiteAgent, ChecksOfAnotherSessionOfTheClientAreRefusedOnceItIsKnown) {
  Lite lite;
  lite.agent.set_remote({"client", "irrelevant"});
  lite.check({.sender = "another"});
  EXPECT_TRUE(lite.out.datagrams.empty());
  lite.check({});
  EXPECT_FALSE(lite.out.datagrams.empty());
  lite.agent.restart(lite.random);
  lite.check({.sender = "another"});
  EXPECT_FALSE(lite.out.datagrams.empty()) << "a restart makes it unknown again";
}

TEST(LiteAgent, VerifiedAddressesAreBoundedAndTheOldestGoes) {
  Lite lite;
  for (std::uint16_t port = 1; port <= 9; ++port) {
    lite.advance(1s);
    lite.check({.from = at("192.0.2.7", port)});
  }
  EXPECT_FALSE(lite.agent.is_verified({kServer, at("192.0.2.7", 1)}));
  for (std::uint16_t port = 2; port <= 9; ++port)
    EXPECT_TRUE(lite.agent.is_verified({kServer, at("192.0.2.7", port)})) << port;
}

}  // namespace
}  // namespace sidetone::ice
