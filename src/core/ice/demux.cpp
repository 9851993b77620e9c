#include "core/ice/demux.hpp"

#include <algorithm>

#include "core/ice/stun.hpp"

namespace sidetone::ice {

PacketKind classify(base::Bytes datagram) {
  if (datagram.size() < 2) return PacketKind::unknown;
  auto first = std::to_integer<unsigned>(datagram[0]);
  if (first <= 3) return PacketKind::stun;
  if (first >= 20 && first <= 63) return PacketKind::dtls;
  if (first < 128 || first > 191) return PacketKind::unknown;
  auto second = std::to_integer<unsigned>(datagram[1]);
  return second >= 192 && second <= 223 ? PacketKind::rtcp : PacketKind::rtp;
}

bool Demux::add_ufrag(std::string_view ufrag, Id id) {
  if (auto found = ufrags_.find(ufrag); found != ufrags_.end()) return found->second == id;
  if (ufrag.empty() || (!transports_.contains(id) && transports_.size() >= limits_.transports))
    return false;
  auto& keys = transports_[id];
  if (keys.ufrags.size() >= limits_.ufrags_per_transport)
    remove_ufrag(std::string(keys.ufrags.front()));
  keys.ufrags.emplace_back(ufrag);
  ufrags_.emplace(ufrag, id);
  return true;
}

void Demux::remove_ufrag(std::string_view ufrag) {
  auto found = ufrags_.find(ufrag);
  if (found == ufrags_.end()) return;
  std::erase(transports_[found->second].ufrags, ufrag);
  ufrags_.erase(found);
}

bool Demux::verify(const base::Endpoint& remote, Id id, base::Instant now) {
  auto transport = transports_.find(id);
  if (transport == transports_.end()) return false;
  if (auto found = addresses_.find(remote); found != addresses_.end()) {
    auto& owner = found->second;
    if (owner.id == id) {
      owner.verified = now;
      return true;
    }
    if (now < owner.verified + limits_.owner_keeps) return false;
    forget_address(remote, owner.id);
  }
  auto& addresses = transport->second.addresses;
  if (addresses.size() >= limits_.addresses_per_transport) {
    auto oldest = std::min_element(addresses.begin(), addresses.end(), [this](auto& a, auto& b) {
      return addresses_.at(a).verified < addresses_.at(b).verified;
    });
    addresses_.erase(*oldest);
    addresses.erase(oldest);
  }
  addresses.push_back(remote);
  addresses_[remote] = {id, now};
  return true;
}

void Demux::forget_address(const base::Endpoint& remote, Id id) {
  std::erase(transports_[id].addresses, remote);
  addresses_.erase(remote);
}

void Demux::remove(Id id) {
  auto found = transports_.find(id);
  if (found == transports_.end()) return;
  for (const auto& ufrag : found->second.ufrags) ufrags_.erase(ufrag);
  for (const auto& address : found->second.addresses) addresses_.erase(address);
  transports_.erase(found);
}

std::optional<Demux::Id> Demux::route(const base::Endpoint& remote, base::Bytes datagram) const {
  switch (classify(datagram)) {
    case PacketKind::unknown: return std::nullopt;
    case PacketKind::dtls:
    case PacketKind::rtp:
    case PacketKind::rtcp: return by_address(remote);
    case PacketKind::stun: break;
  }
  auto message = stun::parse(datagram);
  if (!message) return std::nullopt;
  if (message->message_class != stun::Class::request) return by_address(remote);
  auto parts = stun::split_username(message->username);
  return parts ? by_ufrag(parts->receiver) : std::nullopt;
}

std::optional<Demux::Id> Demux::by_ufrag(std::string_view ufrag) const {
  auto found = ufrags_.find(ufrag);
  return found == ufrags_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Demux::Id> Demux::by_address(const base::Endpoint& remote) const {
  auto found = addresses_.find(remote);
  return found == addresses_.end() ? std::nullopt : std::optional(found->second.id);
}

}  // namespace sidetone::ice
