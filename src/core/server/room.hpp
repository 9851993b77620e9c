// One room of the embedded server: who is in it, who hears whom, and what everybody is told.
// Carries audio and data between participants without decoding either (wire_protocol §4, §6, §8).
// One strand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/server/administration.hpp"
#include "core/server/participant.hpp"
#include "core/server/speakers.hpp"

namespace sidetone::server {

class Room {
 public:
  // Counts and connection quality, as the real server tells them.
  static constexpr base::Duration kTick = std::chrono::seconds(5);

  Room(std::string name, Services services, base::Instant now);

  const std::string& name() const { return info_.name(); }

  const livekit::Room& info() const { return info_; }

  bool empty() const { return participants_.empty(); }

  // Empty, and nobody ordered it to be kept.
  bool is_over(base::Instant now) const {
    return empty() && (!empty_until_ || base::is_due(empty_until_, now));
  }

  std::size_t size() const { return participants_.size(); }

  const std::vector<std::unique_ptr<Participant>>& participants() const { return participants_; }

  Participant* find(std::string_view identity);

  // Sends the JoinResponse and the first offer, announces the newcomer, subscribes it to what is
  // there.
  void add(std::unique_ptr<Participant> participant, Turn turn);
  // Tells the participant (`leave`, unless it left by itself) and the others; its streams end.
  void remove(Participant& participant, livekit::DisconnectReason reason, Turn turn);

  // A new signalling connection is there: everything it needs to go on (wire_protocol §7.1).
  void resume(Participant& participant, Turn turn);

  void on_signal(Participant& participant, const livekit::SignalRequest& request, Turn turn);
  void on_signal_closed(Participant& participant, Turn turn);
  // Everybody goes, with the next settle().
  void close(livekit::DisconnectReason reason);

  // What a transport of the participant gave: packets are forwarded, messages routed, states acted
  // on; emptied after.
  void on_peer_output(Participant& participant, Target target, peer::Output& output, Turn turn);

  // ---- from outside (Administration), and what participants change about themselves ----
  struct Profile {
    std::string name;                               // empty: as it is
    std::string metadata;                           // empty: as it is
    std::map<std::string, std::string> attributes;  // merged; an empty value removes its key
  };

  void configure(const Administration::NewRoom& wanted, Turn turn);
  void set_metadata(std::string metadata, Turn turn);
  // What is too long, in the real server's words; empty: done.
  std::string update_profile(Participant& participant, const Profile& change, Turn turn);
  void set_permission(Participant& participant,
                      const livekit::ParticipantPermission& permission,
                      Turn turn);
  void mute_from_outside(Participant& publisher, Track& track, Turn turn);
  void set_subscriptions(Participant& participant,
                         const std::vector<std::string>& sids,
                         bool subscribed,
                         Turn turn);
  void send_from_outside(livekit::DataPacket packet, Turn turn);

  base::Deadline next_deadline() const;
  void on_deadline(Turn turn);
  // Offers that became due in this turn, and whoever is to go. To be called at the end of each
  // turn.
  void settle(Turn turn);

  // Participants that left since the last call, for the owner's tables.
  std::vector<std::unique_ptr<Participant>> take_departed() { return std::exchange(departed_, {}); }

 private:
  // room.cpp: membership
  base::Deadline earliest_deadline() const;
  livekit::ServerInfo server_info() const;
  livekit::SignalResponse join_response(const Participant& participant) const;
  void refresh_token(Participant& participant, Turn turn) const;
  void announce(const livekit::ParticipantInfo& info, Outbox& out) const;
  void send_to_all(const livekit::SignalResponse& response, Outbox& out) const;
  static void expel(Participant& participant, livekit::DisconnectReason reason);
  void on_event(Participant& participant, Target target, const peer::Event& event, Turn turn);
  void flush(peer::Output& output, Turn turn);

  // room_admin.cpp: acts from outside
  void tell_room(Turn turn);
  void drop_forbidden_tracks(Participant& publisher, Turn turn);
  void end_hearing(Participant& listener, base::Instant now);

