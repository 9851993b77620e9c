#include "core/peer/connectivity.hpp"

#include <algorithm>

namespace sidetone::peer {
namespace {

using AnyAgent = std::variant<ice::Agent, ice::LiteAgent>;

AnyAgent make_agent(IceMode mode, base::RandomSource& random) {
  ice::AgentConfig config;
  switch (mode) {
    case IceMode::lite: return AnyAgent(std::in_place_type<ice::LiteAgent>, random);
    case IceMode::controlling: config.role = ice::Role::controlling; break;
    case IceMode::controlled: config.role = ice::Role::controlled; break;
  }
  return AnyAgent(std::in_place_type<ice::Agent>, config, random);
}

}  // namespace

Connectivity::Connectivity(IceMode mode, base::RandomSource& random)
    : agent_(make_agent(mode, random)), random_(random) {}

const ice::Credentials& Connectivity::local() const {
  return std::visit(
      [](const auto& agent) -> const auto& { return agent.local_credentials(); }, agent_);
}

std::vector<std::string> Connectivity::candidates() const {
  const auto* full = std::get_if<ice::Agent>(&agent_);
  std::vector<std::string> lines;
  for (const auto& candidate : full ? full->local_candidates() : advertised_)
    lines.push_back(ice::format_candidate(candidate));
  return lines;
}

std::string Connectivity::add_local(const base::Endpoint& endpoint, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_)) {
    auto candidate = full->add_local(endpoint, now, out);
    return candidate ? ice::format_candidate(*candidate) : std::string();
  }
  auto same = [&](const ice::Candidate& known) { return known.endpoint == endpoint; };
  if (advertised_.size() == ice::kMaxLocalCandidates ||
      std::any_of(advertised_.begin(), advertised_.end(), same))
    return {};
  ice::Candidate candidate;
  candidate.foundation = std::to_string(advertised_.size() + 1);
  candidate.endpoint = endpoint;
  candidate.priority = ice::candidate_priority(
      ice::CandidateType::host, static_cast<std::uint16_t>(UINT16_MAX - advertised_.size()));
  advertised_.push_back(candidate);
  return ice::format_candidate(candidate);
}

void Connectivity::set_remote(const ice::Credentials& remote,
                              bool remote_lite,
                              Instant now,
                              ice::Output& out) {
  // Both sides change their credentials in a restart, whoever began it (RFC 8839 §4.4.1.1.1).
  if (remote_ && *remote_ != remote && !restarting_) restart(now, out);
  restarting_ = false;
  remote_ = remote;
  if (auto* full = std::get_if<ice::Agent>(&agent_))
    full->set_remote(remote, remote_lite, now, out);
  else
    std::get<ice::LiteAgent>(agent_).set_remote(remote);
}

void Connectivity::add_remote(const ice::Candidate& candidate, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_)) full->add_remote(candidate, now, out);
}

void Connectivity::restart(Instant now, ice::Output& out) {
  restarting_ = true;
  if (auto* full = std::get_if<ice::Agent>(&agent_))
    full->restart(now, out);
  else
    std::get<ice::LiteAgent>(agent_).restart(random_);
}

bool Connectivity::on_datagram(const Incoming& datagram, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_)) {
    auto before = full->counters().checks_received;
    full->on_datagram(datagram.local, datagram.remote, datagram.bytes, now, out);
    return full->counters().checks_received != before;
  }
  auto& lite = std::get<ice::LiteAgent>(agent_);
  lite.on_datagram(datagram.local, datagram.remote, datagram.bytes, now, out);
  return lite.last_was_valid();
}

void Connectivity::on_deadline(Instant now, ice::Output& out) {
  std::visit([&](auto& agent) { agent.on_deadline(now, out); }, agent_);
}

Deadline Connectivity::next_deadline() const {
  return std::visit([](const auto& agent) { return agent.next_deadline(); }, agent_);
}

const std::optional<ice::Path>& Connectivity::selected() const {
  return std::visit(
      [](const auto& agent) -> const auto& { return agent.selected(); }, agent_);
}

bool Connectivity::is_verified(const ice::Path& path) const {
  return std::visit([&](const auto& agent) { return agent.is_verified(path); }, agent_);
}

ice::State Connectivity::state() const {
  return std::visit([](const auto& agent) { return agent.state(); }, agent_);
}

std::string Connectivity::explain() const {
  const auto* full = std::get_if<ice::Agent>(&agent_);
  return full ? full->explain() : std::string(ice::to_string(state()));
}

}  // namespace sidetone::peer
