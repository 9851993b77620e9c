// What a peer needs to know from a description, read out of it; and what a builder needs to know of
// our own transport to write one.
//
// All sections are bundled on one transport: ICE credentials, fingerprint and setup may stand at
// the session or in a section (wire_protocol §5.1, §5.7); candidates are taken from every section.
// Errors: sentences. Thread: any; values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sdp/description.hpp"

namespace sidetone::sdp {

inline constexpr std::string_view kAudioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
inline constexpr std::string_view kMidUri = "urn:ietf:params:rtp-hdrext:sdes:mid";

// What one side says of its end of the transport. `setup` is what its description says.
struct TransportParameters {
  std::string ice_ufrag;
  std::string ice_pwd;
  Fingerprint fingerprint;  // sha-256
  Setup setup = Setup::actpass;
  bool ice_lite = false;
  std::vector<std::string> candidates;  // of component 1, "candidate:…"
  bool end_of_candidates = false;
  std::uint16_t sctp_port = 0;  // 0: no data section
  std::uint32_t max_message_size =
      0;  // 0: no data section; 65536 when it says nothing (RFC 8841 §6)

  friend bool operator==(const TransportParameters&, const TransportParameters&) = default;
};

// Fails without credentials or a sha-256 fingerprint, when two bundled sections contradict each
// other, or when there are several sections and no BUNDLE group.
Outcome<TransportParameters> transport_parameters(const Description& description);

// One m=audio section as its writer sees it.
struct AudioSection {
  std::size_t index = 0;  // position among all sections
  std::string mid;
  bool rejected = false;
  Direction direction = Direction::inactive;
  std::optional<Msid> msid;  // from a=msid or a=ssrc … msid
  std::uint32_t ssrc = 0;    // the first a=ssrc; 0: none
  std::string cname;
  std::optional<std::uint8_t> opus;             // payload type of opus/48000/2
  std::optional<std::uint8_t> red;              // payload type of red whose blocks are that opus
  bool red_first = false;                       // red is preferred
  bool nack = false;                            // generic NACK for opus
  bool stereo = false;                          // stereo=1 or sprop-stereo=1
  bool dtx = false;                             // usedtx=1
  std::optional<std::uint8_t> level_extension;  // 1..14
  std::optional<std::uint8_t> mid_extension;

  friend bool operator==(const AudioSection&, const AudioSection&) = default;
};

AudioSection audio_section(const Description& description, std::size_t index);
std::vector<AudioSection> audio_sections(const Description& description);

// The payload type of opus/48000/2 in a section, and of RED around it (RFC 2198: "111/111").
std::optional<std::uint8_t> find_opus(const Section& section);
std::optional<std::uint8_t> find_red(const Section& section, std::uint8_t opus);

}  // namespace sidetone::sdp
