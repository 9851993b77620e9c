#include <array>
#include <utility>

#include "core/sdp/description.hpp"
#include "core/sdp/text.hpp"

namespace sidetone::sdp {
namespace {

// rtcp-fb lines one codec keeps; browsers write at most six.
constexpr std::size_t kMaxFeedback = 16;

class Parser {
 public:
  Outcome<Description> run(std::string_view text);

 private:
  using Fault = const char*;  // nullptr: the line is fine
  using Reader = Fault (Parser::*)(std::string_view value);

  struct Attribute {
    std::string_view name;
    Reader read;
    bool section_only;
  };

  Fault line(std::string_view line);
  Fault origin(std::string_view value);
  Fault media(std::string_view value);
  Fault attribute(std::string_view value);
  void finish();
  void finish_codecs(Section& section) const;

  Fault ice_lite(std::string_view value);
  Fault mixed(std::string_view value);
  Fault group(std::string_view value);
  Fault ufrag(std::string_view value);
  Fault pwd(std::string_view value);
  Fault fingerprint(std::string_view value);
  Fault setup(std::string_view value);
  Fault candidate(std::string_view value);
  Fault end_of_candidates(std::string_view value);
  Fault extmap(std::string_view value);
  Fault mid(std::string_view value);
  Fault rtpmap(std::string_view value);
  Fault fmtp(std::string_view value);
  Fault rtcp_fb(std::string_view value);
  Fault ssrc(std::string_view value);
  Fault msid(std::string_view value);
  Fault sctp_port(std::string_view value);
  Fault max_message_size(std::string_view value);

  template <Direction direction>
  Fault directed(std::string_view value);
  template <bool Section::*member>
  Fault flag(std::string_view value);

  Section* section() { return result_.sections.empty() ? nullptr : &result_.sections.back(); }

  template <class T>
  T& here(T Section::*of_section, T& of_description) {
    return result_.sections.empty() ? of_description : result_.sections.back().*of_section;
  }

  TransportLines& transport() { return here(&Section::transport, result_.transport); }

  Codec* codec(std::string_view payload_type);

