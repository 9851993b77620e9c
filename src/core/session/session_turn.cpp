// How news moves between the parts of a session, and what time brings.
#include <algorithm>

#include "core/session/session_impl.hpp"

namespace sidetone::session {
namespace {

bool is_over(peer::State state) {
  return state == peer::State::failed || state == peer::State::closed;
}

}  // namespace

void Session::Impl::settle(std::size_t first_event, Turn& turn) {
  do {
    take_signals(turn);
    if (publisher_) take_media(*publisher_, true, turn);
    if (subscriber_) take_media(*subscriber_, false, turn);
    check_progress(turn);
    follow_events(std::exchange(first_event, turn.out.events.size()), turn);
    send_requests(turn);
  } while (!quiet());
}

bool Session::Impl::quiet() const {
  auto silent = [](const auto& side) {
    return !side || (side->output().events.empty() && side->output().datagrams.empty() &&
                     side->output().network.empty());
  };
  return signal_out_.empty() && requests_.empty() && silent(publisher_) && silent(subscriber_);
}

bool Session::Impl::may_send(const livekit::SignalRequest& request) const {
  if (!greeted_ || !signal_) return false;
  if (phase_ != Phase::resuming) return true;
  switch (request.message_case()) {  // §7.1: the rest waits for the media
    case livekit::SignalRequest::kSyncState:
    case livekit::SignalRequest::kTrickle:
    case livekit::SignalRequest::kOffer:
    case livekit::SignalRequest::kAnswer:
    case livekit::SignalRequest::kLeave: return true;
    default: return false;
  }
}

void Session::Impl::send_requests(Turn& turn) {
  (void)turn;
  if (phase_ == Phase::ended || phase_ == Phase::idle) queued_.clear();
  bool flows = phase_ == Phase::connected || (greeted_ && phase_ == Phase::restarting);
  while (flows && !queued_.empty()) {
    signal_->send(queued_.front(), signal_out_);
    queued_.pop_front();
  }
  for (auto& request : requests_) {
    bool negotiation = request.has_offer() || request.has_answer() || request.has_trickle();
    if (may_send(request))
      signal_->send(request, signal_out_);
    else if (!negotiation && queued_.size() < kMaxQueuedRequests && phase_ != Phase::ended)
      queued_.push_back(std::move(request));
  }
  requests_.clear();
}

void Session::Impl::take_signals(Turn& turn) {
  auto socket = socket_;
  for (auto& output : signal_out_.take()) {
    if (socket != socket_) return;  // another socket was opened: the old one has no more to say
    if (take_wish(output, turn)) continue;
    if (auto* received = std::get_if<signal::Received>(&output))
      on_response(received->response, turn);
    if (auto* lost = std::get_if<signal::Lost>(&output)) on_lost(*lost, turn);
  }
}

bool Session::Impl::take_wish(signal::ClientOutput& output, Turn& turn) {
  if (auto* open = std::get_if<signal::OpenSocket>(&output))
    turn.out.sockets.push({socket_, std::move(*open)});
  else if (auto* message = std::get_if<signal::SendMessage>(&output))
    turn.out.sockets.push({socket_, std::move(*message)});
  else if (std::holds_alternative<signal::CloseSocket>(output))
    turn.out.sockets.push({socket_, signal::CloseSocket{}});
  else
    return false;
  return true;
}

template <class Side>
void Session::Impl::take_media(Side& side, bool is_publisher, Turn& turn) {
  auto& output = side.output();
  drain(output, turn);
  for (auto& packet : output.rtp) on_packet(packet, turn);
  output.rtp.clear();
  if (output.events.empty()) return;
  const auto* before = &side;
  for (auto& event : output.events.take()) {
    on_peer_event(event, is_publisher, turn);
    // A failed transport may have been replaced while we looked.
    const void* now = is_publisher ? static_cast<const void*>(publisher_.get())
                                   : static_cast<const void*>(subscriber_.get());
    if (now != before) return;
  }
}

void Session::Impl::on_peer_event(peer::Event& event, bool is_publisher, Turn& turn) {
  if (auto* changed = std::get_if<peer::StateChanged>(&event)) {
    if (changed->state == peer::State::connected) {
      auto& after = is_publisher ? publisher_after_ : subscriber_after_;
      if (!after) after = turn.now - attempt_began_;
      if (is_publisher) tracks_.on_transport_up(turn);
    }
    if (is_over(changed->state)) on_peer_failed(changed->reason, turn);
  } else if (auto* found = std::get_if<peer::CandidateFound>(&event)) {
    is_publisher ? publisher_->on_found(found->text, turn)
                 : subscriber_->on_found(found->text, turn);
  } else if (auto* message = std::get_if<peer::Message>(&event)) {
    on_data(*message, is_publisher ? publisher_->peer() : subscriber_->peer(), turn);
  }
}

void Session::Impl::on_packet(rtp::ReceivedPacket& packet, Turn& turn) {
  const auto* known = receptions();
  const auto* reception = known ? known->find(packet.ssrc) : nullptr;
  if (reception == nullptr) {
    ++counters_.orphan_packets;
    return;
  }
  // Streams know the usual numbers; the description may have used others.
  if (packet.payload_type == reception->opus_type)
    packet.payload_type = 111;
  else if (reception->red_type && packet.payload_type == *reception->red_type)
    packet.payload_type = 63;
  if (!streams_.deliver(reception->track_sid, packet, turn.now)) ++counters_.orphan_packets;
}

void Session::Impl::on_data(const peer::Message& message, peer::Peer& peer, Turn& turn) {
  if (!message.binary) {
    ++counters_.undecodable_data;
    return;
  }
  bool reliable = peer.channel(kReliableLabel) == message.channel;
  auto packet = data_.decode(message.bytes, reliable);
  if (!packet || !packet->has_user()) return;
  room::DataReceived event;
  if (const auto* sender = room_.find(packet->participant_sid())) {
    event.who = room::ref(*sender);
  } else {
    event.who = {packet->participant_sid(), packet->participant_identity(), false};
  }
  auto payload = base::as_bytes(packet->user().payload());
  event.payload.assign(payload.begin(), payload.end());
  event.topic = packet->user().topic();
  event.reliable = reliable;
  turn.out.events.push(std::move(event));
}

// Streams follow the room: whatever ended a track ends its listeners.
void Session::Impl::follow_events(std::size_t first, Turn& turn) {
  auto& events = turn.out.events;
  for (std::size_t i = first; i < events.size(); ++i) {
    if (const auto* gone = std::get_if<room::ParticipantDisconnected>(&events[i]))
      data_.forget(gone->participant.sid);
    if (const auto* moved = std::get_if<room::LocalTrackRepublished>(&events[i]))
      rename_permitted(moved->previous_sid, moved->track.sid, turn);
    const auto* unpublished = std::get_if<room::TrackUnpublished>(&events[i]);
    if (unpublished == nullptr || unpublished->who.local) continue;
    bool left = std::any_of(events.begin() + static_cast<std::ptrdiff_t>(i), events.end(),
                            [&](const room::Event& event) {
                              const auto* gone = std::get_if<room::ParticipantDisconnected>(&event);
                              return gone && gone->participant.sid == unpublished->who.sid;
                            });
    streams_.end(unpublished->track.sid,
                 left ? media::EndReason::participant_left : media::EndReason::unpublished,
                 turn.now);
    if (auto asked = subscriptions_.find(unpublished->track.sid); asked != subscriptions_.end())
      subscriptions_.erase(asked);
  }
}

// Of the connection that the server sends on.
const Receptions* Session::Impl::receptions() const {
  if (subscriber_) return &subscriber_->receptions();
  return publisher_ ? &publisher_->receptions() : nullptr;
}

// Media and news of a track come in either order: a section of an unknown track waits here.
void Session::Impl::resolve_receptions(Turn& turn) {
  const auto* known = receptions();
  if (!known) return;
  for (const auto& reception : known->all()) {
    auto found = room_.find_track(reception.track_sid);
    if (found && found.track->wanted && !found.track->subscribed)
      room_.set_subscribed(reception.track_sid, true, turn.out.events);
  }
}

void Session::Impl::check_progress(Turn& turn) {
  const auto* connection = primary();
  if (!greeted_ || !connection || connection->state() != peer::State::connected) return;
  switch (phase_) {
    case Phase::connecting:
      phase_ = Phase::connected;
      policy_.succeeded();
      turn.out.events.push(room::Connected{});
      operations_.succeed(connect_id_, turn.out.completions);
      break;
    case Phase::resuming: {
      bool subscribed = !subscriber_ || !subscriber_primary_ || subscriber_->settled();
      bool published =
          !publisher_->started() ||
          (publisher_->settled() && publisher_->peer().state() == peer::State::connected);
      // A path that was good before is no evidence: something must have come over it since.
      bool alive = connection->counters().datagrams_in > datagrams_before_;
      if (subscribed && published && alive) finish_reconnect(turn);
      break;
    }
    case Phase::restarting:
      if (tracks_.all_live()) finish_reconnect(turn);
      break;
    case Phase::idle:
    case Phase::connected:
    case Phase::waiting:
    case Phase::ended: break;
  }
}

void Session::Impl::on_datagram(const base::Datagram& datagram, base::Instant arrival, Turn& turn) {
  peer::Incoming incoming{datagram.local, datagram.remote, datagram.packet.bytes(), arrival};
  auto holds = [&](const std::vector<base::Endpoint>& endpoints, const peer::Peer& peer) {
    return datagram.local.port == 0  // a stream's name
               ? peer.knows(datagram.local)
               : std::find(endpoints.begin(), endpoints.end(), datagram.local) != endpoints.end();
  };
  if (publisher_ && holds(options_.endpoints.publisher, publisher_->peer()))
    publisher_->peer().on_datagram(incoming, turn.now, publisher_->output());
  else if (subscriber_ && holds(options_.endpoints.subscriber, subscriber_->peer()))
    subscriber_->peer().on_datagram(incoming, turn.now, subscriber_->output());
  else
    ++counters_.stray_datagrams;
}

void Session::Impl::on_network(const ice::NetworkNews& news, Turn& turn) {
  if (publisher_) publisher_->peer().on_news(news, turn.now, publisher_->output());
  if (subscriber_) subscriber_->peer().on_news(news, turn.now, subscriber_->output());
}

void Session::Impl::on_deadline(Turn& turn) {
  expire_operations(turn);
  if (signal_) signal_->on_deadline(turn.now, signal_out_);
  if (publisher_) {
    auto& peer = publisher_->peer();
    peer.poll(turn.now, publisher_->output());
    if (base::is_due(peer.next_deadline(), turn.now))
      peer.on_deadline(turn.now, publisher_->output());
  }
  if (subscriber_) {
    auto& peer = subscriber_->peer();
    peer.poll(turn.now, subscriber_->output());
    if (base::is_due(peer.next_deadline(), turn.now))
      peer.on_deadline(turn.now, subscriber_->output());
  }
  tracks_.pump(publisher_.get(), turn);
  if (publisher_ && publisher_->overdue(turn.now) && phase_ == Phase::connected)
    reconnect(ReconnectPolicy::Mode::restart, "the server does not answer our offer", turn);
  if (base::is_due(media_lost_at_, turn.now))
    reconnect(ReconnectPolicy::Mode::restart, std::exchange(media_lost_because_, {}), turn);
  if (base::is_due(attempt_at_, turn.now)) start_attempt(turn);
  if (base::is_due(attempt_deadline_, turn.now))
    reconnect(ReconnectPolicy::Mode::restart, "the connection was not restored in time", turn);
}

void Session::Impl::expire_operations(Turn& turn) {
  for (const auto& due : operations_.due(turn.now)) {
    if (due.kind == OperationKind::connect) {
      fail_connect(errc::timed_out, connect_timeout_text(), turn);
      return;
    }
    operations_.fail(due.id, errc::timed_out, "the server did not answer in time",
                     turn.out.completions);
    if (due.kind == OperationKind::publish) tracks_.withdraw(due.id, publisher_.get(), turn);
    std::erase_if(metadata_requests_,
                  [&](const auto& entry) { return entry.second.operation == due.id; });
  }
}

base::Deadline Session::Impl::next_deadline() const {
  auto next = base::earliest(operations_.next_deadline(), tracks_.next_deadline());
  if (signal_) next = base::earliest(next, signal_->next_deadline());
  // An overdue answer matters only while connected; a reconnect has a deadline of its own.
  if (publisher_)
    next = base::earliest(next, phase_ == Phase::connected ? publisher_->next_deadline()
                                                           : publisher_->peer().next_deadline());
  if (subscriber_) next = base::earliest(next, subscriber_->next_deadline());
  next = base::earliest(next, media_lost_at_);
  return base::earliest(next, base::earliest(attempt_at_, attempt_deadline_));
}

SessionFigures Session::Impl::figures() const {
  SessionFigures figures;
  figures.publisher = published_.with(publisher_ ? &publisher_->peer() : nullptr);
  figures.subscriber = subscribed_.with(subscriber_ ? &subscriber_->peer() : nullptr);
  if (publisher_) figures.publisher.connected_after = publisher_after_;
  if (subscriber_) figures.subscriber.connected_after = subscriber_after_;
  return figures;
}

SessionCounters Session::Impl::counters() const {
  auto counters = counters_;
  counters.undecodable_data += data_.undecodable();
  counters.duplicate_data = data_.duplicates();
  if (!signal_) return counters;
  counters.undecodable_messages += signal_->undecodable();
  counters.unknown_messages += signal_->unknown();
  return counters;
}

}  // namespace sidetone::session
