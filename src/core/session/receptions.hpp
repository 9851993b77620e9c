// Which SSRC of a connection is which remote track, as the latest description of the server says;
// the peer's receivers follow it. Source: protocol/wire_protocol.md §4.4, §4.5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer/peer.hpp"
#include "core/sdp/parameters.hpp"
#include "livekit.pb.h"

namespace sidetone::session {

// One audio section of the latest description that carries a track. A section is reused for other
// tracks: only mid, track and SSRC together name a reception (§4.4).
struct Reception {
  std::string mid;
  std::string participant_sid;
  std::string track_sid;
  std::uint32_t ssrc = 0;
  std::uint8_t opus_type = 111;
  std::optional<std::uint8_t> red_type;

  friend bool operator==(const Reception&, const Reception&) = default;
};

// What a description changed.
struct ReceptionChanges {
  std::vector<Reception> ended;
  std::vector<Reception> begun;
};

class Receptions {
 public:
  // `sections` are those of `description`, whose map names the tracks where msid does not. A
  // section that sends and has no track is a free one.
  ReceptionChanges follow(const std::vector<sdp::AudioSection>& sections,
                          const livekit::SessionDescription& description,
                          base::Instant now,
                          peer::Peer& peer,
                          peer::Output& out);

  const Reception* find(std::uint32_t ssrc) const;
  bool receives(std::string_view track_sid) const;

  const std::vector<Reception>& all() const { return receptions_; }

 private:
  std::vector<Reception> receptions_;
};

}  // namespace sidetone::session
