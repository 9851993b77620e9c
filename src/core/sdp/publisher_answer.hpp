// The server's side of a participant's publisher connection: the answer to each of its offers.
//
// Audio that the client sends is recvonly with the offer's payload types and extension ids;
// sections it only receives on, and all video, are inactive; kinds we do not know get port 0. The
// server answers `active` to actpass: it is the DTLS client (wire_protocol §5.2, §8.1, §8.5).
// Errors: sentences. Thread: the owner's.
#pragma once

#include <string>
#include <vector>

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

struct PublisherAnswerOptions {
  // How the track of one cid is wanted; others get the defaults below.
  struct Track {
    std::string cid;
    bool red = true;
    bool dtx = true;
    bool stereo = false;
  };

  bool red = true;   // accept RED where offered, and prefer it
  bool nack = true;  // accept generic NACK where offered and RED is not taken
  std::vector<Track> tracks;
};

class PublisherAnswer {
 public:
  explicit PublisherAnswer(std::uint64_t session_id) : session_id_(session_id) {}

  // `local.candidates` go into the first section; `local.setup` is overwritten by the rule above.
  Outcome<Description> answer(const Description& offer,
                              const TransportParameters& local,
                              const PublisherAnswerOptions& options);

 private:
  std::uint64_t session_id_;
  std::uint64_t version_ = 0;
};

}  // namespace sidetone::sdp
