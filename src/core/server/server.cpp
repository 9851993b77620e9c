#include "core/server/server.hpp"

#include <algorithm>

#include "core/signal/wire.hpp"

namespace sidetone::server {
namespace {

constexpr std::uint64_t kTargets = 2;

std::uint64_t route_of(std::uint64_t participant, Target target) {
  return participant * kTargets + (target == Target::subscriber ? 1 : 0);
}

signal::UnixSeconds unix_seconds(const Config& config, base::Instant now) {
  return std::chrono::duration_cast<signal::UnixSeconds>(config.wall.unix_time(now));
}

}  // namespace

Server::Server(Config config, Parts parts) : config_(std::move(config)), parts_(std::move(parts)) {}

Admission Server::admit(const HttpRequest& request, base::Instant now) {
  auto admission = server::admit(request, config_.keys, unix_seconds(config_, now), config_.limits);
  const auto* join = std::get_if<JoinRequest>(&admission);
  if (!join || !is_full(*join)) return admission;
  ++counters_.refused_full;
  if (room_is_full(*join)) return HttpResponse{500, "connection closed by media"};
  return HttpResponse{503, "the server is full: its limit of rooms or participants is reached"};
}

bool Server::is_full(const JoinRequest& join) const {
  if (join.reconnect) return false;
  const auto& limits = config_.limits;
  const auto room = rooms_.find(join.claims.grants->room);
  if (room == rooms_.end())
    return rooms_.size() >= limits.rooms || members_.size() >= limits.participants;
  if (room->second->find(join.claims.identity)) return false;
  return room_is_full(join) || room->second->size() >= limits.participants_per_room ||
         members_.size() >= limits.participants;
}

// As many as its maker wanted; the real server says no more than it does here.
bool Server::room_is_full(const JoinRequest& join) const {
  const auto room = rooms_.find(join.claims.grants->room);
  if (room == rooms_.end()) return false;
  const auto wanted = room->second->info().max_participants();
  return wanted != 0 && room->second->size() >= wanted;
}

void Server::turn_away(ConnectionId connection,
                       livekit::DisconnectReason reason,
                       livekit::LeaveRequest::Action action,
                       Outbox& out) {
  livekit::SignalResponse response;
  response.mutable_leave()->set_reason(reason);
  response.mutable_leave()->set_action(action);
  out.signals.push({connection, signal::encode(response)});
  out.closes.push({connection});
}

std::unique_ptr<peer::Peer> Server::make_peer(std::uint64_t id, Target target, base::Instant now) {
  peer::Config config;
  config.dtls = parts_.dtls;
  config.random = parts_.random;
  config.wall = config_.wall;
  config.ice = peer::IceMode::lite;
  config.wake = parts_.wake;
  config.max_receivers = config_.limits.ssrcs_per_participant;
  auto peer = std::make_unique<peer::Peer>(std::move(config));
  for (const auto& candidate : config_.candidates) peer->add_local(candidate, now, output_);
  output_.clear();
  demux_.add_ufrag(peer->local_ufrag(), route_of(id, target));
  return peer;
}

void Server::on_join(ConnectionId connection, JoinRequest join, base::Instant now, Outbox& out) {
  if (join.reconnect) return on_resume(connection, join, {now, out});
  // Others may have come since it was admitted.
  if (is_full(join)) {
    ++counters_.refused_full;
    return turn_away(connection, livekit::JOIN_FAILURE, livekit::LeaveRequest::DISCONNECT, out);
  }
  const Turn turn{now, out};
  auto& room = this->room(join.claims.grants->room, now);
  if (auto* previous = room.find(join.claims.identity))
    room.remove(*previous, livekit::DUPLICATE_IDENTITY, turn);

  const auto id = next_id_++;
  Participant::Parts parts{config_, *parts_.random, make_peer(id, Target::publisher, now),
                           make_peer(id, Target::subscriber, now)};
  auto participant = std::make_unique<Participant>(id, std::move(join), std::move(parts), now);
  participant->connection = connection;
  members_.emplace(id, Member{&room, participant.get(), signal::ServerSession(config_.wall)});
  connections_[connection] = id;
  room.add(std::move(participant), turn);
  open_channels(*members_.at(id).participant, turn);
  settle(room, turn);
}

void Server::on_resume(ConnectionId connection, const JoinRequest& join, Turn turn) {
  auto* room = find_room(join.claims.grants->room);
  auto* participant = room ? room->find(join.claims.identity) : nullptr;
  if (!participant || !participant->may_resume())
    return turn_away(connection, livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT,
                     turn.out);
  if (participant->connection) {
    turn.out.closes.push({*participant->connection});
    connections_.erase(*participant->connection);
  }
  members_.at(participant->id()).session = signal::ServerSession(config_.wall);
  connections_[connection] = participant->id();
  participant->connection = connection;
  ++counters_.resumed;
  room->resume(*participant, turn);
  learn_ufrags(*participant);
  settle(*room, turn);
}

Room& Server::room(const std::string& name, base::Instant now) {
  auto& room = rooms_[name];
  if (!room) room = std::make_unique<Room>(name, Services{config_, *parts_.random, counters_}, now);
  return *room;
}

// The server opens the data channels of the connection that it offers (wire_protocol §4.6).
void Server::open_channels(Participant& participant, Turn turn) {
  if (!participant.subscriber_primary()) return;
  auto& peer = participant.peer(Target::subscriber);
  peer.open_channel({.label = "_reliable"}, turn.now, output_);
  peer.open_channel({.label = "_lossy", .ordered = false, .max_retransmits = std::uint16_t{0}},
                    turn.now, output_);
  for (const auto& datagram : output_.datagrams) turn.out.datagrams.push(datagram);
  output_.clear();
}

Server::Member* Server::member_of(ConnectionId connection) {
  const auto id = connections_.find(connection);
  if (id == connections_.end()) return nullptr;
  const auto member = members_.find(id->second);
  return member == members_.end() ? nullptr : &member->second;
}

void Server::on_signal(ConnectionId connection,
                       base::Bytes message,
                       base::Instant now,
                       Outbox& out) {
  auto* member = member_of(connection);
  if (!member) return;
  auto& room = *member->room;
  const auto id = member->participant->id();
  const Turn turn{now, out};
  decoded_.clear();
  member->session.on_message(message, now, decoded_);
  for (auto& output : decoded_) {
    if (auto* sent = std::get_if<signal::SendToClient>(&output))
      out.signals.push({connection, std::move(sent->bytes)});
    if (auto* requested = std::get_if<signal::Requested>(&output))
      room.on_signal(*member->participant, requested->request, turn);
    if (std::holds_alternative<signal::CloseClient>(output)) {
      ++counters_.signals_malformed;
      out.closes.push({connection});
      connections_.erase(connection);
      room.on_signal_closed(*member->participant, turn);
    }
  }
  if (const auto found = members_.find(id); found != members_.end())
    learn_ufrags(*found->second.participant);
  settle(room, turn);
}

void Server::on_signal_closed(ConnectionId connection, base::Instant now, Outbox& out) {
  auto* member = member_of(connection);
  connections_.erase(connection);
  if (!member) return;
  const Turn turn{now, out};
  auto& room = *member->room;
  room.on_signal_closed(*member->participant, turn);
  settle(room, turn);
}

// An ICE restart brings a new fragment; the old one stays valid until the first check with the new
// one.
void Server::learn_ufrags(Participant& participant) {
  for (auto target : {Target::publisher, Target::subscriber})
    demux_.add_ufrag(participant.peer(target).local_ufrag(), route_of(participant.id(), target));
}

void Server::on_datagram(const peer::Incoming& datagram, base::Instant now, Outbox& out) {
  const auto route = demux_.route(datagram.remote, datagram.bytes);
  const auto member = route ? members_.find(*route / kTargets) : members_.end();
  if (member == members_.end()) {
    ++counters_.strangers;
    return;
  }
  const auto target = *route % kTargets == 0 ? Target::publisher : Target::subscriber;
  auto& [room, participant, session] = member->second;
  auto& peer = participant->peer(target);
  peer.on_datagram(datagram, now, output_);
  if (peer.last_was_check()) demux_.verify(datagram.remote, *route, now);
  const bool quiet = output_.events.empty();
  room->on_peer_output(*participant, target, output_, {now, out});
  if (!quiet) settle(*room, {now, out});
}

base::Deadline Server::next_deadline() const {
  base::Deadline deadline;
  for (const auto& [name, room] : rooms_)
    deadline = base::earliest(deadline, room->next_deadline());
  return deadline;
}

void Server::on_deadline(base::Instant now, Outbox& out) {
  const Turn turn{now, out};
  for (auto place = rooms_.begin(); place != rooms_.end();) {
    auto& room = *(place++)->second;
    if (!base::is_due(room.next_deadline(), now)) continue;
    room.on_deadline(turn);
    settle(room, turn);
  }
}

void Server::poll(base::Instant now, Outbox& out) {
  for (auto place = rooms_.begin(); place != rooms_.end();) {
    auto& room = *(place++)->second;
    for (const auto& participant : room.participants())
      for (auto target : {Target::publisher, Target::subscriber}) {
        participant->peer(target).poll(now, output_);
        room.on_peer_output(*participant, target, output_, {now, out});
      }
    settle(room, {now, out});
  }
}

void Server::settle(Room& room, Turn turn) {
  room.settle(turn);
  for (const auto& participant : room.take_departed()) {
    if (participant->connection) connections_.erase(*participant->connection);
    for (auto target : {Target::publisher, Target::subscriber})
      demux_.remove(route_of(participant->id(), target));
    members_.erase(participant->id());
  }
  if (room.is_over(turn.now)) rooms_.erase(rooms_.find(room.name()));
}

void Server::close_room(Room& room, livekit::DisconnectReason reason, Turn turn) {
  room.close(reason);
  settle(room, turn);
}

void Server::shut_down(base::Instant now, Outbox& out) {
  while (!rooms_.empty()) close_room(*rooms_.begin()->second, livekit::SERVER_SHUTDOWN, {now, out});
}

Room* Server::find_room(std::string_view name) {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : found->second.get();
}

bool Server::delete_room(std::string_view name, base::Instant now, Outbox& out) {
  auto* room = find_room(name);
  if (room) close_room(*room, livekit::ROOM_DELETED, {now, out});
  return room != nullptr;
}

bool Server::remove_participant(std::string_view name,
                                std::string_view identity,
                                base::Instant now,
                                Outbox& out) {
  auto* room = find_room(name);
  auto* participant = room ? room->find(identity) : nullptr;
  if (!participant) return false;
  room->remove(*participant, livekit::PARTICIPANT_REMOVED, {now, out});
  settle(*room, {now, out});
  return true;
}

std::string Server::metrics() const {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view kind, std::uint64_t value) {
    text.append("# TYPE sidetone_").append(name).append(" ").append(kind).append("\nsidetone_");
    text.append(name).append(" ").append(std::to_string(value)).append("\n");
  };
  line("rooms", "gauge", rooms_.size());
  line("participants", "gauge", members_.size());
  line("participants_joined_total", "counter", counters_.joined);
  line("participants_left_total", "counter", counters_.left);
  line("participants_resumed_total", "counter", counters_.resumed);
  line("refused_full_total", "counter", counters_.refused_full);
  line("packets_forwarded_total", "counter", counters_.packets_forwarded);
  line("packets_dropped_muted_total", "counter", counters_.packets_while_muted);
  line("packets_dropped_unrouted_total", "counter", counters_.packets_unrouted);
  line("datagrams_of_strangers_total", "counter", counters_.strangers);
  line("data_forwarded_total", "counter", counters_.data_forwarded);
  line("data_dropped_rate_total", "counter", counters_.data_dropped_rate);
  line("data_dropped_full_total", "counter", counters_.data_dropped_full);
  line("data_dropped_invalid_total", "counter", counters_.data_dropped_invalid);
  line("data_held_total", "counter", counters_.data_held);
  line("signals_malformed_total", "counter", counters_.signals_malformed);
  line("negotiations_failed_total", "counter", counters_.negotiations_failed);
  line("tracks_refused_total", "counter", counters_.tracks_refused);
  return text;
}

}  // namespace sidetone::server
