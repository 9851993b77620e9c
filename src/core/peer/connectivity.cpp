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

Connectivity::Connectivity(IceMode mode, base::RandomSource& random, ice::GatherConfig gather)
    : agent_(make_agent(mode, random)), random_(random) {
  bool wanted = !gather.servers.empty() || gather.relay_only || gather.streams;
  if (wanted && mode != IceMode::lite) gatherer_.emplace(std::move(gather), random);
}

const ice::Credentials& Connectivity::local() const {
  return std::visit(
      [](const auto& agent) -> const auto& { return agent.local_credentials(); }, agent_);
}

std::vector<std::string> Connectivity::candidates() const {
  const auto* full = std::get_if<ice::Agent>(&agent_);
  std::vector<std::string> lines;
  if (full != nullptr)
    for (const auto& candidate : full->local_candidates())
      lines.push_back(ice::format_candidate(candidate));
  for (auto candidate : advertised_) {
    if (full != nullptr) candidate.ufrag = local().ufrag;
    lines.push_back(ice::format_candidate(candidate));
  }
  return lines;
}

std::string Connectivity::add_local(const base::Endpoint& endpoint, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_)) {
    if (gatherer_) gatherer_->add_local(endpoint);
    if (gatherer_ && gatherer_->relay_only()) return {};
    auto candidate = full->add_local(endpoint, now, agent_out(out));
    after_agent(now, out);
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

void Connectivity::gather(Instant now, ice::Output& out) {
  if (!gatherer_) return;
  gatherer_->start(now, out);
  after_gatherer(now, out);
}

void Connectivity::ask(const std::vector<ice::Server>& servers, Instant now, ice::Output& out) {
  if (!gatherer_) return;
  gatherer_->ask(servers, now, out);
  after_gatherer(now, out);
}

void Connectivity::on_news(const ice::NetworkNews& news, Instant now, ice::Output& out) {
  if (!gatherer_) return;
  gatherer_->on_news(news, now, out);
  after_gatherer(now, out);
}

std::optional<Incoming> Connectivity::unwrap(const Incoming& datagram,
                                             Instant now,
                                             ice::Output& out) {
  if (!gatherer_) return datagram;
  auto arrival =
      gatherer_->on_datagram({datagram.local, datagram.remote}, datagram.bytes, now, out);
  after_gatherer(now, out);
  if (!arrival) return std::nullopt;
  return Incoming{arrival->path.local, arrival->path.remote, arrival->bytes, datagram.arrival};
}

void Connectivity::close(ice::Output& out) {
  if (gatherer_) gatherer_->close(out);
}

// What the agent sends goes its way: from a socket of ours, or through a relay or a stream.
void Connectivity::after_agent(Instant now, ice::Output& out) {
  if (!gatherer_) return;
  gatherer_->set_time(now);
  for (auto& datagram : raw_.datagrams) {
    if (gatherer_->carries(datagram.local))
      gatherer_->send({datagram.local, datagram.remote}, datagram.packet.bytes(), out);
    else
      out.datagrams.push(datagram);
  }
  for (auto event : raw_.events) out.events.push(event);
  raw_.clear();
}

void Connectivity::after_gatherer(Instant now, ice::Output& out) {
  auto& agent = std::get<ice::Agent>(agent_);
  for (auto& candidate : gatherer_->found()) add_candidate(std::move(candidate), now);
  gatherer_->found().clear();
  for (const auto& lost : gatherer_->lost()) agent.lose(lost.local, lost.remote, now, raw_);
  gatherer_->lost().clear();
  after_agent(now, out);
}

void Connectivity::add_candidate(ice::Candidate candidate, Instant now) {
  auto& agent = std::get<ice::Agent>(agent_);
  if (candidate.type != ice::CandidateType::server_reflexive) {
    if (auto added = agent.add_local(candidate, now, raw_))
      found_.push_back(ice::format_candidate(*added));
    return;
  }
  // Its base is a socket the agent has already: it is told to the other side, nothing more (RFC
  // 8445 §6.1.2.4).
  candidate.foundation =
      ice::foundation(candidate.type, candidate.related->address, ice::Transport::udp);
  candidate.priority = ice::candidate_priority(
      candidate.type, static_cast<std::uint16_t>(UINT16_MAX - advertised_.size()));
  candidate.ufrag = local().ufrag;
  advertised_.push_back(candidate);
  found_.push_back(ice::format_candidate(candidate));
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
    full->set_remote(remote, remote_lite, now, agent_out(out));
  else
    std::get<ice::LiteAgent>(agent_).set_remote(remote);
  after_agent(now, out);
}

void Connectivity::add_remote(const ice::Candidate& candidate, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_))
    full->add_remote(candidate, now, agent_out(out));
  after_agent(now, out);
}

void Connectivity::restart(Instant now, ice::Output& out) {
  restarting_ = true;
  if (auto* full = std::get_if<ice::Agent>(&agent_))
    full->restart(now, agent_out(out));
  else
    std::get<ice::LiteAgent>(agent_).restart(random_);
  after_agent(now, out);
}

bool Connectivity::on_datagram(const Incoming& datagram, Instant now, ice::Output& out) {
  if (auto* full = std::get_if<ice::Agent>(&agent_)) {
    auto before = full->counters().checks_received;
    full->on_datagram(datagram.local, datagram.remote, datagram.bytes, now, agent_out(out));
    after_agent(now, out);
    return full->counters().checks_received != before;
  }
  auto& lite = std::get<ice::LiteAgent>(agent_);
  lite.on_datagram(datagram.local, datagram.remote, datagram.bytes, now, out);
  return lite.last_was_valid();
}

void Connectivity::on_deadline(Instant now, ice::Output& out) {
  std::visit([&](auto& agent) { agent.on_deadline(now, agent_out(out)); }, agent_);
  if (!gatherer_) return;
  gatherer_->on_deadline(now, out);
  after_gatherer(now, out);
}

Deadline Connectivity::next_deadline() const {
  auto next = std::visit([](const auto& agent) { return agent.next_deadline(); }, agent_);
  return gatherer_ ? base::earliest(next, gatherer_->next_deadline()) : next;
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
  if (full == nullptr) return std::string(ice::to_string(state()));
  auto text = full->explain();
  auto servers = gatherer_ ? gatherer_->explain() : std::string();
  return servers.empty() ? text : text + "; " + servers;
}

}  // namespace sidetone::peer
