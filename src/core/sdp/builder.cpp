#include "core/sdp/builder.hpp"

#include <algorithm>

#include "core/sdp/text.hpp"

namespace sidetone::sdp {
namespace {

std::string fmtp(const OpusLines& lines) {
  // wire_protocol §5.2: other values for these two keys would lose Opus at the server.
  std::string text = "minptime=10;useinbandfec=1";
  if (lines.dtx) text += ";usedtx=1";
  if (lines.stereo) text += ";stereo=1";
  if (lines.sprop_stereo) text += ";sprop-stereo=1";
  return text;
}

Section like(const Section& offered) {
  Section section;
  section.kind = offered.kind;
  section.media = offered.media;
  section.protocol = offered.protocol;
  section.mid = offered.mid;
  return section;
}

// One id means one URI, and one URI has one id, in all bundled sections (RFC 8843 §9).
bool is_unambiguous(const Description& offer, const Extension& wanted) {
  auto clashes = [&](const Extension& other) {
    return (other.id == wanted.id) != (other.uri == wanted.uri);
  };
  auto clash_in = [&](const std::vector<Extension>& list) {
    return std::any_of(list.begin(), list.end(), clashes);
  };
  return !clash_in(offer.extensions) &&
         std::none_of(offer.sections.begin(), offer.sections.end(),
                      [&](const Section& s) { return clash_in(s.extensions); });
}

}  // namespace

Section opus_section(std::string mid, Direction direction, const OpusLines& lines) {
  Section section;
  section.kind = Kind::audio;
  section.media = "audio";
  section.protocol = "UDP/TLS/RTP/SAVPF";
  section.mid = std::move(mid);
  section.direction = direction;
  section.rtcp_mux = true;
  section.rtcp_rsize = true;
  auto opus = lines.type.value_or(kOpusType);
  section.codecs.push_back({opus, "opus", 48000, 2, fmtp(lines), {}});
  if (lines.nack) section.codecs.front().feedback.emplace_back("nack");
  if (lines.red) {
    auto block = std::to_string(opus);
    Codec red{*lines.red, "red", 48000, 2, block + "/" + block, {}};
    section.codecs.insert(lines.red_first ? section.codecs.begin() : section.codecs.end(),
                          std::move(red));
  }
  for (const auto& codec : section.codecs)
    section.formats.push_back(std::to_string(codec.payload_type));
  return section;
}

Section data_section(std::string mid, const TransportParameters& local) {
  Section section;
  section.kind = Kind::application;
  section.media = "application";
  section.protocol = "UDP/DTLS/SCTP";
  section.formats = {"webrtc-datachannel"};
  section.mid = std::move(mid);
  section.sctp_port = local.sctp_port;
  section.max_message_size = local.max_message_size;
  return section;
}

Section refused(const Section& offered) {
  auto section = like(offered);
  section.port = 0;
  section.direction = Direction::inactive;
  section.formats = offered.formats;
  if (section.formats.empty()) section.formats = {"0"};
  return section;
}

Section silenced(const Section& offered) {
  if (offered.codecs.empty()) return refused(offered);
  auto section = like(offered);
  section.direction = Direction::inactive;
  section.rtcp_mux = true;
  section.rtcp_rsize = offered.rtcp_rsize;
  auto codec = offered.codecs.front();
  codec.feedback.clear();
  section.formats = {std::to_string(codec.payload_type)};
  section.codecs.push_back(std::move(codec));
  return section;
}

Section data_answer(const Section& offered, const TransportParameters& local) {
  bool known = std::find(offered.formats.begin(), offered.formats.end(), "webrtc-datachannel") !=
               offered.formats.end();
  if (offered.rejected() || !known || offered.sctp_port == 0 || local.sctp_port == 0)
    return refused(offered);
  auto section = data_section(offered.mid, local);
  section.protocol = offered.protocol;
  return section;
}

std::vector<Extension> common_extensions(const Description& offer, const Section& offered) {
  std::vector<Extension> result;
  for (const auto* list : {&offered.extensions, &offer.extensions}) {
    for (const auto& extension : *list) {
      bool known = extension.uri == kAudioLevelUri || extension.uri == kMidUri;
      bool taken = std::find(result.begin(), result.end(), extension) != result.end();
      if (known && !taken && extension.id <= 14 && is_unambiguous(offer, extension))
        result.push_back(extension);
    }
  }
  return result;
}

void add_transport(Description& description, const TransportParameters& local, Setup setup) {
  description.ice_lite = local.ice_lite;
  description.extmap_allow_mixed = true;
  bool first = true;
  for (auto& section : description.sections) {
    if (section.rejected()) continue;
    auto& lines = section.transport;
    lines.ice_ufrag = local.ice_ufrag;
    lines.ice_pwd = local.ice_pwd;
    lines.fingerprints = {local.fingerprint};
    lines.setup = setup;
    if (first) {
      lines.candidates = local.candidates;
      lines.end_of_candidates = local.end_of_candidates;
    }
    first = false;
    if (!section.mid.empty()) description.bundle.push_back(section.mid);
  }
}

bool is_usable(const Description& offer, const Section& offered) {
  const auto& mids = offer.bundle;
  return !offered.rejected() &&
         (mids.empty() || std::find(mids.begin(), mids.end(), offered.mid) != mids.end());
}

void add_transport_to_answer(Description& answer,
                             const Description& offer,
                             const TransportParameters& local,
                             Setup setup) {
  add_transport(answer, local, setup);
  if (offer.bundle.empty()) answer.bundle.clear();
}

std::optional<Error> mismatch(const Description& answer,
                              bool data,
                              const std::vector<std::string>& mids) {
  if (answer.sections.size() != mids.size())
    return because("the answer has " + std::to_string(answer.sections.size()) +
                   " sections, the offer " + std::to_string(mids.size()));
  for (std::size_t i = 0; i < mids.size(); ++i) {
    const auto& section = answer.sections[i];
    auto kind = data && i == 0 ? Kind::application : Kind::audio;
    if (section.kind != kind || (section.mid != mids[i] && !section.rejected()))
      return because("section " + std::to_string(i) + " of the answer is not that of the offer");
  }
  return {};
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
}

}  // namespace sidetone::sdp
