#include "core/dtls/transport.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/dtls/virtual_wire_test.hpp"

namespace sidetone::dtls {
namespace {

using base::as_bytes;

constexpr auto kMismatch =
    "the peer's DTLS certificate does not match the fingerprint in its description";

void expect_equal_keys(const SrtpKeys& a, const SrtpKeys& b) {
  EXPECT_EQ(a.profile, b.profile);
  EXPECT_EQ(a.client_key, b.client_key);
  EXPECT_EQ(a.server_key, b.server_key);
  EXPECT_EQ(a.client_salt, b.client_salt);
  EXPECT_EQ(a.server_salt, b.server_salt);
  EXPECT_EQ(a.salt_bytes, b.salt_bytes);
}

struct Linked : Wire {
  Linked() {
    know_each_other();
    start();
    run(10s);
  }
};

TEST(Transport, BothSidesConnectWithTheSameKeys) {
  Linked wire;
  EXPECT_EQ(wire.client.transport.state(), State::connected);
  EXPECT_EQ(wire.server.transport.state(), State::connected);
  ASSERT_TRUE(wire.client.keys() && wire.server.keys());
  expect_equal_keys(*wire.client.keys(), *wire.server.keys());
  EXPECT_EQ(wire.client.keys()->profile, SrtpProfile::aead_aes_128_gcm);
  EXPECT_EQ(wire.client.keys()->salt_bytes, 12U);
  EXPECT_NE(wire.client.keys()->client_key, wire.client.keys()->server_key);
  EXPECT_NE(wire.client.keys()->client_salt, wire.client.keys()->server_salt);
  EXPECT_EQ(wire.client.transport.counters().retransmissions, 0U);
}

TEST(Transport, NoDatagramOfTheHandshakeExceedsTheMtu) {
  Linked wire;
  ASSERT_GE(wire.log.size(), 4U);
  for (const auto& [from, packet] : wire.log) EXPECT_LE(packet.size(), kMaxDatagramBytes);
  EXPECT_LE(wire.log.size(), 12U);
}

TEST(Transport, AConnectedTransportWantsNoDeadline) {
  Linked wire;
  EXPECT_FALSE(wire.client.transport.next_deadline());
  EXPECT_FALSE(wire.server.transport.next_deadline());
}

TEST(Transport, CarriesDataBothWaysInOneDatagramEach) {
  Linked wire;
  wire.log.clear();
  std::string largest(kMaxDataBytes, 'x');
  EXPECT_FALSE(wire.client.transport.send(as_bytes(largest), wire.client.out));
  EXPECT_FALSE(wire.server.transport.send(as_bytes("pong"), wire.server.out));
  wire.run(1s);
  ASSERT_EQ(wire.server.out.data.size(), 1U);
  EXPECT_EQ(base::as_text(wire.server.out.data[0].bytes()), largest);
  ASSERT_EQ(wire.client.out.data.size(), 1U);
  EXPECT_EQ(base::as_text(wire.client.out.data[0].bytes()), "pong");
  ASSERT_EQ(wire.log.size(), 2U);
  EXPECT_LE(wire.log[0].second.size(), kMaxDatagramBytes);
}

TEST(Transport, DataThatCannotBeSentIsRefusedByName) {
  Wire wire;
  EXPECT_EQ(wire.client.transport.send(as_bytes("x"), wire.client.out), errc::would_block);
  wire.know_each_other();
  wire.start();
  EXPECT_EQ(wire.client.transport.send(as_bytes("x"), wire.client.out), errc::would_block);
  wire.run(1s);
  std::string too_long(kMaxDataBytes + 1, 'x');
  EXPECT_EQ(wire.client.transport.send(as_bytes(too_long), wire.client.out),
            errc::payload_too_large);
  wire.client.transport.close(wire.client.out);
  EXPECT_EQ(wire.client.transport.send(as_bytes("x"), wire.client.out), errc::closed);
}

// Each of the first datagrams is lost once, alone.
TEST(Transport, AnySingleLostDatagramIsRepairedInTwoTimeouts) {
  for (std::size_t lost = 0; lost < 6; ++lost) {
    Wire wire;
    wire.know_each_other();
    std::size_t index = 0;
    auto began = virtual_now();
    Instant connected{};
    wire.passes = [&](Role, const base::Packet&) { return index++ != lost; };
    wire.start();
    for (int step = 0; step < 100 && connected == Instant{}; ++step) {
      wire.run(10ms);
      if (wire.client.keys() && wire.server.keys()) connected = virtual_now();
    }
    ASSERT_NE(connected, Instant{}) << "datagram " << lost;
    EXPECT_LE(connected - began, 310ms) << "datagram " << lost;
    expect_equal_keys(*wire.client.keys(), *wire.server.keys());
  }
}

TEST(Transport, HalfOfAllDatagramsLostStillConnects) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Wire wire;
    base::SeededRandom random(seed);
    wire.passes = [&](Role, const base::Packet&) { return random.uniform() > 0.5; };
    wire.know_each_other();
    wire.start();
    wire.run(29s);
    EXPECT_TRUE(wire.client.keys() && wire.server.keys()) << "seed " << seed;
  }
}

