#include "core/sdp/answer.hpp"

#include "core/sdp/builder.hpp"

namespace sidetone::sdp {
namespace {

Section answer_section(const Description& offer,
                       std::size_t index,
                       const TransportParameters& local,
                       const std::function<Section(std::size_t index)>& audio) {
  const auto& section = offer.sections[index];
  if (!is_usable(offer, section)) return refused(section);
  switch (section.kind) {
    case Kind::audio: return audio(index);
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

Outcome<Description> answer_to(const Description& offer,
                               const TransportParameters& local,
                               const Origin& origin,
                               const std::function<Section(std::size_t index)>& audio) {
  auto remote = transport_parameters(offer);
  if (!remote) return remote.error();
  Description description;
  description.session_id = origin.session_id;
  description.version = origin.version;
  for (std::size_t i = 0; i < offer.sections.size(); ++i)
    description.sections.push_back(answer_section(offer, i, local, audio));
  add_transport_to_answer(description, offer, local, answer_setup(remote->setup));
  return description;
}

}  // namespace sidetone::sdp
