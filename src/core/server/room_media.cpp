// Room: tracks, their packets, and who speaks.
#include <algorithm>

#include "core/server/room.hpp"

namespace sidetone::server {
namespace {

// Level reports weigh by the time they stand for; 20 ms is what nearly every packet holds.
constexpr auto kPacketLength = std::chrono::milliseconds(20);

}  // namespace

Room::Published Room::find_track(std::string_view sid) {
  for (auto& participant : participants_)
    if (auto* track = participant->track(sid); track && track->ssrc != 0)
      return participant->is_hidden() ? Published{} : Published{participant.get(), track};
  return {};
}

void Room::subscribe(Participant& listener,
                     const Participant& publisher,
                     const Track& track) const {
  // A client cannot place the track of somebody it was never told of.
  if (publisher.is_hidden() || !allows(publisher.permission, listener, track)) return;
  if (!listener.subscribe(publisher, track)) {
    ++services_.counters.tracks_refused;
  } else if (track.info.encryption() != livekit::Encryption::NONE) {
    listener.subscription(track.info.sid())->down.set_trailer(trailer_);
  }
}

void Room::subscribe_to_all(Participant& listener) const {
  for (const auto& other : participants_)
    for (const auto& track : other->tracks())
      if (other.get() != &listener && track->ssrc != 0) subscribe(listener, *other, *track);
}

// New media of one publisher: everybody is told first, then offered (wire_protocol §8.1, 14).
void Room::publish(Participant& publisher, const std::vector<Track*>& tracks, Turn turn) {
  if (tracks.empty()) return;
  publisher.touch();
  announce(publisher.info(), turn.out);
  for (auto& other : participants_) {
    if (other.get() == &publisher || !other->join().auto_subscribe ||
        !other->grants().can_subscribe)
      continue;
    for (const auto* track : tracks) subscribe(*other, publisher, *track);
  }
}

// The client plays the track: packets may flow, and the publisher learns of its first listener.
void Room::listen(Participant& participant, Subscription& subscription, Turn turn) {
  const auto [publisher, track] = find_track(subscription.track_sid);
  if (!track) return;
  track->listeners.push_back({&participant, &subscription});
  if (track->info.muted()) participant.pause(subscription, turn.now);
  if (std::exchange(track->heard, true)) return;
  livekit::SignalResponse response;
  response.mutable_track_subscribed()->set_track_sid(track->info.sid());
  publisher->send(response, turn.out);
}

void Room::deafen(const Participant& participant, Track& track) const {
  std::erase_if(track.listeners,
                [&](const auto& listener) { return listener.participant == &participant; });
}

void Room::end_subscriptions(Track& track, base::Instant now) {
  track.listeners.clear();
  for (auto& participant : participants_) participant->unsubscribe(track.info.sid(), now);
}

void Room::end_tracks(Participant& publisher, const std::vector<std::string>& sids, Turn turn) {
  if (sids.empty()) return;
  for (const auto& sid : sids) {
    auto* ended = publisher.track(sid);
    if (!ended) continue;
    if (ended->ssrc != 0) publisher.peer(Target::publisher).remove_receiver(ended->ssrc);
    end_subscriptions(*ended, turn.now);
    std::erase_if(publisher.tracks(), [&](const auto& track) { return track.get() == ended; });
  }
  publisher.touch();
  announce(publisher.info(), turn.out);
}

void Room::set_muted(Participant& publisher, Track& track, bool muted, Turn turn) {
  if (track.info.muted() == muted) return;
  track.info.set_muted(muted);
  if (track.ssrc == 0) return;  // told with its first announcement
  for (auto& participant : participants_) {
    auto* subscription = participant->subscription(track.info.sid());
    if (!subscription) continue;
    if (muted)
      participant->pause(*subscription, turn.now);
    else if (!subscription->disabled)
      subscription->down.resume();
  }
  publisher.touch();
  announce(publisher.info(), turn.out);
}

void Room::forward(Participant& publisher, const rtp::ReceivedPacket& packet, Turn turn) {
  auto* track = publisher.track_by_ssrc(packet.ssrc);
  if (!track) {
    ++services_.counters.packets_unrouted;
    return;
  }
  if (track->info.muted()) {
    ++services_.counters.packets_while_muted;
    return;
  }
  if (packet.level && !publisher.is_hidden())
    speakers_.on_level(publisher.sid(), *packet.level, kPacketLength);
  const bool red = track->red && packet.payload_type == *track->red;
  if (!red && packet.payload_type != track->opus) {
    ++services_.counters.packets_unrouted;
    return;
  }
  for (auto [participant, subscription] : track->listeners) {
    auto& peer = participant->peer(Target::subscriber);
    if (!subscription->down.on_packet(packet, red, turn.now, peer, forwarded_)) continue;
    ++services_.counters.packets_forwarded;
    if (packet.clock)
      if (auto* sender = peer.sender(subscription->ssrc)) sender->set_source_clock(*packet.clock);
  }
  for (const auto& datagram : forwarded_.datagrams) turn.out.datagrams.push(datagram);
  forwarded_.clear();
}

void Room::on_transport_state(Participant& participant,
                              Target target,
                              const peer::StateChanged& change,
                              Turn turn) {
  const bool primary = (target == Target::subscriber) == participant.subscriber_primary();
  switch (change.state) {
    case peer::State::connected:
      if (!primary) return;
      participant.was_connected = true;
      if (participant.connection) participant.departs_at.reset();
      if (participant.is_active()) return;
      participant.info().set_state(livekit::ParticipantInfo::ACTIVE);
      participant.touch();
      announce(participant.info(), turn.out);
      return;
    case peer::State::failed:
    case peer::State::closed:
      if (primary && participant.was_connected && !participant.departs_at)
        participant.departs_at = turn.now + services_.config.limits.departure_timeout;
      else if (!participant.was_connected && primary)
        expel(participant, livekit::JOIN_FAILURE);
      return;
    case peer::State::idle:
    case peer::State::connecting:
    case peer::State::disconnected: return;
  }
}

void Room::report_speakers(Turn turn) {
  while (speakers_due_ <= turn.now) speakers_due_ += Speakers::kWindow;
  const auto changed = speakers_.on_window_end();
  if (changed.empty()) return;
  livekit::SignalResponse response;
  for (const auto& speaker : changed) {
    auto& entry = *response.mutable_speakers_changed()->add_speakers();
    entry.set_sid(speaker.participant_sid);
    entry.set_level(speaker.level);
    entry.set_active(speaker.active);
  }
  send_to_all(response, turn.out);
}

}  // namespace sidetone::server
