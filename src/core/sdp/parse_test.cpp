#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>

#include "core/sdp/description.hpp"
#include "core/sdp/test_documents.hpp"

namespace sidetone::sdp {
namespace {

std::string refusal(const std::string& text) {
  auto result = parse(text);
  return result ? "accepted" : result.error().sentence;
}

std::string with_section(const std::string& lines) {
  return "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n" + lines;
}

TEST(Parse, ReadsWhatANativeSdkOffers) {
  auto description = parse(test::native_offer()).value();
  EXPECT_EQ(description.session_id, 4611731400430051336U);
  EXPECT_EQ(description.version, 4U);
  EXPECT_TRUE(description.extmap_allow_mixed);
  EXPECT_FALSE(description.ice_lite);
  EXPECT_EQ(description.bundle, (std::vector<std::string>{"7", "10", "13", "14"}));
  ASSERT_EQ(description.sections.size(), 4U);

  const auto& receiving = description.sections[0];
  EXPECT_EQ(receiving.kind, Kind::audio);
  EXPECT_EQ(receiving.port, 40123);
  EXPECT_EQ(receiving.direction, Direction::recvonly);
  EXPECT_EQ(receiving.transport.setup, Setup::actpass);
  EXPECT_EQ(receiving.transport.candidates.size(), 1U);
  EXPECT_EQ(receiving.transport.fingerprints.at(0).value.substr(0, 8), "41:9A:AC") << "upper case";
  EXPECT_EQ(receiving.codecs.size(), 4U);
  EXPECT_EQ(
      receiving.codecs[0],
      (Codec{111, "opus", 48000, 2, "minptime=10;stereo=1;useinbandfec=1", {"transport-cc"}}));
  EXPECT_EQ(receiving.extensions.size(), 3U);

  EXPECT_EQ(description.sections[1].codecs[0].feedback,
            (std::vector<std::string>{"nack pli", "ccm fir"}))
      << "rtcp-fb:* holds for every codec";
  EXPECT_EQ(description.sections[2].sctp_port, 5000);
  EXPECT_EQ(description.sections[2].max_message_size, 262144U);
  EXPECT_EQ(description.sections[2].direction, Direction::sendrecv) << "the default";

  const auto& track = description.sections[3];
  EXPECT_EQ(track.msid, (Msid{"-", "efdbf967-736b"}));
  ASSERT_EQ(track.sources.size(), 1U);
  EXPECT_EQ(track.sources[0], (Source{259932883, "VtUEqEhq", Msid{"-", "efdbf967-736b"}}));
  EXPECT_EQ(description.find("14"), &track);
  EXPECT_EQ(description.find("15"), nullptr);
}

TEST(Parse, SessionLevelLinesStayAtTheSession) {
  auto description = parse(test::server_offer()).value();
  ASSERT_EQ(description.transport.fingerprints.size(), 1U);
  EXPECT_TRUE(description.transport.ice_ufrag.empty());
  EXPECT_TRUE(description.sections[0].transport.fingerprints.empty());
  EXPECT_EQ(description.sections[0].transport.ice_ufrag, "RRdouEOMQJeJxJNE");
  EXPECT_TRUE(description.sections[0].transport.end_of_candidates);
}

TEST(Parse, TakesLineFeedsAloneBlankLinesAndUnknownLines) {
  auto text = "v=0\n\na=ice-lite\nb=AS:1\nz=?\na=new-thing:1\nm=text 9 RTP/AVP 98\na=mid:x\n";
  auto description = parse(text).value();
  EXPECT_TRUE(description.ice_lite);
  ASSERT_EQ(description.sections.size(), 1U);
  EXPECT_EQ(description.sections[0].kind, Kind::other);
  EXPECT_EQ(description.sections[0].mid, "x");
}

TEST(Parse, NamesTheLineItRefuses) {
  EXPECT_EQ(refusal(""), "line 1: a description starts with v=0");
  EXPECT_EQ(refusal("o=- 1 1 IN IP4 0\r\n"), "line 1: a description starts with v=0");
  EXPECT_EQ(refusal("v=0\r\n\r\nhello\r\n"), "line 3: not of the form x=…");
  EXPECT_EQ(refusal("v=0\r\nm=audio many RTP/AVP 0\r\n"),
            "line 2: the port is not a number of 16 bits");
  EXPECT_EQ(refusal("v=0\r\nm=audio 65536 RTP/AVP 0\r\n"),
            "line 2: the port is not a number of 16 bits");
  EXPECT_EQ(refusal("v=0\r\nm=audio 9\r\n"), "line 2: the media line has no protocol");
  EXPECT_EQ(refusal(with_section("a=mid:\r\n")), "line 3: mid is not one word");
  EXPECT_EQ(refusal(with_section("a=mid:1\r\nm=audio 9 A 1\r\na=mid:1\r\n")),
            "line 5: the mid is used twice");
  EXPECT_EQ(refusal(with_section("a=rtpmap:111 opus\r\n")),
            "line 3: rtpmap is not of the form type name/rate[/channels]");
  EXPECT_EQ(refusal(with_section("a=rtpmap:111 opus/48000/2\r\na=rtpmap:111 x/1\r\n")),
            "line 4: the payload type has two rtpmap lines");
  EXPECT_EQ(refusal(with_section("a=ssrc:4294967296 cname:x\r\n")),
            "line 3: the ssrc is not a number of 32 bits");
  EXPECT_EQ(refusal(with_section("a=setup:maybe\r\n")),
            "line 3: setup is none of actpass, active, passive");
  EXPECT_EQ(refusal(with_section("a=extmap:x uri\r\n")),
            "line 3: extmap is not of the form id uri");
  EXPECT_EQ(refusal(with_section(std::string("a=mid:a\0b\r\n", 11))),
            "line 3: it holds a control character");
  EXPECT_EQ(parse("v=0\r\nbad\r\n").error().line, 2U);
}

TEST(Parse, CredentialsHaveOneTo256Characters) {
  for (std::string name : {"ice-ufrag", "ice-pwd"}) {
    auto with = [&](std::size_t length) {
      return refusal(with_section("a=" + name + ":" + std::string(length, 'x') + "\r\n"));
    };
    EXPECT_EQ(with(1), "accepted");
    EXPECT_EQ(with(256), "accepted");
    EXPECT_EQ(with(0), "line 3: " + name + " has 1 to 256 characters");
    EXPECT_EQ(with(257), "line 3: " + name + " has 1 to 256 characters");
  }
}

TEST(Parse, BoundsEverythingItKeeps) {
  EXPECT_EQ(refusal("v=0\r\n" + std::string(kMaxTextBytes, ' ')),
            "the description is longer than 262144 bytes");
  std::string sections = "v=0\r\n";
  for (std::size_t i = 0; i < kMaxSections; ++i) sections += "m=audio 9 A 1\r\n";
  EXPECT_EQ(refusal(sections), "accepted");
  EXPECT_EQ(refusal(sections + "m=audio 9 A 1\r\n"), "line 258: more than 256 media sections");

  auto many = [](const std::string& before, const std::string& after) {
    std::string text;
    for (std::size_t i = 0; i <= kMaxLinesOfAKind; ++i)
      text += before + std::to_string(i + 1) + after + "\r\n";
    return with_section(text);
  };
  EXPECT_EQ(refusal(many("a=ssrc:", " cname:x")), "line 131: more than 128 sources");
  EXPECT_EQ(refusal(many("a=candidate:", " 1 udp")), "line 131: more than 128 candidates");
  EXPECT_EQ(refusal(many("a=extmap:", " urn:x")), "line 131: more than 128 header extensions");
  EXPECT_EQ(refusal(many("a=fingerprint:sha-", " AA")), "line 131: more than 128 fingerprints");
  auto crowded = parse(many("a=rtcp-fb:111 x", "") + "a=rtpmap:111 opus/48000/2\r\n").value();
  EXPECT_EQ(crowded.sections[0].codecs[0].feedback.size(), 16U);
}

TEST(Parse, CodecsFollowTheMediaLineWhateverTheirLinesOrder) {
  auto description =
      parse(with_section("a=fmtp:63 111/111\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:9 x/8000\r\n"
                         "a=fmtp:126 lost\r\na=rtpmap:111 opus/48000/2\r\n"))
          .value();
  const auto& codecs = description.sections[0].codecs;
  ASSERT_EQ(codecs.size(), 2U) << "9 and 126 are not on the media line";
  EXPECT_EQ(codecs[0].name, "opus");
  EXPECT_EQ(codecs[1].parameters, "111/111");
}

TEST(Parse, PortZeroRejectsUnlessTheSectionIsBundledOnly) {
  auto description =
      parse("v=0\r\nm=audio 0 A 1\r\nm=audio 0 A 1\r\na=bundle-only\r\nm=audio 7/2 A 1\r\n")
          .value();
  EXPECT_TRUE(description.sections[0].rejected());
  EXPECT_FALSE(description.sections[1].rejected());
  EXPECT_EQ(description.sections[2].port, 7);
}

TEST(Parse, SessionDirectionIsTheDefaultOfSections) {
  auto description =
      parse("v=0\r\na=recvonly\r\nm=audio 9 A 1\r\nm=audio 9 A 1\r\na=sendonly\r\n").value();
  EXPECT_EQ(description.sections[0].direction, Direction::recvonly);
  EXPECT_EQ(description.sections[1].direction, Direction::sendonly);
}

TEST(Parse, ParkedExtensionsAndDirectedOnes) {
  auto description =
      parse(with_section("a=extmap:4096 urn:a\r\na=extmap:3/sendonly urn:b\r\n")).value();
  ASSERT_EQ(description.sections[0].extensions.size(), 1U);
  EXPECT_EQ(description.sections[0].extensions[0], (Extension{3, "urn:b"}));
}

TEST(Parse, ARefusalBecomesAnExceptionOnlyWhenAskedFor) {
  EXPECT_THROW(parse("x").value(), boost::system::system_error);
}

}  // namespace
}  // namespace sidetone::sdp
