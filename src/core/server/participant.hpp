// One participant as its server sees it: what it published, what it hears, its two transports and
// the offers and answers that shape them. Knows nothing of the other participants; the Room carries
// things between them. One strand.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/peer/peer.hpp"
#include "core/sdp/publisher_answer.hpp"
#include "core/sdp/subscriber_offer.hpp"
#include "core/server/admission.hpp"
#include "core/server/data_gate.hpp"
#include "core/server/quality.hpp"
#include "core/server/track.hpp"
#include "core/server/types.hpp"
#include "livekit.pb.h"

namespace sidetone::server {

enum class Target { publisher, subscriber };

// Whether a publisher who said so lets the listener hear its track.
bool allows(const livekit::SubscriptionPermission& permission,
            const Participant& listener,
            const Track& track);

class Participant {
 public:
  struct Parts {
    const Config& config;
    base::RandomSource& random;
    std::unique_ptr<peer::Peer> publisher;
    std::unique_ptr<peer::Peer> subscriber;
  };

  Participant(std::uint64_t id, JoinRequest join, Parts parts, base::Instant now);

  std::uint64_t id() const { return id_; }

  const std::string& sid() const { return info_.sid(); }

  const std::string& identity() const { return info_.identity(); }

  const livekit::ParticipantInfo& info() const { return info_; }

  livekit::ParticipantInfo& info() { return info_; }

  const VideoGrants& grants() const { return *join_.claims.grants; }

  const JoinRequest& join() const { return join_; }

  bool is_active() const { return info_.state() == livekit::ParticipantInfo::ACTIVE; }

  // Nobody else learns of it.
  bool is_hidden() const { return grants().hidden; }

  // Which transport carries data to it, and decides whether it is connected.
  bool subscriber_primary() const { return subscriber_primary_; }

  bool may_publish(livekit::TrackSource source) const;
  // From now on, in its token too; `hidden` stays as it joined.
  void set_permission(const livekit::ParticipantPermission& rights);

  // Changes the info's version and tells the track list in it.
  const livekit::ParticipantInfo& touch();

  std::optional<ConnectionId> connection;
  base::Instant joined_at;
  base::Deadline departs_at;  // its signal connection or media is gone: when to give up
  base::Deadline token_due;   // the next refreshed token
  bool was_connected = false;
  // To be removed at the end of the turn, and why.
  std::optional<livekit::DisconnectReason> expelled;

  void send(const livekit::SignalResponse& response, Outbox& out) const;

  // ---- resume ----
  // An outstanding offer will not be answered any more.
  void lose_signal();
  // Its media was there, and its transport did not say goodbye.
  bool may_resume() const;
  // A new signalling connection: what it may have missed is offered again, over ICE started anew.
  void resume(Turn turn, peer::Output& peers);

  peer::Peer& peer(Target target) {
    return target == Target::publisher ? *publisher_ : *subscriber_;
  }

  const peer::Peer& peer(Target target) const {
    return target == Target::publisher ? *publisher_ : *subscriber_;
  }

  // ---- what it publishes ----
  std::vector<std::unique_ptr<Track>>& tracks() { return tracks_; }

  Track* track(std::string_view sid);
  Track* track_by_ssrc(std::uint32_t ssrc);

  // Who may hear its tracks; everybody until it says otherwise.
  livekit::SubscriptionPermission permission;

  struct Negotiated {
    bool ok = false;
    std::string error;               // a sentence
    std::vector<Track*> published;   // now have media
    std::vector<std::string> ended;  // sids whose section became inactive
    unsigned refused = 0;            // sections that found no place
  };

  // Answers an offer of the publisher connection, and sends the answer.
  Negotiated on_offer(const livekit::SessionDescription& offer, Turn turn, peer::Output& peers);

  // ---- what it hears ----
  std::vector<std::unique_ptr<Subscription>>& subscriptions() { return subscriptions_; }

  Subscription* subscription(std::string_view track_sid);
  // Adds a section; offered with the next offer.
  bool subscribe(const Participant& publisher, const Track& track);
  // Forwards nothing until it is resumed.
  void pause(Subscription& subscription, base::Instant now);
  // Ends forwarding now; the section goes with a later offer, when the silence is out.
  void unsubscribe(std::string_view track_sid, base::Instant now);

  // Sends an offer when something changed and none is outstanding. Also the first one.
  void offer_if_needed(Turn turn);

  void want_offer() { offer_wanted_ = true; }

  // What the answer opened for the first time is in take_opened(); an error is a sentence.
  Negotiated on_answer(const livekit::SessionDescription& answer, Turn turn, peer::Output& peers);

  std::vector<Subscription*> take_opened() { return std::exchange(opened_, {}); }

  base::Deadline next_deadline() const;
  // Silence of ended and paused subscriptions.
  void on_deadline(Turn turn, peer::Output& peers);
  // Takes ended subscriptions out once their silence is; returns whether there was one.
  bool sweep_subscriptions();

  // Before the transport was ever connected the join timeout speaks instead (wire_protocol §4.2).
  bool answer_overdue(base::Instant now) const {
    return was_connected && base::is_due(answer_due_, now);
  }

  // ---- data ----
  Target data_target() const {
    return subscriber_primary_ ? Target::subscriber : Target::publisher;
  }

  // Whether it can be sent data of that kind already.
  bool has_channel(std::string_view label) const {
    return peer(data_target()).channel(label).has_value();
  }

  DataGate data;
  std::uint32_t last_sequence = 0;  // of its reliable packets

  // ---- how it goes ----
  Quality quality;                                   // of the last tick
  std::optional<livekit::ConnectionQuality> told{};  // to itself

 private:
  Track* match(const sdp::AudioSection& section);
  void receive(Track& track, const sdp::AudioSection& section, Negotiated& result);
  void adopt(const std::vector<sdp::AudioSection>& offered,
             const std::vector<sdp::AudioSection>& answered,
             Turn turn,
             peer::Output& peers,
             Negotiated& result);
  bool open(const sdp::AudioSection& section);
  sdp::TransportParameters local(Target target) const;

  std::uint64_t id_;
  const Config& config_;
  base::RandomSource& random_;
  JoinRequest join_;
  bool subscriber_primary_;
  livekit::ParticipantInfo info_;
  std::unique_ptr<peer::Peer> publisher_;
  std::unique_ptr<peer::Peer> subscriber_;

  std::vector<std::unique_ptr<Track>> tracks_;
  sdp::PublisherAnswer publisher_answer_;

  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::vector<Subscription*> opened_;
  bool settling_ = false;   // some of them have silence to send
  std::size_t ending_ = 0;  // how many of them
  sdp::SubscriberOffer subscriber_offer_;
  std::uint32_t offer_id_ = 0;
  bool offer_wanted_ = true;  // the first offer goes out at once
  base::Deadline answer_due_;
};

}  // namespace sidetone::server
