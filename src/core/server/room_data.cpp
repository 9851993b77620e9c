// Room: data packets, forwarded with the sender's name on them and a bound per sender and per
// receiver (wire_protocol §4.6).
#include <algorithm>

#include "core/server/room.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::server {
namespace {

constexpr std::string_view kReliable = "_reliable";
constexpr std::string_view kLossy = "_lossy";

}  // namespace

void Room::on_message(Participant& sender, Target target, const peer::Message& message, Turn turn) {
  auto& counters = services_.counters;
  auto& peer = sender.peer(target);
  const bool reliable = message.channel == peer.channel(kReliable);
  const bool lossy = message.channel == peer.channel(kLossy);
  const bool granted = sender.grants().can_publish_data.value_or(sender.grants().can_publish);
  livekit::DataPacket packet;
  if ((!reliable && !lossy) || !granted || !signal::decode(message.bytes, packet)) {
    ++counters.data_dropped_invalid;
    return;
  }
  if (!sender.may_send_data(message.bytes.size(), turn.now)) {
    ++counters.data_dropped_rate;
    return;
  }
  if (reliable && packet.sequence() != 0) {
    if (packet.sequence() <= sender.last_sequence) {
      ++counters.data_dropped_invalid;
      return;
    }
    sender.last_sequence = packet.sequence();
  }
  if (!stamp(sender, reliable, packet)) {
    ++counters.data_dropped_invalid;
    return;
  }
  deliver(&sender, packet, reliable, turn);
}

// Who it is from is the server's word, never the sender's.
bool Room::stamp(const Participant& sender, bool reliable, livekit::DataPacket& packet) const {
  if (packet.value_case() == livekit::DataPacket::kTranscription && !sender.grants().agent &&
      sender.info().kind() != livekit::ParticipantInfo::AGENT)
    return false;
  packet.set_kind(reliable ? livekit::DataPacket::RELIABLE : livekit::DataPacket::LOSSY);
  packet.set_participant_sid(sender.sid());
  packet.set_participant_identity(sender.identity());
  if (packet.has_user()) {
    packet.mutable_user()->set_participant_sid(sender.sid());
    packet.mutable_user()->set_participant_identity(sender.identity());
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
  for (auto& participant : participants_) {
    if (participant.get() == sender) continue;
    if (!to.empty() && std::find(to.begin(), to.end(), participant->identity()) == to.end())
      continue;
    const auto target = participant->subscriber_primary() ? Target::subscriber : Target::publisher;
    auto& peer = participant->peer(target);
    const auto channel = peer.channel(reliable ? kReliable : kLossy);
    if (!channel || peer.send_message(*channel, true, base::as_bytes(bytes), forwarded_))
      ++services_.counters.data_dropped_full;
    else
      ++services_.counters.data_forwarded;
    for (auto& event : forwarded_.events.take())
      late_.push_back({participant.get(), target, std::move(event)});
  }
  flush(forwarded_, turn);
}

}  // namespace sidetone::server
