#include "core/sdp/publisher_answer.hpp"

#include <algorithm>

#include "core/sdp/builder.hpp"

namespace sidetone::sdp {
namespace {

using Options = PublisherAnswerOptions;

Options::Track wanted(const AudioSection& offered, const Options& options) {
  if (offered.msid)
    for (const auto& track : options.tracks)
      if (track.cid == offered.msid->track) return track;
  return {};
}

Section answer_audio(const Description& offer, std::size_t index, const Options& options) {
  const auto& section = offer.sections[index];
  auto offered = audio_section(offer, index);
  if (!offered.opus) return refused(section);
  auto track = wanted(offered, options);
  bool receive = sends(offered.direction);
  OpusLines lines;
  lines.type = offered.opus;
  if (options.red && track.red) lines.red = offered.red;
  // What stands first is what a browser sends.
  lines.red_first = receive && lines.red.has_value();
  lines.nack = options.nack && offered.nack && !lines.red;
  lines.dtx = receive && track.dtx;
  lines.stereo = receive && track.stereo;
  auto result =
      opus_section(section.mid, receive ? Direction::recvonly : Direction::inactive, lines);
  result.extensions = common_extensions(offer, section);
  return result;
}

Section answer_section(const Description& offer,
                       std::size_t index,
                       const TransportParameters& local,
                       const Options& options) {
  const auto& section = offer.sections[index];
  if (!is_usable(offer, section)) return refused(section);
  switch (section.kind) {
    case Kind::audio: return answer_audio(offer, index, options);
    case Kind::video: return silenced(section);
    case Kind::application: return data_answer(section, local);
    case Kind::other: break;
  }
  return refused(section);
}

}  // namespace

Setup answer_setup(Setup offered) {
  return offered == Setup::active ? Setup::passive : Setup::active;
}

Outcome<Description> PublisherAnswer::answer(const Description& offer,
                                             const TransportParameters& local,
                                             const PublisherAnswerOptions& options) {
  auto remote = transport_parameters(offer);
  if (!remote) return remote.error();
  for (const auto& section : offer.sections)
    if (section.mid.empty()) return because("a section of the offer has no mid");
  Description description;
  description.session_id = session_id_;
  description.version = ++version_;
  for (std::size_t i = 0; i < offer.sections.size(); ++i)
    description.sections.push_back(answer_section(offer, i, local, options));
  add_transport_to_answer(description, offer, local, answer_setup(remote->setup));
  return description;
}

}  // namespace sidetone::sdp
