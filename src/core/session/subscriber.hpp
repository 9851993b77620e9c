// The connection the server offers on: its transport, the answers, and which SSRC is which track.
// Source: protocol/wire_protocol.md §4.4, §5.1; RFC 9429 §5.3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/peer/peer.hpp"
#include "core/sdp/subscriber_answer.hpp"
#include "core/session/receptions.hpp"
#include "core/session/session.hpp"
#include "core/session/turn.hpp"

namespace sidetone::session {

class Subscriber {
 public:
  Subscriber(const SessionConfig& config, const std::vector<base::Endpoint>& endpoints, Turn& turn);

  // Answers. The error says why the offer is none; then nothing has changed.
  sdp::Outcome<ReceptionChanges> on_offer(const livekit::SessionDescription& offer, Turn& turn);
  // Whether it is one we can use.
  bool on_candidate(std::string_view candidate, Turn& turn);
  // One more candidate of ours: told at once, or with the description that is still to come.
  void on_found(std::string_view candidate, Turn& turn);

  const Receptions& receptions() const { return receptions_; }

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
  peer::Peer peer_;
  peer::Output output_;
  sdp::SubscriberAnswer answer_;
  Receptions receptions_;
  livekit::SessionDescription last_offer_;
  livekit::SessionDescription last_answer_;
  std::string trickled_ufrag_;
  std::string mid_;  // of the first section, to which all candidates belong
  bool expecting_ = true;
};

}  // namespace sidetone::session
