#include "core/sdp/subscriber_answer.hpp"

#include "core/sdp/answer.hpp"
#include "core/sdp/builder.hpp"

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

}  // namespace

Outcome<Description> SubscriberAnswer::answer(const Description& offer,
                                              const TransportParameters& local,
                                              const SubscriberAnswerOptions& options) {
  auto answer = answer_to(offer, local, {session_id_, version_ + 1},
                          [&](std::size_t index) { return answer_audio(offer, index, options); });
  if (answer) ++version_;
  return answer;
}

}  // namespace sidetone::sdp