TEST(Transport, RetransmissionsDoubleFromATenthOfASecond) {
  Side client(Role::client);
  auto began = virtual_now();
  client.transport.start(Role::client, began, client.out);
  std::vector<std::chrono::milliseconds> sent;
  while (client.transport.state() == State::handshaking) {
    client.out.packets.clear();
    virtual_time = std::max(virtual_time, client.transport.next_deadline()->time_since_epoch());
    client.transport.on_deadline(virtual_now(), client.out);
    if (!client.out.packets.empty())
      sent.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(virtual_now() - began));
  }
  ASSERT_GE(sent.size(), 6U);
  EXPECT_EQ(sent[0], 100ms);
  EXPECT_EQ(sent[1], 300ms);
  EXPECT_EQ(sent[2], 700ms);
  EXPECT_EQ(sent[3], 1500ms);
  EXPECT_EQ(sent[4], 3100ms);
  EXPECT_EQ(sent[5], 6100ms) << "capped at three seconds";
  EXPECT_EQ(client.failure(), "the peer stopped answering during the DTLS handshake");
  EXPECT_GT(virtual_now() - began, 25s);
  EXPECT_LT(virtual_now() - began, 30s);
  EXPECT_FALSE(client.transport.next_deadline());
}

TEST(Transport, AServerNobodyTalksToGivesUpAfterThirtySeconds) {
  Side server(Role::server);
  server.transport.start(Role::server, virtual_now(), server.out);
  EXPECT_EQ(server.transport.next_deadline(), virtual_now() + 30s);
  virtual_time += 30s;
  server.transport.on_deadline(virtual_now(), server.out);
  EXPECT_EQ(server.transport.state(), State::failed);
  EXPECT_EQ(server.failure(), "the DTLS handshake was not finished within 30 seconds");
}

class WrongFingerprint : public testing::TestWithParam<Role> {};

TEST_P(WrongFingerprint, GivesNoKeysToTheSideThatExpectsAnother) {
  Wire wire;
  wire.know_each_other();
  auto& deceived = wire.side(GetParam());
  auto wrong = certificate(GetParam()).fingerprint();  // our own instead of the peer's
  deceived.transport.set_remote_fingerprint(wrong, virtual_now(), deceived.out);
  wire.start();
  wire.run();
  EXPECT_EQ(deceived.failure(), kMismatch);
  EXPECT_EQ(deceived.keys(), nullptr);
  EXPECT_TRUE(deceived.out.data.empty());
}

TEST_P(WrongFingerprint, ThatComesLateGivesNoKeysEither) {
  Wire wire;
  auto& deceived = wire.side(GetParam());
  auto& other = wire.side(GetParam() == Role::client ? Role::server : Role::client);
  auto wrong = certificate(GetParam()).fingerprint();
  other.transport.set_remote_fingerprint(wrong, virtual_now(), other.out);  // right for the other
  wire.start();
  wire.run(1s);
  EXPECT_EQ(deceived.transport.state(), State::verifying);
  EXPECT_EQ(deceived.keys(), nullptr);
  deceived.transport.set_remote_fingerprint(wrong, virtual_now(), deceived.out);
  EXPECT_EQ(deceived.failure(), kMismatch);
  EXPECT_EQ(deceived.keys(), nullptr);
}

std::string name_of(const testing::TestParamInfo<Role>& side) {
  return side.param == Role::client ? "Client" : "Server";
}

INSTANTIATE_TEST_SUITE_P(Transport,
                         WrongFingerprint,
                         testing::Values(Role::client, Role::server),
                         name_of);

TEST(Transport, AFingerprintThatIsRefusedAtOnceIsToldToThePeer) {
  Wire wire;
  wire.know_each_other();
  wire.server.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(),
                                               virtual_now(), wire.server.out);
  wire.start();
  wire.run();
  EXPECT_EQ(wire.client.failure(), "the peer ended DTLS with the alert \"bad certificate\"");
}

