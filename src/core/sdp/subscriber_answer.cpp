#include "core/sdp/subscriber_answer.hpp"

#include "core/sdp/builder.hpp"
#include "core/sdp/publisher_answer.hpp"

namespace sidetone::sdp {
namespace {

using Options = SubscriberAnswerOptions;

Section answer_audio(const Description& offer, std::size_t index, const Options& options) {
  const auto& section = offer.sections[index];
  auto offered = audio_section(offer, index);
  if (!offered.opus) return silenced(section);
  OpusLines lines;
  lines.type = offered.opus;
  if (options.red) lines.red = offered.red;
  lines.red_first = options.red && offered.red_first;
  lines.nack = options.nack && offered.nack;
  lines.stereo = options.stereo && offered.stereo;
  auto direction = sends(offered.direction) ? Direction::recvonly : Direction::inactive;
  auto result = opus_section(section.mid, direction, lines);
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

Outcome<Description> SubscriberAnswer::answer(const Description& offer,
                                              const TransportParameters& local,
                                              const SubscriberAnswerOptions& options) {
  auto remote = transport_parameters(offer);
  if (!remote) return remote.error();
  Description description;
  description.session_id = session_id_;
  description.version = ++version_;
  for (std::size_t i = 0; i < offer.sections.size(); ++i)
    description.sections.push_back(answer_section(offer, i, local, options));
  add_transport_to_answer(description, offer, local, answer_setup(remote->setup));
  return description;
}

}  // namespace sidetone::sdp
