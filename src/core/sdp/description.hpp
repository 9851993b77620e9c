// A session description as a struct, its text read and written (RFC 8866, 8839, 8841, 8842, 8843,
// 9429).
//
// Reading is tolerant: LF or CRLF, unknown attributes, repeated fmtp keys. Writing is canonical:
// CRLF, one order of lines, so that writing and reading a Description gives an equal one. Errors:
// parse() gives a sentence that names the line; nothing throws. Bounds: the constants below.
// Thread: any; values only.
#pragma once

#include <boost/system/result.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidetone::sdp {

// A browser's section of media is about 6 KiB.
inline constexpr std::size_t kMaxTextBytes = 256 * 1024;
inline constexpr std::size_t kMaxSections = 256;
// Of one kind of line in one section: twice what Chrome's longest video section uses.
inline constexpr std::size_t kMaxLinesOfAKind = 128;

// Why a description was refused, for a log line or a reply.
struct Error {
  std::size_t line = 0;  // of the text, from 1; 0: it is about no single line
  std::string sentence;
};

inline Error because(std::string sentence) {
  return {0, std::move(sentence)};
}

[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

// value() throws protocol_error with the sentence; error().sentence reads it.
template <class T>
using Outcome = boost::system::result<T, Error>;

enum class Direction : std::uint8_t { inactive = 0, sendonly = 1, recvonly = 2, sendrecv = 3 };

constexpr bool sends(Direction d) {
  return (static_cast<unsigned>(d) & 1U) != 0;
}

constexpr bool receives(Direction d) {
  return (static_cast<unsigned>(d) & 2U) != 0;
}

enum class Setup : std::uint8_t { actpass, active, passive };  // RFC 8842: who is the DTLS client
enum class Kind : std::uint8_t { audio, video, application, other };

struct Fingerprint {
  std::string algorithm;  // lower case: "sha-256"
  std::string value;      // upper case hex with colons

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

struct Codec {
  std::uint8_t payload_type = 0;
  std::string name;  // as written; compare without case
  std::uint32_t clock_rate = 0;
  std::uint32_t channels = 1;
  std::string parameters;             // the fmtp line's text, "minptime=10;useinbandfec=1"
  std::vector<std::string> feedback;  // rtcp-fb, "nack"

  friend bool operator==(const Codec&, const Codec&) = default;
};

struct Extension {
  std::uint8_t id = 0;  // 1..255; one-byte headers carry 1..14 (RFC 8285 §4.2)
  std::string uri;

  friend bool operator==(const Extension&, const Extension&) = default;
};

struct Msid {  // RFC 8830
  std::string stream;
  std::string track;

  friend bool operator==(const Msid&, const Msid&) = default;
};

struct Source {  // RFC 5576
  std::uint32_t ssrc = 0;
  std::string cname;
  std::optional<Msid> msid;

  friend bool operator==(const Source&, const Source&) = default;
};

// Lines that may stand at the session or in each section.
struct TransportLines {
  std::string ice_ufrag;
  std::string ice_pwd;
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  std::vector<std::string> candidates;  // "candidate:1 1 udp …", without "a="
  bool end_of_candidates = false;

  friend bool operator==(const TransportLines&, const TransportLines&) = default;
};

struct Section {
  Kind kind = Kind::other;
  std::string media;  // the m-line's first word
  std::uint16_t port = 9;
  std::string protocol;              // "UDP/TLS/RTP/SAVPF"
  std::vector<std::string> formats;  // payload types, or "webrtc-datachannel"
  std::string mid;
  Direction direction = Direction::sendrecv;
  bool bundle_only = false;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  TransportLines transport;
  std::vector<Codec> codecs;  // in the order of formats
  std::vector<Extension> extensions;
  std::vector<Source> sources;
  std::optional<Msid> msid;
  std::uint16_t sctp_port = 0;  // 0: no line
  std::uint32_t max_message_size = 0;

  // Port 0 refuses a section, unless the offer only says that it exists in the bundle alone.
  bool rejected() const { return port == 0 && !bundle_only; }

  friend bool operator==(const Section&, const Section&) = default;
};

struct Description {
  std::uint64_t session_id = 0;
  std::uint64_t version = 0;
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  std::vector<std::string> bundle;  // mids of the first BUNDLE group
  TransportLines transport;
  std::vector<Extension> extensions;  // of the session: they hold in every section
  std::vector<Section> sections;

  const Section* find(std::string_view mid) const;

  friend bool operator==(const Description&, const Description&) = default;
};

// "line 12: …" on failure.
Outcome<Description> parse(std::string_view text);
std::string to_text(const Description& description);

// Whether "key=value" stands in an fmtp text; keys and values are compared without case.
bool has_parameter(std::string_view parameters, std::string_view key, std::string_view value);

}  // namespace sidetone::sdp
