#include "core/sdp/description.hpp"

#include <algorithm>
#include <array>
#include <sidetone/error.hpp>

#include "core/sdp/text.hpp"

namespace sidetone::sdp {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  static_cast<void>(where);
  throw make_error(errc::protocol_error, error.sentence);
}

const Section* Description::find(std::string_view mid) const {
  auto it = std::find_if(sections.begin(), sections.end(),
                         [&](const Section& s) { return s.mid == mid; });
  return it == sections.end() ? nullptr : &*it;
}

bool has_parameter(std::string_view parameters, std::string_view key, std::string_view value) {
  while (!parameters.empty()) {
    auto pair = trimmed(take_until(parameters, ';'));
    auto name = take_until(pair, '=');
    if (equal_ignoring_case(name, key) && equal_ignoring_case(pair, value)) return true;
  }
  return false;
}

namespace {

// Appends lines; the only writer of CRLF.
class Lines {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
    text_ += "\r\n";
  }

  std::string take() { return std::move(text_); }

 private:
  void append(std::string_view part) { text_ += part; }

  void append(std::uint64_t number) { text_ += std::to_string(number); }

  std::string text_;
};

std::string_view word(Direction direction) {
  switch (direction) {
    case Direction::inactive: return "inactive";
    case Direction::sendonly: return "sendonly";
    case Direction::recvonly: return "recvonly";
    case Direction::sendrecv: break;
  }
  return "sendrecv";
}

std::string_view word(Setup setup) {
  switch (setup) {
    case Setup::active: return "active";
    case Setup::passive: return "passive";
    case Setup::actpass: break;
  }
  return "actpass";
}

void write(const TransportLines& transport, Lines& lines) {
  if (!transport.ice_ufrag.empty()) lines.add("a=ice-ufrag:", transport.ice_ufrag);
  if (!transport.ice_pwd.empty()) lines.add("a=ice-pwd:", transport.ice_pwd);
  for (const auto& print : transport.fingerprints)
    lines.add("a=fingerprint:", print.algorithm, " ", print.value);
  if (transport.setup) lines.add("a=setup:", word(*transport.setup));
}

void write_candidates(const TransportLines& transport, Lines& lines) {
  for (const auto& candidate : transport.candidates) lines.add("a=", candidate);
  if (transport.end_of_candidates) lines.add("a=end-of-candidates");
}

void write(const std::vector<Extension>& extensions, Lines& lines) {
  for (const auto& extension : extensions)
    lines.add("a=extmap:", std::uint64_t{extension.id}, " ", extension.uri);
}

void write(const Codec& codec, Lines& lines) {
  std::uint64_t type = codec.payload_type;
  if (codec.channels > 1) {
    lines.add("a=rtpmap:", type, " ", codec.name, "/", std::uint64_t{codec.clock_rate}, "/",
              std::uint64_t{codec.channels});
  } else {
    lines.add("a=rtpmap:", type, " ", codec.name, "/", std::uint64_t{codec.clock_rate});
  }
  if (!codec.parameters.empty()) lines.add("a=fmtp:", type, " ", codec.parameters);
  for (const auto& feedback : codec.feedback) lines.add("a=rtcp-fb:", type, " ", feedback);
}

void write(const Source& source, Lines& lines) {
  std::uint64_t ssrc = source.ssrc;
  // A line that only names the source keeps one without attributes in the text.
  lines.add("a=ssrc:", ssrc, " cname:", source.cname);
  if (source.msid)
    lines.add("a=ssrc:", ssrc, " msid:", source.msid->stream, " ", source.msid->track);
}

void write(const Section& section, Lines& lines) {
  std::string formats;
  for (const auto& format : section.formats) formats += " " + format;
  lines.add("m=", section.media, " ", std::uint64_t{section.port}, " ", section.protocol, formats);
  lines.add("c=IN IP4 0.0.0.0");
  write(section.transport, lines);
  if (!section.mid.empty()) lines.add("a=mid:", section.mid);
  if (section.bundle_only) lines.add("a=bundle-only");
  write(section.extensions, lines);
  lines.add("a=", word(section.direction));
  if (section.msid) lines.add("a=msid:", section.msid->stream, " ", section.msid->track);
  if (section.rtcp_mux) lines.add("a=rtcp-mux");
  if (section.rtcp_rsize) lines.add("a=rtcp-rsize");
  for (const auto& codec : section.codecs) write(codec, lines);
  for (const auto& source : section.sources) write(source, lines);
  if (section.sctp_port != 0) lines.add("a=sctp-port:", std::uint64_t{section.sctp_port});
  if (section.max_message_size != 0)
    lines.add("a=max-message-size:", std::uint64_t{section.max_message_size});
  write_candidates(section.transport, lines);
}

}  // namespace

std::string to_text(const Description& description) {
  Lines lines;
  lines.add("v=0");
  lines.add("o=- ", description.session_id, " ", description.version, " IN IP4 0.0.0.0");
  lines.add("s=-");
  lines.add("t=0 0");
  lines.add("a=msid-semantic: WMS *");
  if (description.ice_lite) lines.add("a=ice-lite");
  if (description.extmap_allow_mixed) lines.add("a=extmap-allow-mixed");
  write(description.transport, lines);
  write(description.extensions, lines);
  if (!description.bundle.empty()) {
    std::string mids;
    for (const auto& mid : description.bundle) mids += " " + mid;
    lines.add("a=group:BUNDLE", mids);
  }
  write_candidates(description.transport, lines);
  for (const auto& section : description.sections) write(section, lines);
  return lines.take();
}

}  // namespace sidetone::sdp
