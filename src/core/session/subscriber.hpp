// The connection the server offers on: its transport, the answers, and which SSRC is which track.
// Source: protocol/wire_protocol.md §4.4, §5.1; RFC 9429 §5.3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/peer/peer.hpp"
#include "core/sdp/subscriber_answer.hpp"
#include "core/session/session.hpp"
#include "core/session/turn.hpp"

namespace sidetone::session {

// One audio section of the latest offer that carries a track. A section is reused for other tracks:
// only mid, track and SSRC together name a reception (§4.4).
struct Reception {
  std::string mid;
  std::string participant_sid;
  std::string track_sid;
  std::uint32_t ssrc = 0;
  std::uint8_t opus_type = 111;
  std::optional<std::uint8_t> red_type;

  friend bool operator==(const Reception&, const Reception&) = default;
};

// What an offer changed.
struct ReceptionChanges {
  std::vector<Reception> ended;
  std::vector<Reception> begun;
};

class Subscriber {
 public:
  Subscriber(const SessionConfig& config, const std::vector<base::Endpoint>& endpoints, Turn& turn);

  // Answers. The error says why the offer is none; then nothing has changed.
  sdp::Outcome<ReceptionChanges> on_offer(const livekit::SessionDescription& offer, Turn& turn);
  void on_candidate(std::string_view candidate, Turn& turn);

  const Reception* find(std::uint32_t ssrc) const;

  const std::vector<Reception>& receptions() const { return receptions_; }

  bool receives(std::string_view track_sid) const;

  // Since the last expect_offer() one has been answered (or none is expected).
  bool settled() const { return !expecting_; }

  void expect_offer() { expecting_ = true; }

  base::Deadline next_deadline() const { return peer_.next_deadline(); }

  peer::Peer& peer() { return peer_; }

  const peer::Peer& peer() const { return peer_; }

  peer::Output& output() { return output_; }

  // For SyncState.
  const livekit::SessionDescription& last_offer() const { return last_offer_; }

  const livekit::SessionDescription& last_answer() const { return last_answer_; }

 private:
  ReceptionChanges receive(const std::vector<sdp::AudioSection>& sections,
                           const livekit::SessionDescription& offer,
                           Turn& turn);

  peer::Peer peer_;
  peer::Output output_;
  sdp::SubscriberAnswer answer_;
  std::vector<Reception> receptions_;
  livekit::SessionDescription last_offer_;
  livekit::SessionDescription last_answer_;
  std::string trickled_ufrag_;
  bool expecting_ = true;
};

}  // namespace sidetone::session
