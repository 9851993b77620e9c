// Answers to any offer read back and have its sections; any answer is taken or refused.
#include <cstdlib>
#include <string_view>

#include "core/sdp/publisher_answer.hpp"
#include "core/sdp/publisher_offer.hpp"
#include "core/sdp/subscriber_answer.hpp"
#include "core/sdp/subscriber_offer.hpp"

namespace sdp = sidetone::sdp;

namespace {

sdp::TransportParameters local() {
  sdp::TransportParameters result;
  result.ice_ufrag = "fragment";
  result.ice_pwd = "passwordpasswordpassword";
  result.fingerprint = {"sha-256", "AA:BB"};
  result.candidates = {"candidate:1 1 udp 1 192.0.2.1 1 typ host"};
  result.sctp_port = 5000;
  result.max_message_size = 65535;
  return result;
}

void check(const sdp::Description& offer, const sdp::Outcome<sdp::Description>& answer) {
  if (!answer) return;
  if (answer->sections.size() != offer.sections.size()) std::abort();
  auto text = sdp::to_text(*answer);
  if (text.size() > sdp::kMaxTextBytes) return;
  auto again = sdp::parse(text);
  if (!again || !(*again == *answer)) std::abort();
  for (std::size_t i = 0; i < offer.sections.size(); ++i)
    if (again->sections[i].mid != offer.sections[i].mid) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto description = sdp::parse({reinterpret_cast<const char*>(data), size});
  if (!description) return 0;
  check(*description, sdp::PublisherAnswer(1).answer(*description, local(), {}));
  check(*description, sdp::SubscriberAnswer(1).answer(*description, local(), {}));

  sdp::PublisherOffer publisher(1);
  sdp::PublishedTrack track;
  track.cid = "cid";
  track.ssrc = 1;
  static_cast<void>(publisher.add(track));
  publisher.offer(local());
  static_cast<void>(publisher.apply(*description));

  sdp::SubscriberOffer subscriber(1);
  sdp::ForwardedTrack forwarded;
  forwarded.participant_sid = "PA_a";
  forwarded.track_sid = "TR_a";
  forwarded.ssrc = 1;
  static_cast<void>(subscriber.add(forwarded));
  subscriber.offer(local());
  static_cast<void>(subscriber.apply(*description));
  return 0;
}
