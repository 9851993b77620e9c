// A transport's figures over all the connections there were: those of the ended ones are kept.
#pragma once

#include "core/peer/peer.hpp"
#include "core/session/outputs.hpp"

namespace sidetone::session {

class TransportFigures {
 public:
  // A connection has ended; its peer is about to go.
  void keep(const peer::Peer& ended);
  // `present`: the connection there is, or null.
  SessionFigures::Transport with(const peer::Peer* present) const;

 private:
  SessionFigures::Transport ended_;
};

}  // namespace sidetone::session
