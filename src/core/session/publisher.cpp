#include "core/session/publisher.hpp"

#include <algorithm>
#include <utility>

#include "core/session/candidates.hpp"
#include "core/session/data_messages.hpp"

namespace sidetone::session {
namespace {

peer::Config peer_config(const SessionConfig& config, std::string cname) {
  peer::Config result;
  result.dtls = config.dtls;
  result.random = config.random;
  result.wall = config.wall;
  result.ice = peer::IceMode::controlling;
  result.cname = std::move(cname);
  result.wake = config.wake;
  result.gather = config.gather;
  return result;
}

// The o= line's number is signed in some parsers.
std::uint64_t session_id(base::RandomSource& random) {
  return random.u64() >> 2;
}

}  // namespace

Publisher::Publisher(const SessionConfig& config,
                     const std::vector<base::Endpoint>& endpoints,
                     Turn& turn)
    : random_(*config.random),
      cname_(config.random->text(16)),
      peer_(peer_config(config, cname_)),
      offer_(session_id(*config.random)) {
  for (const auto& endpoint : endpoints) peer_.add_local(endpoint, turn.now, output_);
  peer_.gather(turn.now, output_);
  peer_.open_channel({std::string(kReliableLabel), true, {}, {}}, turn.now, output_);
  peer_.open_channel({std::string(kLossyLabel), false, 0, {}}, turn.now, output_);
}

std::uint32_t Publisher::negotiate(Turn& turn) {
  if (awaiting_) {
    dirty_ = true;
    return offered_ + 1;
  }
  send_offer(turn);
  return offered_;
}

void Publisher::restart_ice(Turn& turn) {
  peer_.restart(turn.now, output_);
  awaiting_ = false;  // the answer to an offer of the old socket will not come
  negotiate(turn);
}

void Publisher::add_receptions(std::uint32_t count) {
  for (; count > 0 && receivable_ < kMaxReceptions && offer_.add_reception(); --count)
    ++receivable_;
}

livekit::SessionDescription Publisher::first_offer(Turn& turn) {
  trickled_ufrag_ = make_offer(turn).ice_ufrag;  // the candidates stand in the offer
  early_ = true;
  return last_offer_;
}

sdp::TransportParameters Publisher::make_offer(Turn& turn) {
  dirty_ = false;
  awaiting_ = true;
  answer_deadline_ = turn.now + kAnswerTimeout;
  ++offered_;
  auto local = peer_.local_parameters();
  last_offer_.set_type("offer");
  last_offer_.set_sdp(sdp::to_text(offer_.offer(local)));
  last_offer_.set_id(offered_);
  return local;
}

void Publisher::send_offer(Turn& turn) {
  auto local = make_offer(turn);
  livekit::SignalRequest request;
  *request.mutable_offer() = last_offer_;
  turn.requests.push(std::move(request));
  if (trickled_ufrag_ != local.ice_ufrag)
    trickle_candidates(local, {"0", livekit::PUBLISHER, peer_.gathered()}, turn);
  trickled_ufrag_ = local.ice_ufrag;
}

sdp::Outcome<std::vector<sdp::AudioSection>> Publisher::on_answer(
    const livekit::SessionDescription& answer, Turn& turn) {
  if (!awaiting_ || (answer.id() != 0 && answer.id() != offered_))
    return sdp::because("an answer to no offer of ours");
  auto description = sdp::parse(answer.sdp());
  if (!description) return description.error();
  auto remote = sdp::transport_parameters(*description);
  if (!remote) return remote.error();
  auto sections = offer_.apply(*description);
  if (!sections) return sections.error();
  if (peer_.set_remote(*remote, turn.now, output_))
    return sdp::because("the answer's ICE credentials or fingerprint are not valid");
  awaiting_ = false;
  answered_ = offered_;
  for (const auto& candidate : std::exchange(late_, {})) on_found(candidate, turn);
  last_answer_ = answer;
  if (dirty_) send_offer(turn);
  return sections;
}

ReceptionChanges Publisher::receive(const std::vector<sdp::AudioSection>& sections, Turn& turn) {
  return receptions_.follow(sections, last_answer_, turn.now, peer_, output_);
}

void Publisher::on_found(std::string_view candidate, Turn& turn) {
  if (trickled_ufrag_ != peer_.local_ufrag()) return;
  if (early_ && answered_ == 0) {  // nobody is there yet to be told
    late_.emplace_back(candidate);
    return;
  }
  trickle_candidate(candidate, {"0", livekit::PUBLISHER, peer_.gathered()}, turn);
}

bool Publisher::on_candidate(std::string_view candidate, Turn& turn) {
  // What is no candidate is not worth a connection: the others may work.
  return !peer_.add_remote_candidate(candidate, turn.now, output_);
}

base::Deadline Publisher::next_deadline() const {
  auto next = peer_.next_deadline();
  return awaiting_ ? base::earliest(next, answer_deadline_) : next;
}

std::uint32_t Publisher::new_ssrc() {
  for (;;) {
    auto ssrc = random_.u32();
    if (ssrc == 0 || std::find(ssrcs_.begin(), ssrcs_.end(), ssrc) != ssrcs_.end()) continue;
    ssrcs_.push_back(ssrc);
    return ssrc;
  }
}

}  // namespace sidetone::session
