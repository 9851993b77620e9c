// How packets pass between the layers of a Peer, and what its state is.
#include <utility>

#include "core/ice/demux.hpp"
#include "core/peer/peer.hpp"

namespace sidetone::peer {
namespace {

srtp::KeyingMaterial material(const dtls::SrtpKeys& keys) {
  // Both sides number the profiles as the DTLS-SRTP registry does.
  return {.profile = static_cast<srtp::Profile>(keys.profile),
          .client = {keys.client_key, keys.client_salt},
          .server = {keys.server_key, keys.server_salt}};
}

}  // namespace

void Peer::on_datagram(const Incoming& datagram, Instant now, Output& out) {
  last_was_check_ = false;
  if (ended_) return;
  ++counters_.datagrams_in;
  counters_.bytes_in += datagram.bytes.size();
  auto packet = connectivity_.unwrap(datagram, now, ice_out_);
  if (packet) on_packet(*packet, now, out);
  if (!ice_out_.datagrams.empty() || !packet) after_ice(now, out);
}

void Peer::on_packet(const Incoming& datagram, Instant now, Output& out) {
  auto kind = datagram.bytes.size() <= base::kMaxPacketBytes ? ice::classify(datagram.bytes)
                                                             : ice::PacketKind::unknown;
  if (kind == ice::PacketKind::unknown) {
    ++counters_.unknown_protocol;
    return;
  }
  if (kind == ice::PacketKind::stun) {
    last_was_check_ = connectivity_.on_datagram(datagram, now, ice_out_);
    return after_ice(now, out);
  }
  if (!connectivity_.is_verified({datagram.local, datagram.remote})) {
    ++counters_.strangers;
    return;
  }
  if (kind == ice::PacketKind::dtls) return on_dtls_packet(datagram, now, out);
  if (kind == ice::PacketKind::rtp) {
    media_.on_rtp(datagram, out);
  } else {
    media_.on_rtcp(datagram, now, media_out_);
    after_media(out);
  }
  deadline_ = base::earliest(deadline_, media_.next_deadline());
}

void Peer::on_dtls_packet(const Incoming& datagram, Instant now, Output& out) {
  if (!connectivity_.selected()) dtls_path_ = {datagram.local, datagram.remote};
  // Before the answer is here: we offered actpass, and whoever speaks first is the client.
  if (!role_) role_ = dtls::Role::server;
  start_dtls(*role_, now, out);
  dtls_.on_packet(datagram.bytes, now, dtls_out_);
  after_dtls(now, out);
  update_state(out);
}

void Peer::start_dtls(dtls::Role role, Instant now, Output& out) {
  if (dtls_.state() != dtls::State::idle) return;
  dtls_.start(role, now, dtls_out_);
  after_dtls(now, out);
}

// Datagrams, wishes and candidates.
void Peer::emit_ice(Output& out) {
  for (auto& datagram : ice_out_.datagrams) {
    ++counters_.datagrams_out;
    counters_.bytes_out += datagram.packet.size();
    out.datagrams.push(datagram);
  }
  for (auto& wish : ice_out_.network) out.network.push(std::move(wish));
  ice_out_.clear();
  deadline_ = base::earliest(deadline_, connectivity_.next_deadline());
}

void Peer::after_ice(Instant now, Output& out) {
  emit_ice(out);
  for (auto& text : connectivity_.found()) out.events.push(CandidateFound{std::move(text)});
  if (connectivity_.selected() && role_ == dtls::Role::client)
    start_dtls(dtls::Role::client, now, out);
  update_state(out);
}

void Peer::after_dtls(Instant now, Output& out) {
  for (const auto& packet : dtls_out_.packets) transmit(packet.bytes(), out);
  dtls_out_.packets.clear();
  // Keys first: what came with them needs them. An end last: what came before it still counts.
  auto events = dtls_out_.events.take();
  for (auto& event : events)
    if (auto* connected = std::get_if<dtls::Connected>(&event)) use_keys(connected->keys, now, out);
  for (const auto& packet : dtls_out_.data) channels_.on_packet(packet.bytes(), now, sctp_out_);
  dtls_out_.data.clear();
  after_sctp(out);
  for (auto& event : events) {
    if (auto* failed = std::get_if<dtls::Failed>(&event))
      end(State::failed, std::move(failed->reason), out);
    else if (std::holds_alternative<dtls::Closed>(event))
      end(State::closed, "the other side closed the connection", out);
  }
  deadline_ = base::earliest(deadline_, dtls_.next_deadline());
}

void Peer::use_keys(const dtls::SrtpKeys& keys, Instant now, Output& out) {
  if (media_.start(material(keys), role_ == dtls::Role::client, now, out))
    return end(State::failed, "SRTP refused the keys", out);
  deadline_ = base::earliest(deadline_, media_.next_deadline());
  update_state(out);
  start_channels(now, out);
}

// SCTP's packets leave through DTLS, its events through ours.
void Peer::after_sctp(Output& out) {
  for (const auto& packet : sctp_out_.packets)
    static_cast<void>(dtls_.send(packet.bytes(), dtls_out_));
  sctp_out_.packets.clear();
  for (const auto& packet : dtls_out_.packets) transmit(packet.bytes(), out);
  dtls_out_.packets.clear();
  channels_.translate(sctp_out_, out);
}

void Peer::after_media(Output& out) {
  for (const auto& packet : media_out_) transmit(packet.bytes(), out);
  media_out_.clear();
}

void Peer::transmit(Bytes packet, Output& out) {
  const auto& selected = connectivity_.selected();
  const auto* path = selected ? &*selected : nullptr;
  if (path == nullptr && dtls_path_ && !media_.keyed()) path = &*dtls_path_;
  if (path == nullptr) {
    ++counters_.no_path;
    return;
  }
  if (!connectivity_.is_direct(*path)) {
    connectivity_.wrap(*path, packet, ice_out_);
    return emit_ice(out);
  }
  ++counters_.datagrams_out;
  counters_.bytes_out += packet.size();
  out.datagrams.push({path->local, path->remote, base::Packet(packet)});
}

void Peer::on_deadline(Instant now, Output& out) {
  if (ended_) return;
  if (base::is_due(connectivity_.next_deadline(), now)) {
    connectivity_.on_deadline(now, ice_out_);
    after_ice(now, out);
  }
  if (base::is_due(dtls_.next_deadline(), now)) {
    dtls_.on_deadline(now, dtls_out_);
    after_dtls(now, out);
  }
  if (base::is_due(media_.next_deadline(), now)) {
    media_.on_deadline(now, media_out_);
    after_media(out);
  }
  recompute_deadline();
}

void Peer::recompute_deadline() {
  deadline_.reset();
  if (ended_) return;
  deadline_ = base::earliest(connectivity_.next_deadline(), dtls_.next_deadline());
  deadline_ = base::earliest(deadline_, media_.next_deadline());
}

State Peer::compute_state() const {
  switch (connectivity_.state()) {
    case ice::State::idle: return role_ ? State::connecting : State::idle;
    case ice::State::failed: return State::failed;
    case ice::State::checking: return State::connecting;
    case ice::State::connected: return media_.keyed() ? State::connected : State::connecting;
    case ice::State::disconnected: break;
  }
  return media_.keyed() ? State::disconnected : State::connecting;
}

void Peer::update_state(Output& out) {
  if (ended_) return;
  auto state = compute_state();
  if (std::exchange(state_, state) == state) return;
  out.events.push(StateChanged{
      state, state == State::failed ? "no path to the other side works: " + explain() : ""});
}

void Peer::end(State state, std::string reason, Output& out) {
  if (ended_) return;
  sctp::Outbox unheard;
  channels_.close(unheard);
  connectivity_.close(ice_out_);
  emit_ice(out);
  media_.stop();
  ended_ = true;
  state_ = state;
  deadline_.reset();
  out.events.push(StateChanged{state, std::move(reason)});
}

}  // namespace sidetone::peer
