// Room: data packets, forwarded with the sender's name on them and a bound per sender and per
// receiver (wire_protocol §4.6).
#include <algorithm>

#include "core/server/room.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::server {
namespace {

constexpr std::string_view kReliable = "_reliable";
constexpr std::string_view kLossy = "_lossy";
constexpr std::string_view kDataTrack = "_data_track";

// DataPacket.metrics (field 8), which is for the server's own use and no message of ours declares.
bool holds_metrics(const livekit::DataPacket& packet) {
  constexpr char kTag = 8 << 3 | 2;
  if (packet.value_case() != livekit::DataPacket::VALUE_NOT_SET) return false;
  auto unknown = packet;
  unknown.clear_kind();
  unknown.clear_participant_identity();
  unknown.clear_destination_identities();
  unknown.clear_sequence();
  unknown.clear_participant_sid();
  const auto bytes = signal::encode(unknown);
  return !bytes.empty() && bytes.front() == kTag;
}

bool is_agent(const Participant& participant) {
  return participant.grants().agent || participant.info().kind() == livekit::ParticipantInfo::AGENT;
}

// Numbers only grow; 0 is none.
bool is_repeated(Participant& sender, const livekit::DataPacket& packet) {
  if (packet.sequence() == 0) return false;
  if (packet.sequence() <= sender.last_sequence) return true;
  sender.last_sequence = packet.sequence();
  return false;
}

}  // namespace

void Room::on_message(Participant& sender, Target target, const peer::Message& message, Turn turn) {
  auto& counters = services_.counters;
  auto& peer = sender.peer(target);
  const bool reliable = message.channel == peer.channel(kReliable);
  const bool lossy = message.channel == peer.channel(kLossy);
  const bool granted = sender.grants().can_publish_data.value_or(sender.grants().can_publish);
  livekit::DataPacket packet;
  if (!granted || message.channel == peer.channel(kDataTrack)) {
    ++counters.data_dropped_invalid;
    return;
  }
  if (!sender.data.may_send(message.bytes.size(), turn.now)) {
    ++counters.data_dropped_rate;
    return;
  }
  if (!reliable && !lossy) return wrap(sender, message, turn);
  if (!signal::decode(message.bytes, packet) || !stamp(sender, reliable, packet) ||
      (reliable && is_repeated(sender, packet))) {
    ++counters.data_dropped_invalid;
    return;
  }
  deliver(&sender, packet, reliable, turn);
}

void Room::wrap(const Participant& sender, const peer::Message& message, Turn turn) {
  livekit::DataPacket packet;
  packet.set_participant_identity(sender.identity());
  packet.mutable_user()->set_payload(message.bytes.data(), message.bytes.size());
  deliver(&sender, packet, true, turn);
}

// Who it is from is the server's word, never the sender's; but agents speak for others, too.
bool Room::stamp(const Participant& sender, bool reliable, livekit::DataPacket& packet) const {
  if (holds_metrics(packet) || (packet.has_transcription() && !is_agent(sender))) return false;
  packet.set_kind(reliable ? livekit::DataPacket::RELIABLE : livekit::DataPacket::LOSSY);
  if (!is_agent(sender) || packet.participant_identity().empty()) {
    packet.set_participant_sid(sender.sid());
    packet.set_participant_identity(sender.identity());
  }
  if (packet.has_user()) {
    packet.mutable_user()->set_participant_sid(packet.participant_sid());
    packet.mutable_user()->set_participant_identity(packet.participant_identity());
    if (packet.destination_identities().empty())
      *packet.mutable_destination_identities() = packet.user().destination_identities();
  }
  return true;
}

void Room::deliver(const Participant* sender,
                   const livekit::DataPacket& packet,
                   bool reliable,
                   Turn turn) {
  const auto bytes = signal::encode(packet);
  const auto& to = packet.destination_identities();
  const auto label = reliable ? kReliable : kLossy;
  for (auto& participant : participants_) {
    if (participant.get() == sender || participant->expelled) continue;
    if (!to.empty() && std::find(to.begin(), to.end(), participant->identity()) == to.end())
      continue;
    // Its channels are still to be opened: what is numbered can wait a little.
    if (packet.sequence() != 0 && reliable && !participant->has_channel(kReliable) &&
        participant->data.hold(bytes, turn.now)) {
      ++services_.counters.data_held;
      continue;
    }
    send_data(*participant, label, bytes);
  }
  flush(forwarded_, turn);
}

void Room::send_data(Participant& to, std::string_view label, const std::string& bytes) {
  const auto target = to.data_target();
  auto& peer = to.peer(target);
  const auto channel = peer.channel(label);
  if (!channel || peer.send_message(*channel, true, base::as_bytes(bytes), forwarded_))
    ++services_.counters.data_dropped_full;
  else
    ++services_.counters.data_forwarded;
  for (auto& event : forwarded_.events.take()) late_.push_back({&to, target, std::move(event)});
}

void Room::release_held_data(Participant& participant, Turn turn) {
  if (!participant.has_channel(kReliable)) return;
  for (const auto& bytes : participant.data.take_held(turn.now))
    send_data(participant, kReliable, bytes);
  flush(forwarded_, turn);
}

}  // namespace sidetone::server
