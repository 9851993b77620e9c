// The client's side of its subscriber connection: the answer to each offer of the server.
//
// recvonly for audio the server sends, inactive for its inactive or recvonly sections and for
// video, port 0 for port 0 and for kinds we do not know; setup:active (wire_protocol §4.4, §5.2).
// Errors: sentences. Thread: the owner's.
#pragma once

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

struct SubscriberAnswerOptions {
  bool red = true;     // accept RED where offered
  bool nack = true;    // accept generic NACK where offered
  bool stereo = true;  // say stereo=1 where the offer says sprop-stereo=1
};

class SubscriberAnswer {
 public:
  explicit SubscriberAnswer(std::uint64_t session_id) : session_id_(session_id) {}

  Outcome<Description> answer(const Description& offer,
                              const TransportParameters& local,
                              const SubscriberAnswerOptions& options);

 private:
  std::uint64_t session_id_;
  std::uint64_t version_ = 0;
};

}  // namespace sidetone::sdp
