// The client's side of its publisher connection: it offers, the server answers.
//
// m=application stands first (mid 0), each published track appends a sendonly m=audio section. An
// unpublished section turns inactive and stays: mids and order never change (wire_protocol §4.3,
// §5.2). Where one connection carries both directions, sections to receive on are offered too; they
// stay recvonly for good, used or not (§4.5). Errors: sentences. Thread: the owner's. Source:
// LiveKit SignalRequest.offer / SignalResponse.answer.
#pragma once

#include <string>
#include <vector>

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

struct PublishedTrack {
  std::string cid;           // the msid's track id: what add_track said
  std::string stream = "-";  // the msid's stream id
  std::string cname;
  std::uint32_t ssrc = 0;  // not 0, unique on this connection
  bool red = false;        // offer RED (63) besides Opus (111); then no NACK on the section
  bool nack = true;
  bool dtx = false;
  bool stereo = false;
};

class PublisherOffer {
 public:
  // session_id: any random number (the o= line). Without `data` there is no m=application.
  explicit PublisherOffer(std::uint64_t session_id, bool data = true);

  // The new section's mid. Fails at kMaxSections, for SSRC 0 or one in use, for a cid with spaces.
  Outcome<std::string> add(PublishedTrack track);
  // A recvonly section, for the server to send a track on. Fails at kMaxSections.
  Outcome<std::string> add_reception();
  // False for an unknown or already inactive mid.
  bool remove(std::string_view mid);

  // The next offer; its version grows by one each time.
  Description offer(const TransportParameters& local);

  // The server's view of our audio sections, in our order; an answer that does not fit the last
  // offer (number, order, mids or kinds of sections) is refused. A section is accepted when it is
  // not rejected, receives() and has `opus`.
  Outcome<std::vector<AudioSection>> apply(const Description& answer) const;

 private:
  struct Slot {
    std::string mid;
    std::optional<PublishedTrack> track;  // none: inactive
    bool reception = false;               // recvonly, without a track
  };

  std::string next_mid() const;

  Section audio(const Slot& slot) const;

  std::uint64_t session_id_;
  std::uint64_t version_ = 1;
  bool data_;
  std::vector<Slot> slots_;
  std::size_t offered_ = 0;
};

}  // namespace sidetone::sdp
