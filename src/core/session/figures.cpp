#include "core/session/figures.hpp"

namespace sidetone::session {
namespace {

void add(const peer::Counters& from, peer::Counters& to) {
  to.datagrams_in += from.datagrams_in;
  to.datagrams_out += from.datagrams_out;
  to.bytes_in += from.bytes_in;
  to.bytes_out += from.bytes_out;
  to.strangers += from.strangers;
  to.unknown_protocol += from.unknown_protocol;
  to.before_keys += from.before_keys;
  to.unauthentic += from.unauthentic;
  to.replayed += from.replayed;
  to.unknown_ssrc += from.unknown_ssrc;
  to.malformed += from.malformed;
  to.no_path += from.no_path;
  to.retransmitted += from.retransmitted;
}

void add(const peer::Peer& peer, SessionFigures::Transport& sums) {
  add(peer.counters(), sums.packets);
  const auto audio = peer.totals();
  sums.audio.packets_sent += audio.packets_sent;
  sums.audio.packets_received += audio.packets_received;
  sums.audio.packets_lost += audio.packets_lost;
}

}  // namespace

void TransportFigures::keep(const peer::Peer& ended) {
  add(ended, ended_);
}

SessionFigures::Transport TransportFigures::with(const peer::Peer* present) const {
  auto sums = ended_;
  if (present == nullptr) return sums;
  add(*present, sums);
  sums.rtt = present->rtt();
  return sums;
}

}  // namespace sidetone::session
