// What one stranger, one participant and one server may cost, in one place. Everything over a limit
// is refused or dropped, and counted.
#pragma once

#include <cstddef>

#include "core/base/time.hpp"

namespace sidetone::server {

struct Limits {
  std::size_t rooms = 1000;
  std::size_t participants_per_room = 1000;
  std::size_t participants = 5000;
  std::size_t tracks_per_participant = 32;
  std::size_t ssrcs_per_participant = 64;
  // The real server's limits (wire_protocol §1.1, §9.3); those of identities and room names are the
  // token's (core/signal/token.hpp).
  std::size_t name_bytes = 256;  // of participants and tracks
  std::size_t metadata_bytes = 512 * 1024;
  std::size_t attributes_bytes = 64 * 1024;
  // Token bucket for data packets of one participant: the rate, and one second of burst.
  std::size_t data_bytes_per_second = 1'000'000;
  // Numbered packets wait this long, and this many bytes of them, for the channels of one who is
  // still joining (wire_protocol §4.6).
  base::Duration data_held_for = std::chrono::seconds(2);
  std::size_t data_held_bytes = 256 * 1024;
  // A participant whose transport never comes up is removed after this long (JOIN_FAILURE).
  base::Duration join_timeout = std::chrono::seconds(60);
  // One whose signal connection or transport is gone waits this long for a resume (20.7 s on the
  // real server).
  base::Duration departure_timeout = std::chrono::seconds(20);
  // An answer that never comes ends the session (STATE_MISMATCH), as on the real server.
  base::Duration answer_timeout = std::chrono::seconds(15);
  // How often a participant gets a fresh token (wire_protocol §1.3).
  base::Duration token_interval = std::chrono::seconds(300);
};

}  // namespace sidetone::server
