#include "core/ice/turn_client.hpp"

#include <algorithm>
#include <utility>

#include "core/ice/demux.hpp"

namespace sidetone::ice {
namespace {

// RFC 8489 §6.2.1 starts at 500 ms to spare slow links; a connect that waits for a relay is worth
// two packets more. Seven in all, the last answer awaited as long as the last pause: 7.8 s.
constexpr base::Duration kFirstTimeout = std::chrono::milliseconds(200);
constexpr base::Duration kLongestTimeout = std::chrono::milliseconds(1600);
constexpr int kMaxTransmissions = 7;
constexpr base::Duration kStreamTimeout = std::chrono::milliseconds(7800);

constexpr std::uint32_t kLifetimeSeconds = 600;  // RFC 8656 §3.2: the default
constexpr std::uint32_t kShortestLifetime = 30;  // what a server grants less of is no use
constexpr std::uint32_t kLongestLifetime = 3600;

// RFC 8656 §12: 0x4000 to 0x4fff.
constexpr std::uint16_t kFirstChannel = 0x4000;
constexpr std::uint16_t kLastChannel = 0x4fff;
// Around a Send indication to an IPv6 peer: header 20, XOR-PEER-ADDRESS 24, DATA 4, padding 3.
constexpr std::size_t kMaxWrapBytes = 51;

std::string_view text_of(const crypto::Md5& key) {
  return base::as_text(key);
}

}  // namespace

TurnClient::TurnClient(TurnConfig config, base::RandomSource& random)
    : config_(std::move(config)),
      random_(&random),
      ask_family_(config_.v6),
      next_channel_(kFirstChannel) {
  peers_.reserve(kMaxTurnPeers);  // requests are found by pointer while an answer is worked off
  held_.reserve(kMaxHeldPackets);
}

void TurnClient::start(base::Instant now, Output& out) {
  if (state_ != TurnState::idle) return;
  now_ = now;
  if (config_.username.size() > stun::kMaxUsernameBytes || config_.username.empty())
    return fail("a TURN server needs a user name of 1 to 513 bytes");
  state_ = TurnState::allocating;
  begin(control_, stun::kAllocate, nullptr, out);
}

std::optional<TurnClient::Arrival> TurnClient::on_datagram(base::Bytes datagram,
                                                           base::Instant now,
                                                           Output& out) {
  now_ = now;
  if (state_ == TurnState::idle || state_ == TurnState::closed) return std::nullopt;
  if (!datagram.empty() && (datagram[0] & std::byte{0xc0}) == std::byte{0x40})
    return on_channel_data(datagram);
  auto message = stun::parse(datagram);
  if (!message) {
    ++counters_.malformed;
    return std::nullopt;
  }
  if (message->message_class == stun::Class::indication) return on_indication(*message);
  on_answer(*message, out);
  work(now, out);
  return std::nullopt;
}

//    0                   1                   2                   3
//   |  channel 0x4000 … 0x4fff      |  length of the data           |  data, padded on a stream
std::optional<TurnClient::Arrival> TurnClient::on_channel_data(base::Bytes datagram) {
  base::ByteReader reader(datagram);
  auto number = reader.u16();
  auto bytes = reader.take(reader.u16());
  if (!reader.ok()) {
    ++counters_.malformed;
    return std::nullopt;
  }
  auto peer = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& each) {
    return each.channel == number && each.binding;
  });
  if (peer == peers_.end()) {
    ++counters_.strangers;
    return std::nullopt;
  }
  peer->used = true;
  return Arrival{peer->endpoint, bytes};
}

std::optional<TurnClient::Arrival> TurnClient::on_indication(const stun::Message& message) {
  if (message.method != stun::kData || !message.peer || !message.data) {
    ++counters_.malformed;
    return std::nullopt;
  }
  // A permission is for an address; a peer behind a NAT sends from a port we do not know yet.
  auto same = [&](const Peer& peer) {
    return peer.endpoint.address == message.peer->address && peer.permission == Grant::granted;
  };
  if (std::none_of(peers_.begin(), peers_.end(), same)) {
    ++counters_.strangers;
    return std::nullopt;
  }
  if (auto* peer = find(*message.peer)) peer->used = true;
  return Arrival{*message.peer, *message.data};
}

