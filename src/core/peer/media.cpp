#include "core/peer/media.hpp"

#include <algorithm>

namespace sidetone::peer {
namespace {

// SRTP knows at most 256 SSRCs each way. Streams that went leave their state until it is this full:
// a browser may come back with the same SSRC, and a released one would be refused.
constexpr std::size_t kCrowdedStreams = srtp::Session::kMaxStreams * 3 / 4;

// How many SSRCs one connection may use up: SRTP remembers no more.
constexpr std::size_t kMaxUsedSsrcs = srtp::Session::kMaxReleased;

void add(const rtp::Sender& sender, AudioTotals& totals) {
  totals.packets_sent += sender.stats().packets_sent;
}

void add(const rtp::Receiver& receiver, AudioTotals& totals) {
  const auto stats = receiver.stats();
  totals.packets_received += stats.packets_received;
  totals.packets_lost += stats.packets_lost;
}

}  // namespace

Media::Media(const Config& config, Counters& counters)
    : config_(config),
      counters_(counters),
      reporter_({.local_ssrc = 1, .cname = config.cname, .wall = config.wall}, *config.random) {}

error_code Media::start(const srtp::KeyingMaterial& keys,
                        bool dtls_client,
                        Instant now,
                        Output& out) {
  auto session = srtp::Session::create(keys, dtls_client);
  if (!session) return session.error();
  session_.emplace(std::move(*session));
  reporter_.start(now);
  for (auto& held : std::exchange(before_keys_, {})) {
    if (held.arrival + kHoldFor < now)
      ++counters_.before_keys;
    else
      open_rtp(held.packet, held.arrival, out);
  }
  recompute_deadline();
  return {};
}

void Media::stop() {
  session_.reset();
  before_keys_ = {};
  before_receiver_ = {};
  deadline_.reset();
}

error_code Media::add_sender(rtp::SenderConfig config) {
  auto ssrc = config.ssrc;
  bool used = std::find(used_ssrcs_.begin(), used_ssrcs_.end(), ssrc) != used_ssrcs_.end();
  if (ssrc == 0 || used || senders_.contains(ssrc)) return errc::invalid_argument;
  if (senders_.size() >= config_.max_senders || used_ssrcs_.size() >= kMaxUsedSsrcs)
    return errc::overflow;
  config.wall = config_.wall;
  if (config.cname.empty()) config.cname = config_.cname;
  senders_.try_emplace(ssrc, std::move(config), *config_.random);
  return {};
}

AudioTotals Media::totals() const {
  auto totals = ended_;
  for (const auto& [ssrc, sender] : senders_) add(sender, totals);
  for (const auto& [ssrc, receiver] : receivers_) add(receiver, totals);
  return totals;
}

void Media::remove_sender(std::uint32_t ssrc) {
  const auto found = senders_.find(ssrc);
  if (found == senders_.end()) return;
  add(found->second, ended_);
  senders_.erase(found);
  used_ssrcs_.push_back(ssrc);
  if (session_) static_cast<void>(session_->release_outbound(ssrc));
}

error_code Media::add_receiver(const rtp::ReceiverConfig& config, Instant now, Output& out) {
  if (config.ssrc == 0 || receivers_.contains(config.ssrc)) return errc::invalid_argument;
  if (receivers_.size() >= config_.max_receivers) return errc::overflow;
  auto& receiver = receivers_.try_emplace(config.ssrc, config).first->second;
  std::erase(idle_ssrcs_, config.ssrc);
  list_receivers();
  expire(now);
  auto mine = [&](const Held& held) { return held.ssrc == config.ssrc; };
  for (const auto& held : before_receiver_)
    if (mine(held)) deliver(receiver, held.packet.bytes(), held.arrival, out);
  std::erase_if(before_receiver_, mine);
  if (before_receiver_.empty()) before_receiver_ = {};
  return {};
}

void Media::remove_receiver(std::uint32_t ssrc) {
  const auto found = receivers_.find(ssrc);
  if (found == receivers_.end()) return;
  add(found->second, ended_);
  receivers_.erase(found);
  list_receivers();
  idle_ssrcs_.push_back(ssrc);
  auto crowded = [&] {
    return idle_ssrcs_.size() > srtp::Session::kMaxStreams ||
           (session_ && session_->inbound_streams() > kCrowdedStreams);
  };
  while (!idle_ssrcs_.empty() && crowded()) {
    if (session_) static_cast<void>(session_->release_inbound(idle_ssrcs_.front()));
    idle_ssrcs_.erase(idle_ssrcs_.begin());
  }
}

void Media::list_receivers() {
  receiver_list_.clear();
  for (auto& [ssrc, receiver] : receivers_) receiver_list_.push_back(&receiver);
}

rtp::Sender* Media::sender(std::uint32_t ssrc) {
  auto it = senders_.find(ssrc);
  return it == senders_.end() ? nullptr : &it->second;
}

const rtp::Receiver* Media::receiver(std::uint32_t ssrc) const {
  auto it = receivers_.find(ssrc);
  return it == receivers_.end() ? nullptr : &it->second;
}

void Media::on_rtp(const Incoming& datagram, Output& out) {
  if (!session_) {
    Held held{datagram.arrival, 0, base::Packet(datagram.bytes)};
    if (!hold(before_keys_, held)) ++counters_.before_keys;
    return;
  }
  scratch_.assign(datagram.bytes);
  open_rtp(scratch_, datagram.arrival, out);
}

void Media::open_rtp(base::Packet& packet, Instant arrival, Output& out) {
  auto status = session_->unprotect_rtp(packet);
  if (status != srtp::Status::ok) return count(status);
  auto ssrc = rtp::packet_ssrc(packet.bytes()).value_or(0);
  auto it = receivers_.find(ssrc);
  if (it != receivers_.end()) return deliver(it->second, packet.bytes(), arrival, out);
  if (!hold(before_receiver_, {arrival, ssrc, packet})) ++counters_.unknown_ssrc;
}

void Media::deliver(rtp::Receiver& receiver, Bytes packet, Instant arrival, Output& out) {
  auto view = rtp::parse_packet(packet);
  if (!view) {
    ++counters_.malformed;
    return;
  }
  receiver.on_packet(*view, arrival, out.rtp);
  hasten(receiver.next_deadline());
}

bool Media::hold(std::vector<Held>& held, const Held& packet) {
  if (held.size() >= kMaxHeld) return false;
  held.push_back(packet);
  hasten(packet.arrival + kHoldFor);
  return true;
}

void Media::count(srtp::Status status) {
  switch (status) {
    case srtp::Status::ok: break;
    case srtp::Status::replayed: ++counters_.replayed; break;
    case srtp::Status::released:
    case srtp::Status::too_many_streams: ++counters_.unknown_ssrc; break;
    case srtp::Status::malformed:
    case srtp::Status::unauthentic:
    case srtp::Status::engine_failure: ++counters_.unauthentic; break;
  }
}

error_code Media::protect(rtp::Sender& sender, base::Packet& packet) {
  if (!session_) return errc::would_block;
  if (session_->protect_rtp(packet) != srtp::Status::ok) return errc::media_failure;
  sender.sent(packet);
  hasten(sender.next_deadline());
  return {};
}

void Media::on_deadline(Instant now, base::Outbox<base::Packet>& to_send) {
  expire(now);
  if (session_) {
    for (auto& [ssrc, sender] : senders_)
      if (base::is_due(sender.next_deadline(), now)) sender.on_deadline(now, rtcp_);
    for (auto& [ssrc, receiver] : receivers_)
      if (base::is_due(receiver.next_deadline(), now)) receiver.on_deadline(now, rtcp_);
    reporter_.on_deadline(now, receiver_list_, rtcp_);
    for (auto& packet : rtcp_)
      if (session_->protect_rtcp(packet) == srtp::Status::ok) to_send.push(packet);
    rtcp_.clear();
  }
  recompute_deadline();
}

// Packets come in order of arrival, near enough.
void Media::expire(Instant now) {
  auto old = [&](const Held& held) { return held.arrival + kHoldFor <= now; };
  counters_.before_keys += std::erase_if(before_keys_, old);
  counters_.unknown_ssrc += std::erase_if(before_receiver_, old);
  // Their memory is for the moments of a beginning only.
  if (before_keys_.empty()) before_keys_ = {};
  if (before_receiver_.empty()) before_receiver_ = {};
}

void Media::recompute_deadline() {
  deadline_.reset();
  if (!before_keys_.empty()) hasten(before_keys_.front().arrival + kHoldFor);
  if (!before_receiver_.empty()) hasten(before_receiver_.front().arrival + kHoldFor);
  if (!session_) return;
  hasten(reporter_.next_deadline());
  for (const auto& [ssrc, sender] : senders_) hasten(sender.next_deadline());
  for (const auto& [ssrc, receiver] : receivers_) hasten(receiver.next_deadline());
}

}  // namespace sidetone::peer
