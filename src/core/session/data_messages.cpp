#include "core/session/data_messages.hpp"

#include "core/room/room_state.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::session {

std::string DataMessages::encode(const Outgoing& message) const {
  livekit::DataPacket packet;
  packet.set_kind(message.reliable ? livekit::DataPacket::RELIABLE : livekit::DataPacket::LOSSY);
  if (message.reliable) packet.set_sequence(next_sequence_);
  auto& user = *packet.mutable_user();
  user.set_payload(message.payload.data(), message.payload.size());
  if (!message.topic.empty()) user.set_topic(std::string(message.topic));
  if (message.destinations != nullptr)
    for (const auto& identity : *message.destinations) packet.add_destination_identities(identity);
  return signal::encode(packet);
}

void DataMessages::sent(bool reliable, std::string bytes) {
  if (!reliable) return;
  kept_bytes_ += bytes.size();
  kept_.push_back({next_sequence_++, std::move(bytes)});
}

// The transport acknowledges in order: the unacknowledged bytes are those of the newest messages.
void DataMessages::trim(std::size_t buffered) {
  while (!kept_.empty() && kept_bytes_ - kept_.front().bytes.size() >= buffered) {
    kept_bytes_ -= kept_.front().bytes.size();
    kept_.pop_front();
  }
}

std::vector<std::string_view> DataMessages::unseen(std::uint32_t last_seen) {
  while (!kept_.empty() && kept_.front().sequence <= last_seen) {
    kept_bytes_ -= kept_.front().bytes.size();
    kept_.pop_front();
  }
  std::vector<std::string_view> messages;
  for (const auto& kept : kept_) messages.push_back(kept.bytes);
  return messages;
}

std::optional<livekit::DataPacket> DataMessages::decode(base::Bytes bytes, bool reliable) {
  livekit::DataPacket packet;
  if (!signal::decode(bytes, packet)) {
    ++undecodable_;
    return {};
  }
  if (reliable && packet.sequence() != 0 && !packet.participant_sid().empty()) {
    auto known = received_.find(packet.participant_sid());
    if (known != received_.end() && packet.sequence() <= known->second) {
      ++duplicates_;
      return {};
    }
    if (known != received_.end())
      known->second = packet.sequence();
    else if (received_.size() < room::kMaxParticipants)
      received_.emplace(packet.participant_sid(), packet.sequence());
  }
  return packet;
}

void DataMessages::restart() {
  next_sequence_ = 1;
  kept_.clear();
  kept_bytes_ = 0;
  received_.clear();
}

void DataMessages::forget(std::string_view participant_sid) {
  if (auto known = received_.find(participant_sid); known != received_.end())
    received_.erase(known);
}

}  // namespace sidetone::session