void TurnClient::send(const base::Endpoint& endpoint, base::Bytes packet, Output& out) {
  auto* peer = state_ == TurnState::ready ? find(endpoint) : nullptr;
  if (peer == nullptr && state_ == TurnState::ready) peer = add(endpoint);
  if (peer == nullptr || peer->permission == Grant::refused) {
    ++counters_.dropped;
    return;
  }
  peer->used = true;
  if (!peer->binding && classify(packet) != PacketKind::stun && next_channel_ <= kLastChannel) {
    peer->binding = Grant::wanted;
    pending_ = true;
  }
  if (peer->permission == Grant::granted) return wrap(*peer, packet, out);
  hold(endpoint, packet);
}

void TurnClient::wrap(Peer& peer, base::Bytes packet, Output& out) {
  if (packet.size() > base::kMaxPacketBytes - kMaxWrapBytes) {
    ++counters_.dropped;
    return;
  }
  auto& wrapped = out.datagrams.push({config_.local, config_.server, {}}).packet;
  if (peer.binding == Grant::granted) {
    base::ByteWriter writer(wrapped.storage());
    writer.u16(peer.channel);
    writer.u16(packet.size());
    writer.bytes(packet);
    if (config_.stream) writer.zeros((4 - packet.size() % 4) % 4);
    wrapped.resize(writer.size());
    return;
  }
  stun::TransactionId id{};
  random_->fill(id);
  stun::Builder builder(wrapped.storage(), stun::Class::indication, id, stun::kSend);
  wrapped.resize(builder.peer(peer.endpoint).data(packet).finish().size());
}

void TurnClient::hold(const base::Endpoint& peer, base::Bytes packet) {
  pending_ = true;
  if (held_.size() == kMaxHeldPackets) {
    held_.erase(held_.begin());  // the oldest: its sender sends it again, or it is late by now
    ++counters_.dropped;
  }
  held_.push_back({peer, base::Packet(packet)});
}

void TurnClient::release(const base::Address& address, Output& out) {
  for (const auto& held : held_)
    if (held.peer.address == address)
      if (auto* peer = find(held.peer)) wrap(*peer, held.packet.bytes(), out);
  std::erase_if(held_, [&](const Held& held) { return held.peer.address == address; });
}

TurnClient::Peer* TurnClient::find(const base::Endpoint& endpoint) {
  auto found = std::find_if(peers_.begin(), peers_.end(),
                            [&](const Peer& peer) { return peer.endpoint == endpoint; });
  return found == peers_.end() ? nullptr : &*found;
}

TurnClient::Peer* TurnClient::add(const base::Endpoint& endpoint) {
  if (peers_.size() == kMaxTurnPeers) return nullptr;
  auto& peer = peers_.emplace_back();
  peer.endpoint = endpoint;
  for (const auto& other : peers_)
    if (&other != &peer && other.endpoint.address == endpoint.address)
      peer.permission = other.permission == Grant::granted ? Grant::granted : peer.permission;
  return &peer;
}

bool TurnClient::asking_for(const base::Address& address) const {
  return std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
    return peer.endpoint.address == address && peer.permitting.resend_at;
  });
}

void TurnClient::on_deadline(base::Instant now, Output& out) {
  now_ = now;
  work(now, out);
}

void TurnClient::work(base::Instant now, Output& out) {
  pending_ = false;
  if (state_ != TurnState::allocating && state_ != TurnState::ready) return;
  if (base::is_due(control_.resend_at, now)) repeat(control_, nullptr, out);
  if (state_ != TurnState::ready) return;
  if (now >= expires_at_) return fail("the allocation ended: the server did not renew it");
  if (base::is_due(refresh_at_, now)) {
    refresh_at_.reset();
    begin(control_, stun::kRefresh, nullptr, out);
  }
  for (auto& peer : peers_) {
    renew(peer, now);
    work_for(peer, now, out);
  }
  std::erase_if(peers_, [&](const Peer& peer) {
    return !peer.used && base::is_due(peer.renew_permission_at, now);
  });
}

// What ends soon is asked for anew, unless nobody used it since.
void TurnClient::renew(Peer& peer, base::Instant now) {
  if (!base::is_due(peer.renew_permission_at, now) || !peer.used) return;
  peer.renew_permission_at = now + kPermissionRenewal;
  peer.used = false;
  peer.renewing = !asking_for(peer.endpoint.address);  // one request serves all ports of an address
}