  // room_signal.cpp: requests
  void on_offer(Participant& participant, const livekit::SessionDescription& offer, Turn turn);
  void on_answer(Participant& participant, const livekit::SessionDescription& answer, Turn turn);
  void on_trickle(Participant& participant, const livekit::TrickleRequest& trickle, Turn turn);
  void on_add_track(Participant& participant, const livekit::AddTrackRequest& request, Turn turn);
  void on_mute(Participant& participant, const livekit::MuteTrackRequest& request, Turn turn);
  void on_subscription(Participant& participant,
                       const livekit::UpdateSubscription& request,
                       Turn turn);
  void on_track_setting(Participant& participant,
                        const livekit::UpdateTrackSettings& request,
                        Turn turn);
  void on_permission(Participant& publisher,
                     const livekit::SubscriptionPermission& request,
                     Turn turn);
  static void on_sync_state(Participant& participant, const livekit::SyncState& state);
  void on_metadata(Participant& participant,
                   const livekit::UpdateParticipantMetadata& request,
                   Turn turn);
  void on_audio_features(Participant& participant,
                         const livekit::UpdateLocalAudioTrack& request,
                         Turn turn);
  void reply(const Participant& participant, livekit::RequestResponse response, Turn turn) const;

  // room_media.cpp: tracks and packets
  struct Published {
    Participant* publisher = nullptr;
    Track* track = nullptr;
  };

  // Of those that others may hear.
  Published find_track(std::string_view sid);
  void subscribe(Participant& listener, const Participant& publisher, const Track& track) const;
  void subscribe_to_all(Participant& listener) const;
  void publish(Participant& publisher, const std::vector<Track*>& tracks, Turn turn);
  void end_tracks(Participant& publisher, const std::vector<std::string>& sids, Turn turn);
  void listen(Participant& participant, Subscription& subscription, Turn turn);
  void deafen(const Participant& participant, Track& track) const;
  void end_subscriptions(Track& track, base::Instant now);
  void set_muted(Participant& publisher, Track& track, bool muted, Turn turn);
  void forward(Participant& publisher, const rtp::ReceivedPacket& packet, Turn turn);
  void on_transport_state(Participant& participant,
                          Target target,
                          const peer::StateChanged& change,
                          Turn turn);
  void report_speakers(Turn turn);

  // room_tick.cpp: what is looked at every five seconds
  void on_tick(Turn turn);
  void measure_quality();
  void report_quality(Turn turn);
  // Whether the counts in `info_` changed.
  bool count();

  // room_data.cpp: data packets
  void on_message(Participant& sender, Target target, const peer::Message& message, Turn turn);
  // What a channel of another label carries is somebody's own words.
  void wrap(const Participant& sender, const peer::Message& message, Turn turn);
  bool stamp(const Participant& sender, bool reliable, livekit::DataPacket& packet) const;
  void send_data(Participant& to, std::string_view label, const std::string& bytes);
  void release_held_data(Participant& participant, Turn turn);
  // `sender` is not served; nullptr: nobody's.
  void deliver(const Participant* sender,
               const livekit::DataPacket& packet,
               bool reliable,
               Turn turn);

  Services services_;
  livekit::Room info_;
  std::string trailer_;         // JoinResponse.sif_trailer
  bool ordered_ = false;        // by Administration: stays a while though empty
  base::Deadline empty_until_;  // then it is over
  std::vector<std::unique_ptr<Participant>> participants_;
  std::vector<std::unique_ptr<Participant>> departed_;

  // What transports said while messages were sent through them.
  struct Late {
    Participant* participant = nullptr;
    Target target = Target::subscriber;
    peer::Event event;
  };

  std::vector<Late> late_;  // empty between turns
  Speakers speakers_;
  base::Instant speakers_due_;
  base::Instant tick_due_;
  bool told_counts_ = true;  // everybody knows the counts in info_
  // Asked for after each packet of any room, so kept until something happens here.
  mutable base::Deadline deadline_;
  mutable bool deadline_known_ = false;
  peer::Output forwarded_;  // of one packet's fan-out; kept for its memory
};

}  // namespace sidetone::server
