// What every step of a session needs: the time, and where wishes go.
#pragma once

#include <utility>

#include "core/base/outbox.hpp"
#include "core/base/time.hpp"
#include "core/session/outputs.hpp"
#include "livekit.pb.h"

namespace sidetone::session {

struct Turn {
  base::Instant now;
  Outputs& out;
  base::Outbox<livekit::SignalRequest>& requests;  // to the server, sent at the end of the turn
};

// What a transport wants from the network goes out.
inline void drain(peer::Output& output, Turn& turn) {
  for (auto& datagram : output.datagrams) turn.out.datagrams.push(datagram);
  output.datagrams.clear();
  for (auto& wish : output.network) turn.out.network.push(std::move(wish));
  output.network.clear();
}

}  // namespace sidetone::session