void TurnClient::work_for(Peer& peer, base::Instant now, Output& out) {
  bool first = peer.permission == Grant::wanted && !asking_for(peer.endpoint.address);
  if (first || std::exchange(peer.renewing, false)) {
    if (first) peer.permission = Grant::asked;
    begin(peer.permitting, stun::kCreatePermission, &peer, out);
  } else if (base::is_due(peer.permitting.resend_at, now)) {
    repeat(peer.permitting, &peer, out);
  }
  bool bind = peer.binding == Grant::wanted && peer.permission == Grant::granted;
  if (bind || base::is_due(peer.renew_binding_at, now)) {
    if (peer.channel == 0) peer.channel = next_channel_++;
    if (bind) peer.binding = Grant::asked;
    peer.renew_binding_at.reset();
    begin(peer.channelling, stun::kChannelBind, &peer, out);
  } else if (base::is_due(peer.channelling.resend_at, now)) {
    repeat(peer.channelling, &peer, out);
  }
}

void TurnClient::begin(Request& request, std::uint16_t method, const Peer* peer, Output& out) {
  request = {};
  request.method = method;
  random_->fill(request.id);
  request.transmissions = 1;
  request.timeout = config_.stream ? kStreamTimeout : kFirstTimeout;
  request.resend_at = now_ + request.timeout;
  ++counters_.requests;
  transmit(request, peer, out);
}

void TurnClient::repeat(Request& request, Peer* peer, Output& out) {
  if (config_.stream || request.transmissions >= kMaxTransmissions) {
    request.resend_at.reset();
    return timed_out(request, peer);
  }
  ++request.transmissions;
  request.timeout = std::min(request.timeout * 2, kLongestTimeout);
  request.resend_at = now_ + request.timeout;
  ++counters_.retransmissions;
  transmit(request, peer, out);
}

void TurnClient::timed_out(const Request& request, Peer* peer) {
  if (peer == nullptr) return fail("the server does not answer");
  refuse(request, *peer, 0);
}

void TurnClient::transmit(const Request& request, const Peer* peer, Output& out) {
  auto& packet = out.datagrams.push({config_.local, config_.server, {}}).packet;
  stun::Builder builder(packet.storage(), stun::Class::request, request.id, request.method);
  switch (request.method) {
    case stun::kAllocate:
      builder.requested_udp();
      if (ask_family_) builder.requested_family(true);
      break;
    case stun::kRefresh:
      builder.lifetime(state_ == TurnState::closed ? 0 : kLifetimeSeconds);
      break;
    case stun::kChannelBind: builder.channel(peer->channel).peer(peer->endpoint); break;
    default: builder.peer(peer->endpoint); break;
  }
  if (!nonce_.empty()) builder.long_term(config_.username, realm_, nonce_).integrity(text_of(key_));
  packet.resize(builder.finish().size());
}

void TurnClient::set_refresh(std::uint32_t seconds) {
  auto granted = std::chrono::seconds(std::clamp(seconds, kShortestLifetime, kLongestLifetime));
  expires_at_ = now_ + granted;
  // A minute early, as RFC 8656 §7 advises, or half way when there is less than two.
  refresh_at_ = now_ + std::max<base::Duration>(granted - std::chrono::minutes(1), granted / 2);
}

void TurnClient::fail(std::string why) {
  state_ = TurnState::failed;
  trouble_ = std::move(why);
  control_.resend_at.reset();
  counters_.dropped += held_.size();
  held_.clear();
}

void TurnClient::close(Output& out) {
  bool allocated = state_ == TurnState::ready;
  state_ = TurnState::closed;
  if (!allocated) return;
  begin(control_, stun::kRefresh, nullptr, out);
  control_.resend_at.reset();
}

base::Deadline TurnClient::next_deadline() const {
  if (state_ == TurnState::allocating) return control_.resend_at;
  if (state_ != TurnState::ready) return std::nullopt;
  if (pending_) return now_;
  auto next = base::earliest(control_.resend_at, base::earliest(refresh_at_, expires_at_));
  for (const auto& peer : peers_) {
    next = base::earliest(next, peer.permitting.resend_at);
    next = base::earliest(next, peer.channelling.resend_at);
    next = base::earliest(next, peer.renew_permission_at);
    next = base::earliest(next, peer.renew_binding_at);
  }
  return next;
}

}  // namespace sidetone::ice
