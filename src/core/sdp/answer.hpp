// What both answers share: each section of the offer gets one in its place, under our transport.
#pragma once

#include <functional>

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

// The setup an answerer takes: `active` unless the offerer insists on being active itself.
Setup answer_setup(Setup offered);

// The document's o= line.
struct Origin {
  std::uint64_t session_id = 0;
  std::uint64_t version = 0;
};

// `audio` answers the usable audio section at that index of the offer. Video stays without media,
// data is taken, what we do not know or the offer refuses gets port 0.
Outcome<Description> answer_to(const Description& offer,
                               const TransportParameters& local,
                               const Origin& origin,
                               const std::function<Section(std::size_t index)>& audio);

}  // namespace sidetone::sdp
