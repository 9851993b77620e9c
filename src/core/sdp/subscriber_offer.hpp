// The server's side of a participant's subscriber connection: it offers, the client answers.
//
// m=application first (mid 0), then one sendonly m=audio section per forwarded track with
// msid "PA_…|TR_… TR_…" and one SSRC. A removed track leaves an inactive section, which a later
// track reuses (same mid, new msid and SSRC) once the client has answered it as inactive
// (wire_protocol §4.4, §5.1). No header extensions are offered.
// Errors: sentences. Thread: the owner's. Source: SignalResponse.offer / SignalRequest.answer.
#pragma once

#include <string>
#include <vector>

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

struct ForwardedTrack {
  std::string participant_sid;
  std::string track_sid;
  std::uint32_t ssrc = 0;  // not 0, unique on this connection
  bool red = false;        // the publisher sends RED: offer 63 besides 111, no NACK
  bool nack = true;
  bool stereo = false;
};

class SubscriberOffer {
 public:
  explicit SubscriberOffer(std::uint64_t session_id, bool data = true);

  // The section's mid. Fails at kMaxSections, for SSRC 0 or one in use.
  Outcome<std::string> add(ForwardedTrack track);
  bool remove(std::string_view mid);

  Description offer(const TransportParameters& local);

  // The client's view of the audio sections of the last offer, in order. Forward on those that are
  // not rejected, receives() and have `opus`; RED only where `red` is there.
  Outcome<std::vector<AudioSection>> apply(const Description& answer);

 private:
  enum class State { active, removed, offered_inactive, free };

  struct Slot {
    std::string mid;
    State state = State::active;
    ForwardedTrack track;
  };

  Section audio(const Slot& slot) const;

  std::uint64_t session_id_;
  std::uint64_t version_ = 0;
  bool data_;
  std::vector<Slot> slots_;
  std::size_t offered_ = 0;
};

}  // namespace sidetone::sdp
