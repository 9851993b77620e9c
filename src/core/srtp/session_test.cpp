#include "core/srtp/session.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/base/seeded_random.hpp"
#include "core/rtp/packet.hpp"
#include "core/rtp/rtcp.hpp"
#include "core/rtp/sender.hpp"

namespace sidetone::srtp {
namespace {

constexpr std::uint32_t kSsrc = 0xcafebabe;

std::string hex(base::Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (auto byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(std::byte(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// Client and server side of one DTLS connection.
struct Pair {
  explicit Pair(Profile profile, std::uint64_t seed = 1) {
    std::vector<std::byte> exported(exporter_bytes(profile));
    base::SeededRandom(seed).fill(exported);
    auto material = KeyingMaterial::split(profile, exported);
    client.emplace(Session::create(*material, true).value());
    server.emplace(Session::create(*material, false).value());
  }

  std::optional<Session> client;
  std::optional<Session> server;
};

base::Packet rtp_packet(std::uint16_t sequence,
                        std::uint32_t ssrc = kSsrc,
                        std::string_view payload = "sixteen byte msg") {
  base::Packet packet;
  rtp::PacketView view;
  view.header = {.payload_type = 111,
                 .marker = false,
                 .sequence = sequence,
                 .timestamp = sequence * 960U,
                 .ssrc = ssrc};
  view.payload = base::as_bytes(payload);
  rtp::write_packet(view, packet);
  return packet;
}

base::Packet rtcp_packet(std::uint32_t ssrc = kSsrc) {
  base::Packet packet;
  rtp::RtcpWriter(packet).cname(ssrc, "someone");
  return packet;
}

class Both : public testing::TestWithParam<Profile> {};

INSTANTIATE_TEST_SUITE_P(Profiles,
                         Both,
                         testing::Values(Profile::aead_aes_128_gcm, Profile::aes128_cm_sha1_80));

TEST_P(Both, EachSideReadsWhatTheOtherProtects) {
  Pair pair(GetParam());
  for (std::uint16_t i = 0; i < 3; ++i) {
    auto there = rtp_packet(i);
    auto plain = hex(there.bytes());
    ASSERT_EQ(pair.client->protect_rtp(there), Status::ok);
    EXPECT_NE(hex(there.bytes()).substr(24, plain.size() - 24), plain.substr(24));
    ASSERT_EQ(pair.server->unprotect_rtp(there), Status::ok);
    EXPECT_EQ(hex(there.bytes()), plain);

    auto back = rtcp_packet();
    plain = hex(back.bytes());
    ASSERT_EQ(pair.server->protect_rtcp(back), Status::ok);
    ASSERT_EQ(pair.client->unprotect_rtcp(back), Status::ok);
    EXPECT_EQ(hex(back.bytes()), plain);
  }
  EXPECT_EQ(pair.client->outbound().ok, 3U);
  EXPECT_EQ(pair.client->inbound().ok, 3U);
}

TEST_P(Both, TheTwoDirectionsUseDifferentKeys) {
  Pair pair(GetParam());
  auto packet = rtp_packet(1);
  ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
  EXPECT_EQ(pair.client->unprotect_rtp(packet), Status::unauthentic);
}

TEST_P(Both, AReplayIsRefusedCountedAndLeftAsItWas) {
  Pair pair(GetParam());
  auto packet = rtp_packet(7);
  ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
  auto copy = packet;
  EXPECT_EQ(pair.server->unprotect_rtp(packet), Status::ok);
  auto bytes = hex(copy.bytes());
  EXPECT_EQ(pair.server->unprotect_rtp(copy), Status::replayed);
  EXPECT_EQ(hex(copy.bytes()), bytes);
  EXPECT_EQ(pair.server->inbound().replayed, 1U);

  auto report = rtcp_packet();
  ASSERT_EQ(pair.client->protect_rtcp(report), Status::ok);
  auto again = report;
  EXPECT_EQ(pair.server->unprotect_rtcp(report), Status::ok);
  EXPECT_EQ(pair.server->unprotect_rtcp(again), Status::replayed);
}

TEST_P(Both, ALatePacketIsTakenWithin1024AndRefusedBeyond) {
  Pair pair(GetParam());
  std::vector<base::Packet> sent;
  for (std::uint16_t i = 0; i < 1100; ++i) {
    sent.push_back(rtp_packet(i));
    ASSERT_EQ(pair.client->protect_rtp(sent.back()), Status::ok);
  }
  ASSERT_EQ(pair.server->unprotect_rtp(sent[10]), Status::ok);
  ASSERT_EQ(pair.server->unprotect_rtp(sent[1099]), Status::ok);
  EXPECT_EQ(pair.server->unprotect_rtp(sent[1099 - 1023]), Status::ok);
  EXPECT_EQ(pair.server->unprotect_rtp(sent[1099 - 1024]), Status::replayed);
}

TEST_P(Both, EveryFlippedBitAndEveryTruncationIsRefused) {
  Pair pair(GetParam());
  auto packet = rtp_packet(1);
  ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    auto bad = packet;
    bad.bytes()[bit / 8] ^= std::byte(1 << bit % 8);
    EXPECT_NE(pair.server->unprotect_rtp(bad), Status::ok) << bit;
  }
  EXPECT_GE(pair.server->inbound().unauthentic, 8U * 16);
  for (std::size_t size = 0; size < packet.size(); ++size)
    EXPECT_NE(
        pair.server->unprotect_rtp(*std::make_unique<base::Packet>(packet.bytes().first(size))),
        Status::ok)
        << size;
  EXPECT_EQ(pair.server->inbound_streams(), 0U);
  EXPECT_EQ(pair.server->unprotect_rtp(packet), Status::ok) << "the original still counts";

  auto report = rtcp_packet();
  ASSERT_EQ(pair.client->protect_rtcp(report), Status::ok);
  for (std::size_t bit = 0; bit < report.size() * 8; ++bit) {
    auto bad = report;
    bad.bytes()[bit / 8] ^= std::byte(1 << bit % 8);
    EXPECT_NE(pair.server->unprotect_rtcp(bad), Status::ok) << bit;
  }
  for (std::size_t size = 0; size < report.size(); ++size) {
    base::Packet cut(report.bytes().first(size));
    EXPECT_NE(pair.server->unprotect_rtcp(cut), Status::ok) << size;
  }
}

TEST_P(Both, NothingIsProtectedTwiceUnderOneIndex) {
  Pair pair(GetParam());
  auto first = rtp_packet(5);
  auto second = rtp_packet(5, kSsrc, "other words here");
  EXPECT_EQ(pair.client->protect_rtp(first), Status::ok);
  auto plain = hex(second.bytes());
  EXPECT_EQ(pair.client->protect_rtp(second), Status::replayed);
  EXPECT_EQ(hex(second.bytes()), plain);
  EXPECT_EQ(pair.client->outbound().replayed, 1U);
}

TEST_P(Both, NumbersWrapWithoutAHitch) {
  Pair pair(GetParam());
  for (std::uint32_t i = 65500; i < 65536 + 65536 + 40; ++i) {
    auto packet = rtp_packet(static_cast<std::uint16_t>(i));
    ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok) << i;
    if (i % 97 == 0) continue;  // lost
    ASSERT_EQ(pair.server->unprotect_rtp(packet), Status::ok) << i;
  }
}

TEST_P(Both, AReleasedSsrcFreesItsStreamAndStaysOut) {
  Pair pair(GetParam());
  auto packet = rtp_packet(1);
  ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
  ASSERT_EQ(pair.server->unprotect_rtp(packet), Status::ok);
  EXPECT_EQ(pair.client->outbound_streams(), 1U);
  EXPECT_EQ(pair.client->release_outbound(kSsrc), Status::ok);
  EXPECT_EQ(pair.server->release_inbound(kSsrc), Status::ok);
  EXPECT_EQ(pair.client->outbound_streams(), 0U);
  EXPECT_EQ(pair.server->inbound_streams(), 0U);

  auto next = rtp_packet(1, kSsrc, "other words here");
  EXPECT_EQ(pair.client->protect_rtp(next), Status::released);
  EXPECT_EQ(pair.server->unprotect_rtp(packet), Status::released);
  EXPECT_EQ(pair.client->release_outbound(kSsrc), Status::ok) << "twice is harmless";
  EXPECT_EQ(pair.client->release_outbound(77), Status::ok) << "so is one never used";
}

TEST(Session, StreamsAreBoundedAndComeBackWhenReleased) {
  Pair pair(Profile::aead_aes_128_gcm);
  for (std::uint32_t ssrc = 0; ssrc < Session::kMaxStreams; ++ssrc) {
    auto packet = rtp_packet(1, ssrc);
    ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
  }
  auto over = rtp_packet(1, 1000);
  EXPECT_EQ(pair.client->protect_rtp(over), Status::too_many_streams);
  EXPECT_EQ(pair.client->outbound().refused, 1U);
  auto known = rtp_packet(2, 9);
  EXPECT_EQ(pair.client->protect_rtp(known), Status::ok);
  EXPECT_EQ(pair.client->release_outbound(3), Status::ok);
  EXPECT_EQ(pair.client->protect_rtp(over), Status::ok);
}

TEST(Session, ReleasingIsBoundedToo) {
  Pair pair(Profile::aead_aes_128_gcm);
  for (std::uint32_t i = 0; i < Session::kMaxReleased; ++i)
    ASSERT_EQ(pair.client->release_outbound(i), Status::ok);
  EXPECT_EQ(pair.client->release_outbound(0xffffffff), Status::too_many_streams);
}

TEST(Session, RefusesWhatIsNotRtpOrTooLong) {
  Pair pair(Profile::aead_aes_128_gcm);
  base::Packet empty;
  EXPECT_EQ(pair.client->protect_rtp(empty), Status::malformed);
  base::Packet stun(base::as_bytes(std::string_view("\x00\x01\x00\x00 twenty bytes or", 20)));
  EXPECT_EQ(pair.client->protect_rtp(stun), Status::malformed);
  EXPECT_EQ(pair.client->unprotect_rtcp(stun), Status::malformed);
  auto longest = rtp_packet(1, kSsrc, std::string(Session::kMaxPlainBytes - 12, 'x'));
  EXPECT_EQ(pair.client->protect_rtp(longest), Status::ok);
  EXPECT_EQ(pair.server->unprotect_rtp(longest), Status::ok);
  auto longer = rtp_packet(2, kSsrc, std::string(Session::kMaxPlainBytes - 11, 'x'));
  EXPECT_EQ(pair.client->protect_rtp(longer), Status::malformed);
  EXPECT_EQ(pair.client->outbound().malformed, 3U);
}

TEST(KeyingMaterial, SplitsInTheOrderOfRfc5764) {
  std::vector<std::byte> exported(60);
  for (std::size_t i = 0; i < exported.size(); ++i) exported[i] = std::byte(i);
  auto material = KeyingMaterial::split(Profile::aes128_cm_sha1_80, exported);
  ASSERT_TRUE(material);
  EXPECT_EQ(material->client.key[0], std::byte{0});
  EXPECT_EQ(material->server.key[0], std::byte{16});
  EXPECT_EQ(material->client.salt[0], std::byte{32});
  EXPECT_EQ(material->server.salt[13], std::byte{59});
  auto gcm = KeyingMaterial::split(Profile::aead_aes_128_gcm, base::Bytes(exported).first(56));
  ASSERT_TRUE(gcm);
  EXPECT_EQ(gcm->server.salt[0], std::byte{44});
  EXPECT_EQ(gcm->server.salt[11], std::byte{55});
  EXPECT_FALSE(KeyingMaterial::split(Profile::aead_aes_128_gcm, exported));
}

// Master key and salt of RFC 3711 B.3. Expected bytes computed apart from libsrtp, from the two
// RFCs' key derivation, counter mode, HMAC and GCM over AES-ECB of the openssl command.
Session known_session(Profile profile) {
  auto key = from_hex("e1f97a0d3e018be0d64fa32c06de4139");
  auto salt = from_hex("0ec675ad498afeebb6960b3aabe6");
  KeyingMaterial material{.profile = profile, .client = {}, .server = {}};
  std::copy(key.begin(), key.end(), material.client.key.begin());
  std::copy(salt.begin(), salt.end(), material.client.salt.begin());
  return Session::create(material, true).value();
}

TEST(Session, ProtectsAsRfc3711Says) {
  auto session = known_session(Profile::aes128_cm_sha1_80);
  base::Packet rtp(from_hex("806f1234decafbadcafebabe7369787465656e2062797465206d7367"));
  ASSERT_EQ(session.protect_rtp(rtp), Status::ok);
  EXPECT_EQ(hex(rtp.bytes()),
            "806f1234decafbadcafebabe96970f932957bd5345760ddb1f5bfcce"
            "5dfa93a6db98d3b120c6");
  base::Packet rtcp(
      from_hex("81c8000bcafebabe000102030405060708090a0b0c0d0e0f1011121314151617"
               "18191a1b1c1d1e1f2021222324252627"));
  ASSERT_EQ(session.protect_rtcp(rtcp), Status::ok);
  EXPECT_EQ(hex(rtcp.bytes()),
            "81c8000bcafebabeda82aaf34b2914111d5a31e15ed1000c6e550139d5013b3087bce13209a8257e"
            "e057b81dc50f29f1800000013465618ec5a113e9563a");
}

TEST(Session, ProtectsAsRfc7714Says) {
  auto session = known_session(Profile::aead_aes_128_gcm);
  base::Packet rtp(from_hex("806f1234decafbadcafebabe7369787465656e2062797465206d7367"));
  ASSERT_EQ(session.protect_rtp(rtp), Status::ok);
  EXPECT_EQ(hex(rtp.bytes()),
            "806f1234decafbadcafebabed608df2690279039a5010d463f59b465"
            "f540876b5afda3ac66fe50a4ad1bd941");
  base::Packet rtcp(
      from_hex("81c8000bcafebabe000102030405060708090a0b0c0d0e0f1011121314151617"
               "18191a1b1c1d1e1f2021222324252627"));
  ASSERT_EQ(session.protect_rtcp(rtcp), Status::ok);
  EXPECT_EQ(hex(rtcp.bytes()),
            "81c8000bcafebabe41c4f71b68f2eb8ca3573f1f39e818ea29764f49b81de16e083be82402bbcfa1"
            "2a6dbf533d61980dfd71d2f104a713ff0a4405f888817a4780000001");
}

TEST(Session, ARetransmissionIsTheStoredBytesAndPassesOnce) {
  Pair pair(Profile::aead_aes_128_gcm);
  base::SeededRandom random(3);
  rtp::Sender sender({.ssrc = kSsrc, .cname = "a", .nack = true, .initial_sequence = 10}, random);
  base::Instant now{};
  std::vector<base::Packet> wire;
  for (int i = 0; i < 3; ++i) {
    base::Packet packet;
    ASSERT_TRUE(sender.send(
        {.rtp_time = i * 960, .captured = now, .payload = base::as_bytes("words")}, now, packet));
    ASSERT_EQ(pair.client->protect_rtp(packet), Status::ok);
    sender.sent(packet);
    wire.push_back(packet);
  }
  ASSERT_EQ(pair.server->unprotect_rtp(wire[0]), Status::ok);
  auto lost = wire[1];
  ASSERT_EQ(pair.server->unprotect_rtp(wire[2]), Status::ok);

  base::Outbox<base::Bytes> out;
  sender.on_nack({.ssrc = kSsrc, .first = 11, .mask = 0}, now, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(hex(out[0]), hex(lost.bytes()));
  base::Packet again(out[0]);
  EXPECT_EQ(pair.server->unprotect_rtp(again), Status::ok);
  EXPECT_EQ(pair.server->unprotect_rtp(lost), Status::replayed);
}

}  // namespace
}  // namespace sidetone::srtp
