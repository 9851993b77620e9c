// What the four documents share: lines of our transport, sections of audio and data, the check that
// an answer fits its offer.
#pragma once

#include "core/sdp/parameters.hpp"

namespace sidetone::sdp {

// Payload types every LiveKit peer uses (wire_protocol §5.3).
inline constexpr std::uint8_t kOpusType = 111;
inline constexpr std::uint8_t kRedType = 63;

// Our ids of the extensions we offer; an answer keeps the offer's.
inline constexpr std::uint8_t kLevelId = 1;
inline constexpr std::uint8_t kMidId = 4;

struct OpusLines {
  std::optional<std::uint8_t> type = kOpusType;
  std::optional<std::uint8_t> red;
  bool red_first = false;
  bool nack = false;
  bool dtx = false;
  bool stereo = false;
  bool sprop_stereo = false;
};

// An m=audio section with Opus, and RED around it; without a transport.
Section opus_section(std::string mid, Direction direction, const OpusLines& lines);

// The m=application section of WebRTC data channels.
Section data_section(std::string mid, const TransportParameters& local);

// The answer to a section nobody wants: port 0, formats and mid repeated (RFC 9429 §5.3.1).
Section refused(const Section& offered);

// The answer to a section that stays without media: the offer's first codec, inactive.
Section silenced(const Section& offered);

// The answer to a data section; port 0 when it is not SCTP over DTLS or we have no port.
Section data_answer(const Section& offered, const TransportParameters& local);

// Those of the offer's extensions that we read, under the offer's ids, in its order; an id or URI
// that another section of the description uses differently is left out.
std::vector<Extension> common_extensions(const Description& offer, const Section& offered);

// Fills in what the transport says: credentials, fingerprint and setup in each section, candidates
// in the first live one, the BUNDLE group of all live ones.
void add_transport(Description& description, const TransportParameters& local, Setup setup);

// Whether an answer may take the section: neither rejected nor outside the offer's bundle.
bool is_usable(const Description& offer, const Section& offered);

// add_transport() for an answer, which has a BUNDLE group only when the offer has one.
void add_transport_to_answer(Description& answer,
                             const Description& offer,
                             const TransportParameters& local,
                             Setup setup);

// Whether `answer` has the sections of the offer: `mids` of `data` (first) and audio.
std::optional<Error> mismatch(const Description& answer,
                              bool data,
                              const std::vector<std::string>& mids);

// What msid and ssrc lines may hold: one word without control characters, at most 256 bytes.
bool is_token(std::string_view text);

}  // namespace sidetone::sdp
