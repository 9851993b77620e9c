// All four documents against each other: what one side writes, the other reads from text.
#include <gtest/gtest.h>

#include "core/sdp/answer.hpp"
#include "core/sdp/publisher_answer.hpp"
#include "core/sdp/publisher_offer.hpp"
#include "core/sdp/subscriber_answer.hpp"
#include "core/sdp/subscriber_offer.hpp"
#include "core/sdp/test_documents.hpp"

namespace sidetone::sdp {
namespace {

TransportParameters side(const std::string& name) {
  TransportParameters result;
  result.ice_ufrag = name + "ufrag";
  result.ice_pwd = name + "passwordpasswordpassword";
  result.fingerprint = {"sha-256", "AA:BB"};
  result.candidates = {"candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host"};
  result.sctp_port = 5000;
  result.max_message_size = 65535;
  return result;
}

Description through_text(const Description& description) {
  return parse(to_text(description)).value();
}

PublishedTrack published(const std::string& cid, std::uint32_t ssrc) {
  PublishedTrack track;
  track.cid = cid;
  track.cname = "cname";
  track.ssrc = ssrc;
  return track;
}

ForwardedTrack forwarded(const std::string& sid, std::uint32_t ssrc) {
  ForwardedTrack track;
  track.participant_sid = "PA_a";
  track.track_sid = sid;
  track.ssrc = ssrc;
  return track;
}

TEST(Publishing, ATrackArrivesAtTheServerAsItWasDescribed) {
  PublisherOffer offerer(7);
  auto mid = offerer.add(published("cid-1", 1234)).value();
  EXPECT_EQ(mid, "1");
  auto offer = through_text(offerer.offer(side("client")));
  EXPECT_EQ(offer.session_id, 7U);
  EXPECT_EQ(offer.bundle, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(offer.sections[0].kind, Kind::application);
  EXPECT_EQ(offer.sections[0].transport.candidates.size(), 1U);
  EXPECT_TRUE(offer.sections[1].transport.candidates.empty()) << "in the first section only";
  EXPECT_EQ(offer.sections[1].codecs[0].parameters, "minptime=10;useinbandfec=1");
  EXPECT_TRUE(offer.sections[1].rtcp_mux && offer.sections[1].rtcp_rsize);

  auto read = audio_sections(offer).at(0);
  EXPECT_EQ(read.direction, Direction::sendonly);
  EXPECT_EQ(read.msid, (Msid{"-", "cid-1"}));
  EXPECT_EQ(read.ssrc, 1234U);
  EXPECT_EQ(read.opus, 111);
  EXPECT_FALSE(read.red);
  EXPECT_TRUE(read.nack);
  EXPECT_TRUE(read.level_extension && read.mid_extension);

  auto answer = through_text(PublisherAnswer(9).answer(offer, side("server"), {}).value());
  auto accepted = offerer.apply(answer).value();
  ASSERT_EQ(accepted.size(), 1U);
  EXPECT_EQ(accepted[0].direction, Direction::recvonly);
  EXPECT_EQ(accepted[0].opus, 111);
  EXPECT_TRUE(accepted[0].nack);
  EXPECT_TRUE(accepted[0].dtx) << "the server's default";
  EXPECT_EQ(accepted[0].level_extension, read.level_extension);
  auto server = transport_parameters(answer).value();
  EXPECT_EQ(server.setup, Setup::active) << "the server is the DTLS client";
  EXPECT_EQ(server.ice_ufrag, "serverufrag");
  EXPECT_EQ(server.sctp_port, 5000);
}

TEST(Publishing, OptionsBecomeLines) {
  PublisherOffer offerer(7, false);
  auto track = published("cid", 1);
  track.red = track.dtx = track.stereo = true;
  EXPECT_EQ(offerer.add(track).value(), "0") << "no data section";
  auto offer = through_text(offerer.offer(side("client")));
  EXPECT_EQ(offer.sections[0].codecs[0].parameters, "minptime=10;useinbandfec=1;usedtx=1;stereo=1");
  EXPECT_EQ(audio_section(offer, 0).red, 63);
  EXPECT_FALSE(audio_section(offer, 0).nack) << "RED repairs for itself";
}

TEST(Publishing, AnUnpublishedSectionTurnsInactiveAndStays) {
  PublisherOffer offerer(7);
  EXPECT_EQ(offerer.add(published("a", 1)).value(), "1");
  EXPECT_EQ(offerer.add(published("b", 2)).value(), "2");
  auto first = offerer.offer(side("client"));
  EXPECT_TRUE(offerer.remove("1"));
  EXPECT_FALSE(offerer.remove("1"));
  EXPECT_FALSE(offerer.remove("9"));
  EXPECT_EQ(offerer.add(published("a", 3)).value(), "3") << "a new section, never the old one";
  auto offer = through_text(offerer.offer(side("client")));
  EXPECT_EQ(offer.version, first.version + 1);
  auto sections = audio_sections(offer);
  ASSERT_EQ(sections.size(), 3U);
  EXPECT_EQ(sections[0].direction, Direction::inactive);
  EXPECT_FALSE(sections[0].msid);
  EXPECT_EQ(sections[0].ssrc, 0U);
  EXPECT_EQ(sections[1].ssrc, 2U);
  auto answer = PublisherAnswer(9).answer(offer, side("server"), {}).value();
  auto accepted = offerer.apply(through_text(answer)).value();
  EXPECT_EQ(accepted[0].direction, Direction::inactive);
  EXPECT_EQ(accepted[2].direction, Direction::recvonly);
}

TEST(Publishing, WrongTracksAreRefusedWithTheReason) {
  PublisherOffer offerer(7);
  EXPECT_EQ(offerer.add(published("a", 0)).error().sentence, "SSRC 0 is not used for media");
  EXPECT_EQ(offerer.add(published("a b", 1)).error().sentence,
            "a track's cid and stream are one word of 1 to 256 characters");
  EXPECT_TRUE(offerer.add(published("a", 1)));
  EXPECT_EQ(offerer.add(published("b", 1)).error().sentence, "SSRC 1 is in use");
  for (std::uint32_t i = 2; i < kMaxSections; ++i) ASSERT_TRUE(offerer.add(published("t", i)));
  EXPECT_FALSE(offerer.add(published("t", 9999)));
  EXPECT_FALSE(offerer.add_reception());
}

TEST(Publishing, ReceptionsFillTheConnectionToo) {
  PublisherOffer offerer(7);
  auto first = offerer.add_reception();
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value(), "1") << "0 is data";
  for (std::size_t i = 2; i < kMaxSections; ++i) ASSERT_TRUE(offerer.add_reception());
  EXPECT_FALSE(offerer.add_reception());
  EXPECT_FALSE(offerer.add(published("t", 1)));
}

TEST(Publishing, AnAnswerThatDoesNotFitTheOfferIsRefused) {
  PublisherOffer offerer(7);
  ASSERT_TRUE(offerer.add(published("a", 1)));
  auto offer = offerer.offer(side("client"));
  auto answer = PublisherAnswer(9).answer(offer, side("server"), {}).value();
  auto fewer = answer;
  fewer.sections.pop_back();
  EXPECT_EQ(offerer.apply(fewer).error().sentence, "the answer has 1 sections, the offer 2");
  auto renamed = answer;
  renamed.sections[1].mid = "x";
  EXPECT_EQ(offerer.apply(renamed).error().sentence,
            "section 1 of the answer is not that of the offer");
  auto swapped = answer;
  swapped.sections[1].kind = Kind::video;
  EXPECT_FALSE(offerer.apply(swapped));
  auto rejected = answer;
  rejected.sections[1].port = 0;
  rejected.sections[1].mid.clear();
  EXPECT_TRUE(offerer.apply(rejected).value()[0].rejected);
}

TEST(PublisherAnswer, GivesANativeSdkWhatItNeeds) {
  auto offer = parse(test::native_offer()).value();
  PublisherAnswerOptions options;
  options.tracks.push_back({"efdbf967-736b", true, false, true});
  auto answer = through_text(PublisherAnswer(9).answer(offer, side("server"), options).value());
  ASSERT_EQ(answer.sections.size(), 4U);
  EXPECT_EQ(answer.bundle, offer.bundle) << "same mids, same order";
  EXPECT_EQ(answer.sections[0].direction, Direction::inactive);
  EXPECT_EQ(answer.sections[1].kind, Kind::video);
  EXPECT_EQ(answer.sections[1].direction, Direction::inactive);
  EXPECT_EQ(answer.sections[1].codecs[0].name, "VP8");
  EXPECT_EQ(answer.sections[2].sctp_port, 5000);

  const auto& track = answer.sections[3];
  EXPECT_EQ(track.direction, Direction::recvonly);
  EXPECT_EQ(track.formats, (std::vector<std::string>{"63", "111"})) << "RED preferred";
  EXPECT_EQ(track.codecs[1].parameters, "minptime=10;useinbandfec=1;stereo=1");
  EXPECT_EQ(track.extensions,
            (std::vector<Extension>{{1, std::string(kAudioLevelUri)}, {4, std::string(kMidUri)}}))
      << "the offer's ids";
  for (const auto& section : answer.sections) {
    EXPECT_EQ(section.transport.setup, Setup::active);
    EXPECT_EQ(section.transport.ice_ufrag, "serverufrag");
  }
}

TEST(PublisherAnswer, RedIsLeftOutWhereItIsNotWanted) {
  auto offer = parse(test::native_offer()).value();
  PublisherAnswerOptions options;
  options.tracks.push_back({"efdbf967-736b", false, true, false});
  auto answer = PublisherAnswer(9).answer(offer, side("server"), options).value();
  EXPECT_EQ(answer.sections[3].formats, (std::vector<std::string>{"111"}));
  options.tracks.clear();
  options.red = false;
  answer = PublisherAnswer(9).answer(offer, side("server"), options).value();
  EXPECT_EQ(answer.sections[3].formats, (std::vector<std::string>{"111"}));
}

TEST(PublisherAnswer, SetupFollowsTheOffer) {
  EXPECT_EQ(answer_setup(Setup::actpass), Setup::active);
  EXPECT_EQ(answer_setup(Setup::passive), Setup::active);
  EXPECT_EQ(answer_setup(Setup::active), Setup::passive);
}

TEST(PublisherAnswer, KeepsPortZeroAndRefusesWhatItDoesNotKnow) {
  auto text = test::native_offer();
  text.replace(text.find("m=video 9"), 9, "m=video 0");
  text += "m=text 9 RTP/AVP 98\r\na=mid:20\r\n";
  text += "m=audio 9 RTP/AVP 0\r\na=mid:21\r\na=rtpmap:0 PCMU/8000\r\n";
  text.replace(text.find("BUNDLE 7 10 13 14"), 17, "BUNDLE 7 13 14 20 21");
  auto offer = parse(text).value();
  auto answer = through_text(PublisherAnswer(9).answer(offer, side("server"), {}).value());
  ASSERT_EQ(answer.sections.size(), 6U);
  EXPECT_EQ(answer.sections[1].port, 0);
  EXPECT_EQ(answer.sections[4].port, 0);
  EXPECT_EQ(answer.sections[5].port, 0) << "no Opus in it";
  EXPECT_EQ(answer.bundle, (std::vector<std::string>{"7", "13", "14"})) << "live ones only";
}

TEST(PublisherAnswer, ASectionOutsideTheBundleIsRefused) {
  auto text = test::native_offer();
  text.replace(text.find("BUNDLE 7 10 13 14"), 17, "BUNDLE 7 13 14");
  auto answer = PublisherAnswer(9).answer(parse(text).value(), side("server"), {}).value();
  EXPECT_EQ(answer.sections[1].port, 0);
  EXPECT_EQ(answer.bundle, (std::vector<std::string>{"7", "13", "14"}));
}

TEST(PublisherAnswer, ABundleIsAnsweredOnlyWhereOneIsOffered) {
  PublisherOffer offerer(7);
  auto offer = offerer.offer(side("client"));
  offer.bundle.clear();
  auto answer = PublisherAnswer(9).answer(offer, side("server"), {}).value();
  EXPECT_TRUE(answer.bundle.empty());
  EXPECT_EQ(answer.sections[0].port, 9);
}

TEST(PublisherAnswer, RefusesAnOfferWithoutMids) {
  auto text = test::native_offer();
  text.replace(text.find("a=mid:14"), 8, "a=xid:14");
  EXPECT_EQ(PublisherAnswer(9).answer(parse(text).value(), side("server"), {}).error().sentence,
            "a section of the offer has no mid");
}

TEST(PublisherAnswer, AnAmbiguousExtensionIdIsLeftOut) {
  auto text = test::native_offer();
  auto at = text.find("a=extmap:9 ");
  text.replace(at, 11, "a=extmap:4 ");
  auto answer = PublisherAnswer(9).answer(parse(text).value(), side("server"), {}).value();
  EXPECT_EQ(answer.sections[3].extensions,
            (std::vector<Extension>{{1, std::string(kAudioLevelUri)}}));
}

TEST(Subscribing, ATrackArrivesAtTheClientAsItWasDescribed) {
  SubscriberOffer offerer(3);
  auto empty = through_text(offerer.offer(side("server")));
  ASSERT_EQ(empty.sections.size(), 1U) << "data first, at once";
  EXPECT_EQ(empty.bundle, (std::vector<std::string>{"0"}));
  EXPECT_TRUE(SubscriberAnswer(4).answer(empty, side("client"), {}));

  auto track = forwarded("TR_b", 77);
  track.stereo = true;
  EXPECT_EQ(offerer.add(track).value(), "1");
  auto offer = through_text(offerer.offer(side("server")));
  auto read = audio_section(offer, 1);
  EXPECT_EQ(read.direction, Direction::sendonly);
  EXPECT_EQ(read.msid, (Msid{"PA_a|TR_b", "TR_b"}));
  EXPECT_EQ(read.ssrc, 77U);
  EXPECT_TRUE(read.nack && read.stereo);

  auto answer = through_text(SubscriberAnswer(4).answer(offer, side("client"), {}).value());
  EXPECT_EQ(transport_parameters(answer)->setup, Setup::active);
  auto accepted = offerer.apply(answer).value();
  ASSERT_EQ(accepted.size(), 1U);
  EXPECT_EQ(accepted[0].direction, Direction::recvonly);
  EXPECT_TRUE(accepted[0].nack && accepted[0].stereo);
  EXPECT_EQ(accepted[0].ssrc, 0U) << "a receiver names no source";
}

TEST(Subscribing, RedIsOfferedForARedTrackAndTakenOrNot) {
  SubscriberOffer offerer(3);
  auto track = forwarded("TR_b", 77);
  track.red = true;
  ASSERT_TRUE(offerer.add(track));
  auto offer = through_text(offerer.offer(side("server")));
  EXPECT_EQ(audio_section(offer, 1).red, 63);
  EXPECT_FALSE(audio_section(offer, 1).nack);
  auto with = SubscriberAnswer(4).answer(offer, side("client"), {}).value();
  EXPECT_EQ(offerer.apply(through_text(with)).value()[0].red, 63);
  auto without = SubscriberAnswer(4).answer(offer, side("client"), {.red = false}).value();
  EXPECT_FALSE(offerer.apply(through_text(without)).value()[0].red);
}

TEST(Subscribing, ARemovedSectionIsReusedOnlyAfterItsAnswer) {
  SubscriberOffer offerer(3);
  SubscriberAnswer answerer(4);
  auto exchange = [&] {
    auto offer = through_text(offerer.offer(side("server")));
    return offerer.apply(through_text(answerer.answer(offer, side("client"), {}).value())).value();
  };
  EXPECT_EQ(offerer.add(forwarded("TR_a", 1)).value(), "1");
  EXPECT_EQ(exchange()[0].direction, Direction::recvonly);
  EXPECT_TRUE(offerer.remove("1"));
  EXPECT_FALSE(offerer.remove("1"));
  EXPECT_EQ(offerer.add(forwarded("TR_b", 2)).value(), "2") << "not answered as inactive yet";
  auto accepted = exchange();
  EXPECT_EQ(accepted[0].direction, Direction::inactive);
  EXPECT_EQ(accepted[1].direction, Direction::recvonly);
  EXPECT_EQ(offerer.add(forwarded("TR_c", 3)).value(), "1");
  auto offer = through_text(offerer.offer(side("server")));
  EXPECT_EQ(audio_section(offer, 1).msid->track, "TR_c");
  EXPECT_EQ(audio_section(offer, 1).ssrc, 3U);
  EXPECT_EQ(offer.sections.size(), 3U);
}

TEST(Subscribing, AnAnswerSaysNothingAboutATrackThatWentMeanwhile) {
  SubscriberOffer offerer(3);
  ASSERT_TRUE(offerer.add(forwarded("TR_a", 1)));
  auto offer = offerer.offer(side("server"));
  EXPECT_TRUE(offerer.remove("1"));
  ASSERT_TRUE(offerer.add(forwarded("TR_b", 2)));
  auto answer = SubscriberAnswer(4).answer(offer, side("client"), {}).value();
  auto accepted = offerer.apply(answer).value();
  ASSERT_EQ(accepted.size(), 1U) << "TR_b was not in that offer";
  EXPECT_EQ(accepted[0].direction, Direction::inactive);
}

TEST(Subscribing, WrongTracksAreRefusedWithTheReason) {
  SubscriberOffer offerer(3);
  EXPECT_FALSE(offerer.add(forwarded("TR_a", 0)));
  EXPECT_FALSE(offerer.add(forwarded("TR a", 1)));
  EXPECT_TRUE(offerer.add(forwarded("TR_a", 1)));
  EXPECT_EQ(offerer.add(forwarded("TR_b", 1)).error().sentence, "SSRC 1 is in use");
}

TEST(SubscriberAnswer, AnswersLivekitServer) {
  auto offer = parse(test::server_offer()).value();
  auto answer = through_text(SubscriberAnswer(4).answer(offer, side("client"), {}).value());
  ASSERT_EQ(answer.sections.size(), 3U);
  EXPECT_EQ(answer.sections[0].sctp_port, 5000);
  EXPECT_EQ(answer.sections[1].direction, Direction::recvonly);
  EXPECT_EQ(answer.sections[1].formats, (std::vector<std::string>{"111", "63"}));
  EXPECT_EQ(answer.sections[1].codecs[0].feedback, (std::vector<std::string>{"nack"}));
  EXPECT_TRUE(answer.sections[1].extensions.empty()) << "we do not read abs-capture-time";
  EXPECT_TRUE(answer.sections[1].sources.empty());
  EXPECT_EQ(answer.sections[2].direction, Direction::inactive);
  EXPECT_EQ(answer.sections[2].port, 9);
}

TEST(SubscriberAnswer, VideoIsInactiveAndPortZeroStaysZero) {
  auto text = test::server_offer() +
              "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\na=rtpmap:96 VP8/90000\r\na=sendrecv\r\n"
              "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:4\r\n";
  text.replace(text.find("BUNDLE 0 1 2"), 12, "BUNDLE 0 1 2 3");
  auto answer = SubscriberAnswer(4).answer(parse(text).value(), side("client"), {}).value();
  EXPECT_EQ(answer.sections[3].direction, Direction::inactive);
  EXPECT_EQ(answer.sections[3].port, 9);
  EXPECT_EQ(answer.sections[4].port, 0);
}

TEST(SubscriberAnswer, VersionsGrow) {
  SubscriberAnswer answerer(4);
  auto offer = parse(test::server_offer()).value();
  auto first = answerer.answer(offer, side("client"), {})->version;
  EXPECT_EQ(answerer.answer(offer, side("client"), {})->version, first + 1);
}

TEST(SubscriberAnswer, WithoutDataOfOurOwnTheDataSectionIsRefused) {
  auto local = side("client");
  local.sctp_port = 0;
  auto answer = SubscriberAnswer(4).answer(parse(test::server_offer()).value(), local, {}).value();
  EXPECT_EQ(answer.sections[0].port, 0);
  EXPECT_EQ(answer.sections[1].transport.candidates.size(), 1U) << "the first live one";
}

}  // namespace
}  // namespace sidetone::sdp
