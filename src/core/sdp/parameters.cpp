#include "core/sdp/parameters.hpp"

#include <algorithm>

#include "core/sdp/text.hpp"

namespace sidetone::sdp {
namespace {

// RFC 8841 §6.1: what a peer takes that does not say.
constexpr std::uint32_t kDefaultMaxMessageSize = 65536;

// Takes the first value seen; a later different one contradicts it.
template <class T>
bool merge(T& into, const T& from) {
  if (from == T{} || from == into) return true;
  if (!(into == T{})) return false;
  into = from;
  return true;
}

std::optional<Fingerprint> sha256(const TransportLines& lines) {
  for (const auto& print : lines.fingerprints)
    if (print.algorithm == "sha-256") return print;
  return {};
}

// RFC 8839 §5.1: "candidate:foundation component transport …". Component 2 was RTCP's, before
// rtcp-mux.
bool is_component_1(std::string_view candidate) {
  take_word(candidate);
  return take_word(candidate) == "1";
}

class Gathering {
 public:
  const char* add(const TransportLines& lines) {
    if (!merge(result_.ice_ufrag, lines.ice_ufrag) || !merge(result_.ice_pwd, lines.ice_pwd))
      return "two sections have different ICE credentials";
    if (auto print = sha256(lines); print && !merge(result_.fingerprint, *print))
      return "two sections have different fingerprints";
    if (lines.setup && !setup_) setup_ = lines.setup;
    for (const auto& candidate : lines.candidates) add_candidate(candidate);
    result_.end_of_candidates |= lines.end_of_candidates;
    return nullptr;
  }

  void add_data(const Section& section) {
    result_.sctp_port = section.sctp_port;
    result_.max_message_size =
        section.max_message_size != 0 ? section.max_message_size : kDefaultMaxMessageSize;
  }

  Outcome<TransportParameters> finish(bool ice_lite) {
    if (result_.ice_ufrag.empty() || result_.ice_pwd.empty())
      return because("the description has no ICE credentials");
    if (result_.fingerprint.value.empty())
      return because("the description has no sha-256 fingerprint");
    result_.ice_lite = ice_lite;
    // RFC 4145 §4: an offer that does not say is active; RFC 8842 wants actpass, and so do we.
    result_.setup = setup_.value_or(Setup::actpass);
    return std::move(result_);
  }

 private:
  void add_candidate(const std::string& candidate) {
    auto& all = result_.candidates;
    if (all.size() < kMaxLinesOfAKind && is_component_1(candidate) &&
        std::find(all.begin(), all.end(), candidate) == all.end())
      all.push_back(candidate);
  }

  TransportParameters result_;
  std::optional<Setup> setup_;
};

// RFC 5761 §4: with the marker set, these are RTCP's packet types.
bool looks_like_rtcp(std::uint8_t payload_type) {
  return payload_type >= 64 && payload_type <= 95;
}

std::optional<std::uint8_t> extension_id(const Description& description,
                                         const Section& section,
                                         std::string_view uri) {
  for (const auto* list : {&section.extensions, &description.extensions})
    for (const auto& extension : *list)
      if (extension.uri == uri && extension.id <= 14) return extension.id;
  return {};
}

}  // namespace

Outcome<TransportParameters> transport_parameters(const Description& description) {
  auto live = std::count_if(description.sections.begin(), description.sections.end(),
                            [](const Section& s) { return !s.rejected(); });
  if (live > 1 && description.bundle.empty())
    return because("the description has several sections and no BUNDLE group");
  Gathering gathering;
  if (const auto* fault = gathering.add(description.transport)) return because(fault);
  for (const auto& section : description.sections) {
    if (section.rejected()) continue;
    if (const auto* fault = gathering.add(section.transport)) return because(fault);
    if (section.kind == Kind::application && section.sctp_port != 0) gathering.add_data(section);
  }
  return gathering.finish(description.ice_lite);
}

std::optional<std::uint8_t> find_opus(const Section& section) {
  for (const auto& codec : section.codecs)
    if (equal_ignoring_case(codec.name, "opus") && codec.clock_rate == 48000 &&
        codec.channels == 2 && !looks_like_rtcp(codec.payload_type))
      return codec.payload_type;
  return {};
}

std::optional<std::uint8_t> find_red(const Section& section, std::uint8_t opus) {
  for (const auto& codec : section.codecs) {
    if (!equal_ignoring_case(codec.name, "red") || codec.clock_rate != 48000 ||
        looks_like_rtcp(codec.payload_type))
      continue;
    std::string_view blocks = codec.parameters;
    bool all = !blocks.empty();
    while (!blocks.empty()) all &= number(take_until(blocks, '/'), 127) == opus;
    if (all) return codec.payload_type;
  }
  return {};
}

AudioSection audio_section(const Description& description, std::size_t index) {
  const auto& section = description.sections[index];
  AudioSection result;
  result.index = index;
  result.mid = section.mid;
  result.rejected = section.rejected();
  result.direction = section.direction;
  result.msid = section.msid;
  if (!section.sources.empty()) {
    const auto& source = section.sources.front();
    result.ssrc = source.ssrc;
    result.cname = source.cname;
    if (!result.msid) result.msid = source.msid;
  }
  result.level_extension = extension_id(description, section, kAudioLevelUri);
  result.mid_extension = extension_id(description, section, kMidUri);
  result.opus = find_opus(section);
  if (!result.opus) return result;
  result.red = find_red(section, *result.opus);
  result.red_first = result.red && section.codecs.front().payload_type == *result.red;
  for (const auto& codec : section.codecs) {
    if (codec.payload_type != *result.opus) continue;
    result.nack =
        std::find(codec.feedback.begin(), codec.feedback.end(), "nack") != codec.feedback.end();
    result.stereo = has_parameter(codec.parameters, "stereo", "1") ||
                    has_parameter(codec.parameters, "sprop-stereo", "1");
    result.dtx = has_parameter(codec.parameters, "usedtx", "1");
  }
  return result;
}

std::vector<AudioSection> audio_sections(const Description& description) {
  std::vector<AudioSection> result;
  for (std::size_t i = 0; i < description.sections.size(); ++i)
    if (description.sections[i].kind == Kind::audio)
      result.push_back(audio_section(description, i));
  return result;
}

}  // namespace sidetone::sdp