TEST(Transport, KeysAndDataWaitForAFingerprintThatComesAfterTheHandshake) {
  Wire wire;
  wire.client.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(),
                                               virtual_now(), wire.client.out);
  wire.start();
  wire.run(1s);
  ASSERT_TRUE(wire.client.keys());
  EXPECT_EQ(wire.server.transport.state(), State::verifying);
  EXPECT_FALSE(wire.client.transport.send(as_bytes("early"), wire.client.out));
  wire.run(1s);
  EXPECT_TRUE(wire.server.out.data.empty());
  EXPECT_EQ(wire.server.keys(), nullptr);
  EXPECT_EQ(wire.server.transport.send(as_bytes("x"), wire.server.out), errc::would_block);

  wire.server.transport.set_remote_fingerprint(certificate(Role::client).fingerprint(),
                                               virtual_now(), wire.server.out);
  ASSERT_TRUE(wire.server.keys());
  expect_equal_keys(*wire.client.keys(), *wire.server.keys());
  ASSERT_EQ(wire.server.out.data.size(), 1U);
  EXPECT_EQ(base::as_text(wire.server.out.data[0].bytes()), "early");
  EXPECT_FALSE(wire.server.transport.next_deadline());
}

TEST(Transport, AFingerprintThatNeverComesEndsTheWait) {
  Wire wire;
  wire.client.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(),
                                               virtual_now(), wire.client.out);
  wire.start();
  wire.run(31s);
  EXPECT_EQ(wire.server.failure(), "the peer's fingerprint did not become known within 30 seconds");
  EXPECT_EQ(wire.client.count_closed(), 1U) << "the peer hears of it";
}

TEST(Transport, DataBeforeTheFingerprintIsBounded) {
  Wire wire;
  wire.client.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(),
                                               virtual_now(), wire.client.out);
  wire.start();
  wire.run(1s);
  for (int i = 0; i < 20; ++i) wire.client.transport.send(as_bytes("x"), wire.client.out);
  wire.run(1s);
  EXPECT_EQ(wire.server.transport.counters().dropped_unverified, 4U);
  wire.server.transport.set_remote_fingerprint(certificate(Role::client).fingerprint(),
                                               virtual_now(), wire.server.out);
  EXPECT_EQ(wire.server.out.data.size(), 16U);
}

TEST(Transport, AFingerprintChangedInMidCallEndsTheCall) {
  Linked wire;
  wire.client.transport.set_remote_fingerprint(certificate(Role::server).fingerprint(),
                                               virtual_now(), wire.client.out);
  EXPECT_EQ(wire.client.transport.state(), State::connected) << "the same again changes nothing";
  wire.client.transport.set_remote_fingerprint(certificate(Role::client).fingerprint(),
                                               virtual_now(), wire.client.out);
  EXPECT_EQ(wire.client.transport.state(), State::failed);
}

TEST(Transport, ReplayedDatagramsDeliverNothingTwice) {
  Linked wire;
  wire.client.transport.send(as_bytes("once"), wire.client.out);
  auto packet = wire.client.out.packets[0];
  wire.run(1s);
  for (int i = 0; i < 5; ++i)
    wire.server.transport.on_packet(packet.bytes(), virtual_now(), wire.server.out);
  EXPECT_EQ(wire.server.out.data.size(), 1U);
  for (const auto& [from, old] : std::vector(wire.log))
    wire.side(from == Role::client ? Role::server : Role::client)
        .transport.on_packet(old.bytes(), virtual_now(), wire.server.out);
  EXPECT_EQ(wire.server.transport.state(), State::connected);
  EXPECT_EQ(wire.client.transport.state(), State::connected);
}

TEST(Transport, GarbageNeitherConnectsNorDisconnects) {
  base::SeededRandom random(7);
  auto throw_garbage = [&](Side& side) {
    for (int i = 0; i < 300; ++i) {
      base::Packet garbage;
      garbage.resize(1 + random.next() % 300);
      random.fill(garbage.bytes());
      // A plausible record header half of the time: DTLS 1.2, epoch 0 or 1, matching length.
      if (i % 2 == 0 && garbage.size() > 13) {
        base::ByteWriter writer(garbage.bytes());
        writer.u8(20 + random.next() % 4);
        writer.u16(0xfefd);
        writer.u16(random.next() % 2);
        writer.u16(0);
        writer.u32(random.next());
        writer.u16(garbage.size() - 13);
      }
      // A plaintext alert is indistinguishable from a true one before the keys exist.
      if (garbage.bytes()[0] == std::byte{21}) garbage.bytes()[0] = std::byte{22};
      side.transport.on_packet(garbage.bytes(), virtual_now(), side.out);
    }
  };
  Linked wire;
  throw_garbage(wire.client);
  throw_garbage(wire.server);
  wire.run(1s);
  EXPECT_EQ(wire.client.transport.state(), State::connected);
  EXPECT_EQ(wire.server.transport.state(), State::connected);
  EXPECT_TRUE(wire.client.out.data.empty());
  wire.client.transport.send(as_bytes("still here"), wire.client.out);
  wire.run(1s);
  ASSERT_EQ(wire.server.out.data.size(), 1U);
}

