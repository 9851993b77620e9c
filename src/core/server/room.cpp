#include "core/server/room.hpp"

#include <algorithm>

namespace sidetone::server {
namespace {

constexpr int kServerProtocol =
    17;                           // from 18 on, official clients use pre-negotiated data channels
constexpr int kPingInterval = 5;  // seconds, as the real server says
constexpr int kPingTimeout = 15;
constexpr int kTrailerBytes = 44;                 // as long as the real server's
constexpr std::int64_t kFreshTokenSeconds = 600;  // a refreshed token lives at least this long

std::int64_t milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Room::Room(std::string name, Services services, base::Instant now)
    : services_(services),
      trailer_(services.random.text(kTrailerBytes)),
      speakers_due_(now),
      tick_due_(now + kTick) {
  const auto unix_ms = milliseconds(services.config.wall.unix_time(now));
  info_.set_sid("RM_" + services.random.text(12));
  info_.set_name(std::move(name));
  info_.set_empty_timeout(300);
  info_.set_departure_timeout(20);
  info_.set_creation_time(unix_ms / 1000);
  info_.set_creation_time_ms(unix_ms);
  info_.add_enabled_codecs()->set_mime("audio/opus");
}

Participant* Room::find(std::string_view identity) {
  for (auto& participant : participants_)
    if (participant->identity() == identity && !participant->expelled) return participant.get();
  return nullptr;
}

livekit::ServerInfo Room::server_info() const {
  livekit::ServerInfo info;
  info.set_version(services_.config.version);
  info.set_protocol(kServerProtocol);
  return info;
}

livekit::SignalResponse Room::join_response(const Participant& participant) const {
  livekit::SignalResponse response;
  auto& join = *response.mutable_join();
  *join.mutable_room() = info_;
  *join.mutable_participant() = participant.info();
  for (const auto& other : participants_)
    if (!other->is_hidden() && !other->expelled) *join.add_other_participants() = other->info();
  join.set_server_version(services_.config.version);
  join.set_sif_trailer(trailer_);
  join.set_subscriber_primary(participant.subscriber_primary());
  join.set_ping_interval(kPingInterval);
  join.set_ping_timeout(kPingTimeout);
  *join.mutable_server_info() = server_info();
  join.add_enabled_publish_codecs()->set_mime("audio/opus");
  join.set_fast_publish(participant.grants().can_publish);
  return response;
}

// Fresh for a resume or a full reconnect, when the application's own token may be long expired
// (wire_protocol §1.3).
void Room::refresh_token(Participant& participant, Turn turn) const {
  participant.token_due = turn.now + services_.config.limits.token_interval;
  const auto& keys = services_.config.keys;
  auto claims = participant.join().claims;
  const auto key = keys.find(claims.issuer);
  if (key == keys.end()) return;
  const auto now = milliseconds(services_.config.wall.unix_time(turn.now)) / 1000;
  claims.name = participant.info().name();
  claims.metadata = participant.info().metadata();
  claims.attributes = {participant.info().attributes().begin(),
                       participant.info().attributes().end()};
  claims.not_before = now;
  claims.expires = std::max(claims.expires.value_or(0), now + kFreshTokenSeconds);
  livekit::SignalResponse response;
  response.set_refresh_token(signal::mint(claims, key->second));
  participant.send(response, turn.out);
}

void Room::add(std::unique_ptr<Participant> joining, Turn turn) {
  auto& participant = *joining;
  participant.send(join_response(participant), turn.out);
  refresh_token(participant, turn);
  participant.info().set_state(livekit::ParticipantInfo::JOINED);
  participant.touch();
  announce(participant.info(), turn.out);
  if (participant.join().auto_subscribe && participant.grants().can_subscribe)
    subscribe_to_all(participant);
  empty_until_.reset();
  participants_.push_back(std::move(joining));
  if (count()) told_counts_ = false;
  ++services_.counters.joined;
}

void Room::announce(const livekit::ParticipantInfo& info, Outbox& out) const {
  livekit::SignalResponse response;
  *response.mutable_update()->add_participants() = info;
  for (const auto& participant : participants_) {
    if (participant->expelled) continue;
    if (info.permission().hidden() && participant->sid() != info.sid()) continue;
    participant->send(response, out);
  }
}

void Room::send_to_all(const livekit::SignalResponse& response, Outbox& out) const {
  for (const auto& participant : participants_)
    if (!participant->expelled) participant->send(response, out);
}

void Room::expel(Participant& participant, livekit::DisconnectReason reason) {
  if (!participant.expelled) participant.expelled = reason;
}

void Room::close(livekit::DisconnectReason reason) {
  ordered_ = false;
  empty_until_.reset();
  for (auto& participant : participants_) expel(*participant, reason);
}

void Room::remove(Participant& participant, livekit::DisconnectReason reason, Turn turn) {
  auto place = std::find_if(participants_.begin(), participants_.end(),
                            [&](const auto& other) { return other.get() == &participant; });
  if (place == participants_.end()) return;
  auto leaving = std::move(*place);
  participants_.erase(place);
  if (ordered_ && empty())
    empty_until_ = turn.now + std::chrono::seconds(info_.departure_timeout());

  if (leaving->connection) {
    livekit::SignalResponse response;
    response.mutable_leave()->set_reason(reason);
    const bool mismatch = reason == livekit::STATE_MISMATCH;
    response.mutable_leave()->set_action(mismatch ? livekit::LeaveRequest::RECONNECT
                                                  : livekit::LeaveRequest::DISCONNECT);
    leaving->send(response, turn.out);
    turn.out.closes.push({*leaving->connection});
  }
  for (auto& track : leaving->tracks()) end_subscriptions(*track, turn.now);
  for (auto& other : participants_)
    for (auto& track : other->tracks()) deafen(*leaving, *track);
  speakers_.remove(leaving->sid());
  leaving->info().set_state(livekit::ParticipantInfo::DISCONNECTED);
  leaving->info().set_disconnect_reason(reason);
  leaving->touch();
  announce(leaving->info(), turn.out);

  if (count()) tell_room(turn);

  peer::Output last;
  leaving->peer(Target::publisher).close(last);
  leaving->peer(Target::subscriber).close(last);
  for (auto& datagram : last.datagrams) turn.out.datagrams.push(datagram);
  ++services_.counters.left;
  departed_.push_back(std::move(leaving));
}

void Room::resume(Participant& participant, Turn turn) {
  livekit::SignalResponse response;
  *response.mutable_reconnect()->mutable_server_info() = server_info();
  response.mutable_reconnect()->set_last_message_seq(participant.last_sequence);
  participant.send(response, turn.out);
  auto& everybody = *response.mutable_update();
  for (const auto& other : participants_)
    if (!other->expelled && (!other->is_hidden() || other.get() == &participant))
      *everybody.add_participants() = other->info();
  participant.send(response, turn.out);
  *response.mutable_room_update()->mutable_room() = info_;
  participant.send(response, turn.out);
  refresh_token(participant, turn);
  peer::Output output;
  participant.resume(turn, output);
  on_peer_output(participant, Target::subscriber, output, turn);
}

void Room::on_signal_closed(Participant& participant, Turn turn) {
  participant.lose_signal();
  if (!participant.was_connected) return expel(participant, livekit::SIGNAL_CLOSE);
  if (!participant.departs_at)
    participant.departs_at = turn.now + services_.config.limits.departure_timeout;
}

void Room::on_peer_output(Participant& participant,
                          Target target,
                          peer::Output& output,
                          Turn turn) {
  deadline_known_ = false;
  for (const auto& packet : output.rtp)
    if (target == Target::publisher) forward(participant, packet, turn);
  output.rtp.clear();
  for (const auto& event : output.events.take()) on_event(participant, target, event, turn);
  flush(output, turn);
}

void Room::on_event(Participant& participant, Target target, const peer::Event& event, Turn turn) {
  if (const auto* change = std::get_if<peer::StateChanged>(&event))
    on_transport_state(participant, target, *change, turn);
  else if (const auto* message = std::get_if<peer::Message>(&event))
    on_message(participant, target, *message, turn);
  else if (std::holds_alternative<peer::ChannelOpened>(event))
    release_held_data(participant, turn);
}

void Room::flush(peer::Output& output, Turn turn) {
  for (const auto& datagram : output.datagrams) turn.out.datagrams.push(datagram);
  output.clear();
}

base::Deadline Room::next_deadline() const {
  if (!std::exchange(deadline_known_, true)) deadline_ = earliest_deadline();
  return deadline_;
}

base::Deadline Room::earliest_deadline() const {
  if (empty()) return empty_until_;
  base::Deadline deadline = std::min(speakers_due_, tick_due_);
  for (const auto& participant : participants_) {
    deadline = base::earliest(deadline, participant->next_deadline());
    if (!participant->was_connected)
      deadline =
          base::earliest(deadline, participant->joined_at + services_.config.limits.join_timeout);
  }
  return deadline;
}

void Room::on_deadline(Turn turn) {
  if (speakers_due_ <= turn.now) report_speakers(turn);
  if (tick_due_ <= turn.now) on_tick(turn);
  peer::Output output;
  for (auto& participant : participants_) {
    for (auto target : {Target::publisher, Target::subscriber}) {
      auto& peer = participant->peer(target);
      if (!base::is_due(peer.next_deadline(), turn.now)) continue;
      peer.on_deadline(turn.now, output);
      on_peer_output(*participant, target, output, turn);
    }
    participant->on_deadline(turn, output);
    flush(output, turn);
    if (base::is_due(participant->token_due, turn.now)) refresh_token(*participant, turn);
    if (participant->answer_overdue(turn.now)) expel(*participant, livekit::STATE_MISMATCH);
    if (base::is_due(participant->departs_at, turn.now))
      expel(*participant, livekit::CONNECTION_TIMEOUT);
    if (!participant->was_connected &&
        participant->joined_at + services_.config.limits.join_timeout <= turn.now)
      expel(*participant, livekit::JOIN_FAILURE);
  }
}

void Room::settle(Turn turn) {
  deadline_known_ = false;
  while (!late_.empty())
    for (const auto& late : std::exchange(late_, {}))
      on_event(*late.participant, late.target, late.event, turn);
  const auto is_expelled = [](const auto& participant) {
    return participant->expelled.has_value();
  };
  for (;;) {
    const auto place = std::find_if(participants_.begin(), participants_.end(), is_expelled);
    if (place == participants_.end()) break;
    remove(**place, *(*place)->expelled, turn);
  }
  for (auto& participant : participants_) {
    participant->sweep_subscriptions();
    participant->offer_if_needed(turn);
  }
}

}  // namespace sidetone::server
