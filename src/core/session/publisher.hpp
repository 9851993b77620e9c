// The connection we offer on: its transport, its sections and one offer at a time. Tracks are
// local_tracks.hpp's. Where it is the only connection it offers sections to receive on as well.
// Source: protocol/wire_protocol.md §4.2, §4.3, §4.5, §4.6; RFC 9429 §5.2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/peer/peer.hpp"
#include "core/sdp/publisher_offer.hpp"
#include "core/session/receptions.hpp"
#include "core/session/session.hpp"
#include "core/session/turn.hpp"

namespace sidetone::session {

// The server answers at once or, when it cannot read the offer, never.
inline constexpr base::Duration kAnswerTimeout = std::chrono::seconds(15);

// Offered before anybody asks, so that the first tracks need no second offer; the server asks for
// more (SDKs offer three).
inline constexpr std::uint32_t kFirstReceptions = 4;
// As many tracks as a peer receives at a time.
inline constexpr std::uint32_t kMaxReceptions = 64;

class Publisher {
 public:
  Publisher(const SessionConfig& config, const std::vector<base::Endpoint>& endpoints, Turn& turn);

  // A section for a track; it is offered by the next negotiate().
  sdp::Outcome<std::string> add(sdp::PublishedTrack track) { return offer_.add(std::move(track)); }

  void remove(std::string_view mid) { offer_.remove(mid); }

  // More sections for the server to send tracks on, at most kMaxReceptions in all; offered by the
  // next negotiate().
  void add_receptions(std::uint32_t count);

  // The first offer, for whoever sends it by another way than a request.
  livekit::SessionDescription first_offer(Turn& turn);
  // Sends an offer, now or when the answer to the last one is here. The number it has or will have.
  std::uint32_t negotiate(Turn& turn);
  void restart_ice(Turn& turn);

  // The sections as the server accepted them. The error says why the answer is not one.
  sdp::Outcome<std::vector<sdp::AudioSection>> on_answer(const livekit::SessionDescription& answer,
                                                         Turn& turn);
  // What the server sends on this connection, after on_answer().
  ReceptionChanges receive(const std::vector<sdp::AudioSection>& sections, Turn& turn);
  // Whether it is one we can use.
  bool on_candidate(std::string_view candidate, Turn& turn);
  // One more candidate of ours: told at once, or with the description that is still to come.
  void on_found(std::string_view candidate, Turn& turn);

  const Receptions& receptions() const { return receptions_; }

  std::uint32_t answered() const { return answered_; }  // number of the last answered offer

  bool started() const { return offered_ != 0; }

  bool settled() const { return offered_ != 0 && !awaiting_ && !dirty_; }

  bool overdue(base::Instant now) const { return awaiting_ && now >= answer_deadline_; }

  base::Deadline next_deadline() const;
  std::uint32_t new_ssrc();

  peer::Peer& peer() { return peer_; }

  const peer::Peer& peer() const { return peer_; }

  peer::Output& output() { return output_; }

  const std::string& cname() const { return cname_; }

  // Of the last offer and answer, for SyncState.
  const livekit::SessionDescription& last_offer() const { return last_offer_; }

  const livekit::SessionDescription& last_answer() const { return last_answer_; }

 private:
  sdp::TransportParameters make_offer(Turn& turn);
  void send_offer(Turn& turn);

  base::RandomSource& random_;
  std::string cname_;
  peer::Peer peer_;
  peer::Output output_;
  sdp::PublisherOffer offer_;
  Receptions receptions_;
  std::uint32_t receivable_ = 0;
  livekit::SessionDescription last_offer_;
  livekit::SessionDescription last_answer_;
  std::vector<std::uint32_t> ssrcs_;  // ever used: one is not used twice under the same keys
  std::string trickled_ufrag_;        // whose candidates were sent
  bool early_ = false;                // the first offer went with the request to join
  std::vector<std::string> late_;     // candidates found since
  std::uint32_t offered_ = 0;         // number of the last offer sent; the first is 1
  std::uint32_t answered_ = 0;
  bool awaiting_ = false;
  bool dirty_ = false;
  base::Instant answer_deadline_;
};

}  // namespace sidetone::session
