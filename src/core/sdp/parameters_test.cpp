#include "core/sdp/parameters.hpp"

#include <gtest/gtest.h>

#include "core/sdp/test_documents.hpp"

namespace sidetone::sdp {
namespace {

TEST(TransportParameters, AreFoundInSectionsAndAtTheSession) {
  auto native = transport_parameters(parse(test::native_offer()).value()).value();
  EXPECT_EQ(native.ice_ufrag, "+p8s");
  EXPECT_EQ(native.ice_pwd, "K8YIzefB7ye1NDWa9bJzhG6X");
  EXPECT_EQ(native.fingerprint.algorithm, "sha-256");
  EXPECT_EQ(native.setup, Setup::actpass);
  EXPECT_FALSE(native.ice_lite);
  EXPECT_EQ(native.candidates.size(), 1U);
  EXPECT_EQ(native.sctp_port, 5000);
  EXPECT_EQ(native.max_message_size, 262144U);

  auto server = transport_parameters(parse(test::server_offer()).value()).value();
  EXPECT_EQ(server.ice_ufrag, "RRdouEOMQJeJxJNE");
  EXPECT_EQ(server.fingerprint.value.substr(0, 5), "8A:11");
  ASSERT_EQ(server.candidates.size(), 1U) << "component 2 is nobody's";
  EXPECT_EQ(server.candidates[0],
            "candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE");
  EXPECT_TRUE(server.end_of_candidates);
}

std::string refusal(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  auto result = transport_parameters(parse(text).value());
  return result ? "accepted" : result.error().sentence;
}

TEST(TransportParameters, MissingOrContradictingOnesAreRefused) {
  auto text = test::server_offer();
  EXPECT_EQ(refusal(text, "a=ice-ufrag", "a=other"), "the description has no ICE credentials");
  EXPECT_EQ(refusal(text, "a=ice-pwd", "a=other"), "the description has no ICE credentials");
  EXPECT_EQ(refusal(text, "sha-256", "sha-1"), "the description has no sha-256 fingerprint");
  EXPECT_EQ(refusal(text, "a=group:BUNDLE 0 1 2", "a=other"),
            "the description has several sections and no BUNDLE group");
  EXPECT_EQ(refusal(text, "a=mid:1\r\na=ice-ufrag:", "a=mid:1\r\na=ice-ufrag:other"),
            "two sections have different ICE credentials");
  EXPECT_EQ(refusal(test::native_offer(), "a=mid:14", "a=mid:14\r\na=fingerprint:sha-256 AA"),
            "accepted")
      << "the first fingerprint of a section counts";
  EXPECT_EQ(refusal(text, "a=mid:1", "a=mid:1\r\na=fingerprint:sha-256 AA"),
            "two sections have different fingerprints");
}

TEST(TransportParameters, ARejectedSectionSaysNothing) {
  auto text = test::server_offer();
  EXPECT_EQ(refusal(text, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n",
                    "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:other\r\n"),
            "accepted");
}

TEST(TransportParameters, DataWithoutASizeTakesTheDefault) {
  auto text = test::server_offer();
  text.erase(text.find("a=max-message-size"), 26);
  EXPECT_EQ(transport_parameters(parse(text).value())->max_message_size, 65536U);
}

TEST(AudioSection, TellsWhatTheServerSends) {
  auto sections = audio_sections(parse(test::server_offer()).value());
  ASSERT_EQ(sections.size(), 2U);
  const auto& track = sections[0];
  EXPECT_EQ(track.index, 1U);
  EXPECT_EQ(track.mid, "1");
  EXPECT_EQ(track.msid, (Msid{"PA_a|TR_b", "TR_b"}));
  EXPECT_EQ(track.ssrc, 3167373398U);
  EXPECT_EQ(track.cname, "PA_a|TR_b");
  EXPECT_EQ(track.opus, 111);
  EXPECT_EQ(track.red, 63);
  EXPECT_FALSE(track.red_first);
  EXPECT_TRUE(track.nack);
  EXPECT_TRUE(track.stereo);
  EXPECT_TRUE(track.dtx);
  EXPECT_FALSE(track.level_extension);
  EXPECT_EQ(sections[1].direction, Direction::recvonly);
  EXPECT_FALSE(sections[1].msid);
  EXPECT_EQ(sections[1].ssrc, 0U);
}

TEST(AudioSection, TellsWhatANativeSdkPublishes) {
  auto sections = audio_sections(parse(test::native_offer()).value());
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_EQ(sections[1].index, 3U);
  EXPECT_EQ(sections[1].msid->track, "efdbf967-736b");
  EXPECT_EQ(sections[1].level_extension, 1);
  EXPECT_EQ(sections[1].mid_extension, 4);
  EXPECT_FALSE(sections[1].nack) << "transport-cc only";
}

TEST(AudioSection, RedOfAnotherCodecIsNotRedOfOpus) {
  auto section = [](const std::string& fmtp) {
    return parse(
               "v=0\r\nm=audio 9 A 63 111\r\na=rtpmap:63 RED/48000/2\r\na=rtpmap:111 "
               "OPUS/48000/2\r\n" +
               fmtp)
        .value()
        .sections[0];
  };
  EXPECT_EQ(find_opus(section("")), 111);
  EXPECT_EQ(find_red(section("a=fmtp:63 111/111\r\n"), 111), 63);
  EXPECT_FALSE(find_red(section("a=fmtp:63 111/0\r\n"), 111));
  EXPECT_FALSE(find_red(section(""), 111));
  EXPECT_FALSE(
      find_opus(parse("v=0\r\nm=audio 9 A 9\r\na=rtpmap:9 opus/48000/1\r\n")->sections[0]));
}

TEST(AudioSection, PayloadTypesThatLookLikeRtcpAreNotUsed) {
  for (auto [type, usable] : {std::pair(63, true), {64, false}, {95, false}, {96, true}}) {
    auto text = std::to_string(type);
    auto section =
        parse("v=0\r\nm=audio 9 A " + text + "\r\na=rtpmap:" + text + " opus/48000/2\r\n")
            .value()
            .sections[0];
    EXPECT_EQ(find_opus(section).has_value(), usable) << type;
  }
}

TEST(AudioSection, TheMsidMayStandInTheSourceLinesOnly) {
  auto text = test::native_offer();
  text.erase(text.find("a=msid:- "), 24);
  auto sections = audio_sections(parse(text).value());
  EXPECT_EQ(sections[1].msid, (Msid{"-", "efdbf967-736b"}));
}

}  // namespace
}  // namespace sidetone::sdp
