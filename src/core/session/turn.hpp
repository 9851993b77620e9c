// What every step of a session needs: the time, and where wishes go.
#pragma once

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

}  // namespace sidetone::session