TEST(Transport, ARecordShorterThanItsProtectionIsDroppedAndCounted) {
  Linked wire;
  for (unsigned length = 0; length < 24; ++length) {
    std::vector<std::byte> record(13 + length);
    base::ByteWriter writer(record);
    writer.u8(23);
    writer.u16(0xfefd);
    writer.u16(1);  // epoch
    writer.u16(1);
    writer.u32(length);  // a sequence number not seen yet
    writer.u16(length);
    wire.client.transport.on_packet(record, virtual_now(), wire.client.out);
  }
  EXPECT_EQ(wire.client.transport.state(), State::connected);
  EXPECT_EQ(wire.client.transport.counters().dropped_truncated, 24U);
}

TEST(Transport, AFloodDuringTheHandshakeIsCutOff) {
  Side server(Role::server);
  server.transport.start(Role::server, virtual_now(), server.out);
  base::Packet junk(as_bytes("\x16\xfe\xfd junk"));
  for (int i = 0; i < 1000; ++i)
    server.transport.on_packet(junk.bytes(), virtual_now(), server.out);
  EXPECT_EQ(server.transport.counters().dropped_flood, 1000U - 64U);
  EXPECT_EQ(server.transport.state(), State::handshaking);
  virtual_time += 1s;
  server.transport.on_packet(junk.bytes(), virtual_now(), server.out);
  EXPECT_EQ(server.transport.counters().dropped_flood, 1000U - 64U) << "a new second";
}

TEST(Transport, WhatCannotBeDtlsIsCountedByItsReason) {
  Side server(Role::server);
  auto give = [&](Bytes bytes) { server.transport.on_packet(bytes, virtual_now(), server.out); };
  give(as_bytes("\x16 too early"));
  EXPECT_EQ(server.transport.counters().dropped_not_started, 1U);
  server.transport.start(Role::server, virtual_now(), server.out);
  give({});
  give(as_bytes("\x13"));
  give(as_bytes("\x40"));
  give(as_bytes("\x80 RTP"));
  EXPECT_EQ(server.transport.counters().dropped_not_dtls, 4U);
  give(std::vector<std::byte>(1501, std::byte{22}));
  EXPECT_EQ(server.transport.counters().dropped_oversized, 1U);
  EXPECT_EQ(server.transport.counters().packets_in, 6U);
  EXPECT_TRUE(server.out.packets.empty());
}

TEST(Transport, ClosingTellsThePeerOnce) {
  Linked wire;
  wire.client.transport.close(wire.client.out);
  EXPECT_EQ(wire.client.transport.state(), State::closed);
  wire.run(1s);
  EXPECT_EQ(wire.server.transport.state(), State::closed);
  EXPECT_EQ(wire.server.count_closed(), 1U);
  EXPECT_EQ(wire.client.count_closed(), 0U) << "who closes knows it";
  wire.client.transport.close(wire.client.out);
  wire.server.transport.close(wire.server.out);
  EXPECT_TRUE(wire.client.out.packets.empty());
  EXPECT_TRUE(wire.server.out.packets.empty());
}

TEST(Transport, ClosingInMidHandshakeIsSilent) {
  Wire wire;
  wire.know_each_other();
  wire.start();
  wire.client.out.packets.clear();
  wire.client.transport.close(wire.client.out);
  EXPECT_TRUE(wire.client.out.packets.empty());
  EXPECT_FALSE(wire.client.transport.next_deadline());
}

TEST(Transport, OutlivesTheContextItWasMadeFrom) {
  auto mine = std::make_unique<Context>(certificate(Role::client));
  Transport client(*mine);
  mine.reset();
  Outbox out;
  client.start(Role::client, virtual_now(), out);
  EXPECT_FALSE(out.packets.empty());
}

}  // namespace
}  // namespace sidetone::dtls
