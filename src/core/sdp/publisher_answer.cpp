#include "core/sdp/publisher_answer.hpp"

#include "core/sdp/answer.hpp"
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

}  // namespace

Outcome<Description> PublisherAnswer::answer(const Description& offer,
                                             const TransportParameters& local,
                                             const PublisherAnswerOptions& options) {
  for (const auto& section : offer.sections)
    if (section.mid.empty()) return because("a section of the offer has no mid");
  auto answer = answer_to(offer, local, {session_id_, version_ + 1},
                          [&](std::size_t index) { return answer_audio(offer, index, options); });
  if (answer) ++version_;
  return answer;
}

}  // namespace sidetone::sdp