  Description result_;
  Direction default_direction_ = Direction::sendrecv;
  std::vector<std::string> feedback_for_all_;  // "a=rtcp-fb:* …" of the section being read
  bool started_ = false;
};

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

Outcome<Description> Parser::run(std::string_view text) {
  if (text.size() > kMaxTextBytes) return because("the description is longer than 262144 bytes");
  std::size_t number = 0;
  auto refuse = [&](Fault fault) {
    return Error{number, "line " + std::to_string(number) + ": " + fault};
  };
  while (!text.empty()) {
    ++number;
    auto one = take_until(text, '\n');
    if (!one.empty() && one.back() == '\r') one.remove_suffix(1);
    if (one.empty()) continue;
    if (auto fault = line(one)) return refuse(fault);
  }
  if (!started_) return Error{1, "line 1: a description starts with v=0"};
  finish();
  return std::move(result_);
}

Parser::Fault Parser::line(std::string_view line) {
  if (line.size() < 2 || line[1] != '=') return "not of the form x=…";
  if (has_control_characters(line)) return "it holds a control character";
  auto value = line.substr(2);
  if (!started_) {
    started_ = true;
    return line == "v=0" ? nullptr : "a description starts with v=0";
  }
  switch (line[0]) {
    case 'o': return origin(value);
    case 'm': return media(value);
    case 'a': return attribute(value);
    default: return nullptr;
  }
}

Parser::Fault Parser::origin(std::string_view value) {
  take_word(value);
  result_.session_id = number(take_word(value), UINT64_MAX).value_or(0);
  result_.version = number(take_word(value), UINT64_MAX).value_or(0);
  return nullptr;
}

Parser::Fault Parser::media(std::string_view value) {
  finish();
  if (result_.sections.size() == kMaxSections) return "more than 256 media sections";
  Section next;
  next.direction = default_direction_;
  next.media = take_word(value);
  auto ports = take_word(value);
  auto port = number(take_until(ports, '/'), UINT16_MAX);
  if (!port) return "the port is not a number of 16 bits";
  next.port = static_cast<std::uint16_t>(*port);
  next.protocol = take_word(value);
  if (next.protocol.empty()) return "the media line has no protocol";
  for (auto format = take_word(value); !format.empty(); format = take_word(value)) {
    if (next.formats.size() == kMaxLinesOfAKind) return "more than 128 formats";
    next.formats.emplace_back(format);
  }
  if (next.media == "audio") next.kind = Kind::audio;
  if (next.media == "video") next.kind = Kind::video;
  if (next.media == "application") next.kind = Kind::application;
  result_.sections.push_back(std::move(next));
  return nullptr;
}

Parser::Fault Parser::attribute(std::string_view value) {
  static constexpr std::array<Attribute, 25> kAttributes{{
      {"ice-lite", &Parser::ice_lite, false},
      {"extmap-allow-mixed", &Parser::mixed, false},
      {"group", &Parser::group, false},
      {"ice-ufrag", &Parser::ufrag, false},
      {"ice-pwd", &Parser::pwd, false},
      {"fingerprint", &Parser::fingerprint, false},
      {"setup", &Parser::setup, false},
      {"candidate", &Parser::candidate, false},
      {"end-of-candidates", &Parser::end_of_candidates, false},
      {"extmap", &Parser::extmap, false},
      {"inactive", &Parser::directed<Direction::inactive>, false},
      {"sendonly", &Parser::directed<Direction::sendonly>, false},
      {"recvonly", &Parser::directed<Direction::recvonly>, false},
      {"sendrecv", &Parser::directed<Direction::sendrecv>, false},
      {"mid", &Parser::mid, true},
      {"bundle-only", &Parser::flag<&Section::bundle_only>, true},
      {"rtcp-mux", &Parser::flag<&Section::rtcp_mux>, true},
      {"rtcp-rsize", &Parser::flag<&Section::rtcp_rsize>, true},
      {"rtpmap", &Parser::rtpmap, true},
      {"fmtp", &Parser::fmtp, true},
      {"rtcp-fb", &Parser::rtcp_fb, true},
      {"ssrc", &Parser::ssrc, true},
      {"msid", &Parser::msid, true},
      {"sctp-port", &Parser::sctp_port, true},
      {"max-message-size", &Parser::max_message_size, true},
  }};
  auto name = take_until(value, ':');
  for (const auto& known : kAttributes)
    if (known.name == name)
      return known.section_only && !section() ? nullptr : (this->*known.read)(value);
  return nullptr;
}

// What can only be said once all lines of a section are read.
void Parser::finish() {
  if (auto* last = section()) finish_codecs(*last);
  feedback_for_all_.clear();
}

void Parser::finish_codecs(Section& section) const {
  auto& codecs = section.codecs;
  codecs.erase(
      std::remove_if(codecs.begin(), codecs.end(), [](const Codec& c) { return c.name.empty(); }),
      codecs.end());
  auto place = [&](const Codec& c) {
    return std::find(section.formats.begin(), section.formats.end(),
                     std::to_string(c.payload_type));
  };
  std::stable_sort(codecs.begin(), codecs.end(),
                   [&](const Codec& a, const Codec& b) { return place(a) < place(b); });
  for (auto& codec : codecs)
    for (const auto& feedback : feedback_for_all_)
      if (codec.feedback.size() < kMaxFeedback) codec.feedback.push_back(feedback);
}

Parser::Fault Parser::ice_lite(std::string_view) {
  if (!section()) result_.ice_lite = true;
  return nullptr;
}

Parser::Fault Parser::mixed(std::string_view) {
  if (!section()) result_.extmap_allow_mixed = true;
  return nullptr;
}

Parser::Fault Parser::group(std::string_view value) {
  if (section() || !result_.bundle.empty() || take_word(value) != "BUNDLE") return nullptr;
  for (auto mid = take_word(value); !mid.empty(); mid = take_word(value)) {
    if (result_.bundle.size() == kMaxSections) return "more than 256 bundled sections";
    result_.bundle.emplace_back(mid);
  }
  return nullptr;
}

// RFC 8839 §5.4: at most 256 characters each.
Parser::Fault Parser::ufrag(std::string_view value) {
  if (value.empty() || value.size() > 256) return "ice-ufrag has 1 to 256 characters";
  transport().ice_ufrag = value;
  return nullptr;
}

Parser::Fault Parser::pwd(std::string_view value) {
  if (value.empty() || value.size() > 256) return "ice-pwd has 1 to 256 characters";
  transport().ice_pwd = value;
  return nullptr;
}

Parser::Fault Parser::fingerprint(std::string_view value) {
  auto& prints = transport().fingerprints;
  if (prints.size() == kMaxLinesOfAKind) return "more than 128 fingerprints";
  Fingerprint print{mapped(take_word(value), lower), {}};
  print.value = mapped(take_word(value), upper);
  if (print.value.empty()) return "the fingerprint has no value";
  prints.push_back(std::move(print));
  return nullptr;
}

Parser::Fault Parser::setup(std::string_view value) {
  if (value == "actpass") transport().setup = Setup::actpass;
  if (value == "active") transport().setup = Setup::active;
  if (value == "passive") transport().setup = Setup::passive;
  return transport().setup ? nullptr : "setup is none of actpass, active, passive";
}

Parser::Fault Parser::candidate(std::string_view value) {
  auto& candidates = transport().candidates;
  if (candidates.size() == kMaxLinesOfAKind) return "more than 128 candidates";
  candidates.push_back("candidate:" + std::string(value));
  return nullptr;
}

Parser::Fault Parser::end_of_candidates(std::string_view) {
  transport().end_of_candidates = true;
  return nullptr;
}

Parser::Fault Parser::extmap(std::string_view value) {
  auto& extensions = here(&Section::extensions, result_.extensions);
  if (extensions.size() == kMaxLinesOfAKind) return "more than 128 header extensions";
  auto left = take_word(value);
  auto id = number(take_until(left, '/'), UINT16_MAX);
  auto uri = take_word(value);
  if (!id || uri.empty()) return "extmap is not of the form id uri";
  // RFC 8285 §5 allows offers to park extensions at 4096 and above; they carry nothing.
  if (*id >= 1 && *id <= 255)
    extensions.push_back({static_cast<std::uint8_t>(*id), std::string(uri)});
  return nullptr;
}

template <bool Section::*member>
Parser::Fault Parser::flag(std::string_view) {
  result_.sections.back().*member = true;  // attribute() passes these over before one
  return nullptr;
}

template <Direction direction>
Parser::Fault Parser::directed(std::string_view) {
  here(&Section::direction, default_direction_) = direction;
  return nullptr;
}

Parser::Fault Parser::mid(std::string_view value) {
  if (value.empty() || value.find_first_of(" \t") != std::string_view::npos)
    return "mid is not one word";
  if (result_.find(value) != nullptr) return "the mid is used twice";
  section()->mid = value;
  return nullptr;
}

// The codec of a payload type the media line lists; lines about others are ignored.
Codec* Parser::codec(std::string_view payload_type) {
  auto type = number(payload_type, 127);
  const auto& formats = section()->formats;
  if (!type || std::find(formats.begin(), formats.end(), payload_type) == formats.end())
    return nullptr;
  auto& codecs = section()->codecs;
  auto it = std::find_if(codecs.begin(), codecs.end(),
                         [&](const Codec& c) { return c.payload_type == *type; });
  if (it != codecs.end()) return &*it;
  codecs.push_back({});
  codecs.back().payload_type = static_cast<std::uint8_t>(*type);
  return &codecs.back();
}

Parser::Fault Parser::rtpmap(std::string_view value) {
  auto* into = codec(take_word(value));
  auto encoding = take_word(value);
  auto name = take_until(encoding, '/');
  auto rate = number(take_until(encoding, '/'), UINT32_MAX);
  auto channels = encoding.empty() ? 1 : number(encoding, 255);
  if (name.empty() || !rate || !channels || *channels == 0)
    return "rtpmap is not of the form type name/rate[/channels]";
  if (!into) return nullptr;
  if (!into->name.empty()) return "the payload type has two rtpmap lines";
  into->name = name;
  into->clock_rate = static_cast<std::uint32_t>(*rate);
  into->channels = static_cast<std::uint32_t>(*channels);
  return nullptr;
}

Parser::Fault Parser::fmtp(std::string_view value) {
  if (auto* into = codec(take_word(value))) into->parameters = trimmed(value);
  return nullptr;
}

Parser::Fault Parser::rtcp_fb(std::string_view value) {
  auto type = take_word(value);
  auto* into = type == "*" ? nullptr : codec(type);
  if (!into && type != "*") return nullptr;
  auto& list = into ? into->feedback : feedback_for_all_;
  auto feedback = trimmed(value);
  if (list.size() < kMaxFeedback && !feedback.empty()) list.emplace_back(feedback);
  return nullptr;
}

Parser::Fault Parser::ssrc(std::string_view value) {
  auto id = number(take_word(value), UINT32_MAX);
  if (!id) return "the ssrc is not a number of 32 bits";
  auto& sources = section()->sources;
  auto it =
      std::find_if(sources.begin(), sources.end(), [&](const Source& s) { return s.ssrc == *id; });
  if (it == sources.end()) {
    if (sources.size() == kMaxLinesOfAKind) return "more than 128 sources";
    it = sources.insert(it, Source{static_cast<std::uint32_t>(*id), {}, {}});
  }
  value = trimmed(value);
  auto name = take_until(value, ':');
  if (name == "cname") it->cname = trimmed(value);
  if (name == "msid") {
    auto stream = take_word(value);
    if (!stream.empty()) it->msid = Msid{std::string(stream), std::string(take_word(value))};
  }
  return nullptr;
}

Parser::Fault Parser::msid(std::string_view value) {
  auto stream = take_word(value);
  if (!stream.empty() && !section()->msid)
    section()->msid = Msid{std::string(stream), std::string(take_word(value))};
  return nullptr;
}

Parser::Fault Parser::sctp_port(std::string_view value) {
  auto port = number(value, UINT16_MAX);
  if (!port) return "the sctp-port is not a number of 16 bits";
  section()->sctp_port = static_cast<std::uint16_t>(*port);
  return nullptr;
}

Parser::Fault Parser::max_message_size(std::string_view value) {
  auto size = number(value, UINT64_MAX);
  if (!size) return "the max-message-size is not a number";
  if (*size == 0) size = UINT32_MAX;  // RFC 8841 §6: any size
  section()->max_message_size =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(*size, UINT32_MAX));
  return nullptr;
}

}  // namespace

Outcome<Description> parse(std::string_view text) {
  return Parser().run(text);
}

}  // namespace sidetone::sdp
