#include "core/ice/gatherer.hpp"

#include <algorithm>

namespace sidetone::ice {
namespace {

// As for a TURN request (turn_client.cpp): 7.8 s in all.
constexpr base::Duration kFirstTimeout = std::chrono::milliseconds(200);
constexpr base::Duration kLongestTimeout = std::chrono::milliseconds(1600);
constexpr int kMaxTransmissions = 7;

}  // namespace

Gatherer::Gatherer(GatherConfig config, base::RandomSource& random)
    : config_(std::move(config)), random_(&random) {
  if (config_.servers.size() > kMaxServers) config_.servers.resize(kMaxServers);
  troubles_.resize(config_.servers.size());
  tubes_.reserve(kMaxServers + kMaxTubes);
}

void Gatherer::add_local(const base::Endpoint& endpoint) {
  if (started_) return;
  locals_.push_back(endpoint);
  if (!config_.streams || config_.relay_only) return;
  Candidate active;
  active.transport = Transport::tcp_active;
  active.endpoint = {endpoint.address, kActivePort};
  found_.push(active);
}

void Gatherer::start(base::Instant now, Output& out) {
  if (std::exchange(started_, true)) return;
  now_ = now;
  for (std::size_t i = 0; i < config_.servers.size(); ++i) begin(i, now, out);
}

void Gatherer::ask(const std::vector<Server>& servers, base::Instant now, Output& out) {
  now_ = now;
  for (const auto& server : servers) {
    if (!started_ || config_.servers.size() == kMaxServers) return;
    config_.servers.push_back(server);
    troubles_.emplace_back();
    begin(troubles_.size() - 1, now, out);
  }
}

void Gatherer::begin(std::size_t server, base::Instant now, Output& out) {
  const auto& url = config_.servers[server].url;
  if (!url.relay && config_.relay_only) return;
  if (url.carrier != Carrier::udp) {
    if (!config_.streams) return note(server, "it needs TCP, which is off here");
    if (auto* tube =
            open({{}, url.host, url.port, url.carrier == Carrier::tls, Framing::turn}, now, out))
      tube->server = server;
    return;
  }
  if (auto address = base::Address::parse(url.host)) return reach(server, {*address}, now, out);
  if (is_loopback_host(url.host))
    return reach(server, {*base::Address::parse("127.0.0.1"), *base::Address::parse("::1")}, now,
                 out);
  auto& tube = tubes_.emplace_back();
  tube.name = new_name();
  tube.stage = Stage::looking_up;
  tube.server = server;
  tube.deadline = now + kNetworkTimeout;
  out.network.push(LookUp{tube.name, url.host});
}

// The first address of each IP version, as the resolver ordered them.
void Gatherer::reach(std::size_t server,
                     const std::vector<base::Address>& addresses,
                     base::Instant now,
                     Output& out) {
  const auto& wanted = config_.servers[server];
  bool reached = false;
  for (bool v6 : {false, true}) {
    auto address = std::find_if(addresses.begin(), addresses.end(),
                                [&](const auto& each) { return each.is_v6() == v6; });
    if (address == addresses.end()) continue;
    base::Endpoint at{*address, wanted.url.port};
    auto local = socket_for(at);
    if (!local) continue;
    reached = true;
    if (wanted.url.relay)
      add_relay(server, {*local, at, false, wanted.username, wanted.credential, v6}, now, out);
    else
      query(server, at, now, out);
  }
  if (!reached) note(server, "no local address can reach it");
}

// Loopback reaches loopback best, and others the others.
std::optional<base::Endpoint> Gatherer::socket_for(const base::Endpoint& server) const {
  std::optional<base::Endpoint> best;
  for (const auto& local : locals_) {
    if (local.address.is_v6() != server.address.is_v6()) continue;
    if (local.address.is_loopback() == server.address.is_loopback()) return local;
    if (!best) best = local;
  }
  return best;
}

void Gatherer::query(std::size_t server, const base::Endpoint& at, base::Instant now, Output& out) {
  for (const auto& local : locals_) {
    if (local.address.is_v6() != at.address.is_v6() || queries_.size() == kMaxQueries ||
        local.address.is_loopback() != at.address.is_loopback())
      continue;
    auto& asked = queries_.emplace_back();
    asked.path = {local, at};
    asked.server = server;
    random_->fill(asked.id);
    asked.timeout = kFirstTimeout;
    asked.transmissions = 1;
    asked.resend_at = now + asked.timeout;
    transmit(asked, out);
  }
}

void Gatherer::transmit(const Query& query, Output& out) {
  auto& packet = out.datagrams.push({query.path.local, query.path.remote, {}}).packet;
  stun::Builder builder(packet.storage(), stun::Class::request, query.id);
  packet.resize(builder.fingerprint().finish().size());
}

// By its transaction id only: the same server may be the other side's address as well.
bool Gatherer::on_query_answer(const Path& path, base::Bytes bytes) {
  auto waits = [&](const Query& query) { return query.resend_at && query.path == path; };
  if (std::none_of(queries_.begin(), queries_.end(), waits)) return false;
  auto message = stun::parse(bytes);
  if (!message) return false;
  auto query = std::find_if(queries_.begin(), queries_.end(), [&](const Query& each) {
    return waits(each) && each.id == message->transaction;
  });
  if (query == queries_.end()) return false;
  query->resend_at.reset();
  if (message->message_class == stun::Class::success && message->mapped)
    announce_reflexive(*message->mapped, path.local);
  else
    note(query->server, "it answers with error " + std::to_string(message->error_code.value_or(0)));
  return true;
}

void Gatherer::announce_reflexive(const base::Endpoint& mapped, const base::Endpoint& base) {
  bool known = std::find(reflexive_.begin(), reflexive_.end(), mapped) != reflexive_.end();
  if (mapped == base || config_.relay_only || known || mapped.port == 0) return;
  reflexive_.push_back(mapped);
  Candidate candidate;
  candidate.type = CandidateType::server_reflexive;
  candidate.endpoint = mapped;
  candidate.related = base;
  found_.push(candidate);
}

void Gatherer::add_relay(std::size_t server, TurnConfig config, base::Instant now, Output& out) {
  if (relays_.size() == kMaxRelays) return note(server, "there are eight relays already");
  auto& relay = relays_.emplace_back();
  relay.server = server;
  relay.client = std::make_unique<TurnClient>(std::move(config), *random_);
  relay.client->start(now, out);
  look_at(relay);
}

// After each call to its client.
void Gatherer::look_at(Relay& relay) {
  const auto& client = *relay.client;
  if (client.state() == TurnState::ready && !relay.announced) {
    relay.announced = true;
    Candidate candidate;
    candidate.type = CandidateType::relayed;
    candidate.endpoint = client.relayed();
    candidate.related = config_.relay_only ? base::Endpoint{} : client.mapped();
    if (!candidate.related) candidate.related.emplace();
    found_.push(candidate);
    if (client.mapped() && !client.config().stream)
      announce_reflexive(*client.mapped(), client.config().local);
  }
  if (client.state() == TurnState::failed && !std::exchange(relay.over, true)) {
    note(relay.server, client.trouble());
    if (relay.announced) lost_.push({client.relayed(), {}});
  }
}

void Gatherer::note(std::size_t server, std::string trouble) {
  troubles_[server] = std::move(trouble);
}

std::optional<Gatherer::Arrival> Gatherer::on_datagram(const Path& path,
                                                       base::Bytes bytes,
                                                       base::Instant now,
                                                       Output& out) {
  now_ = now;
  for (auto& relay : relays_) {
    const auto& from = relay.client->config();
    if (from.local != path.local || from.server != path.remote) continue;
    auto arrival = relay.client->on_datagram(bytes, now, out);
    look_at(relay);
    if (!arrival) return std::nullopt;
    return Arrival{{relay.client->relayed(), arrival->peer}, arrival->bytes};
  }
  if (path.local.port == 0) {
    auto* tube = find_tube(path.local);
    if (tube == nullptr || !tube->path) return std::nullopt;
    return Arrival{*tube->path, bytes};
  }
  if (on_query_answer(path, bytes)) return std::nullopt;
  return Arrival{path, bytes};
}

void Gatherer::on_deadline(base::Instant now, Output& out) {
  now_ = now;
  for (auto& query : queries_) {
    if (!base::is_due(query.resend_at, now)) continue;
    if (query.transmissions++ >= kMaxTransmissions) {
      query.resend_at.reset();
      note(query.server, "the server does not answer");
      continue;
    }
    query.timeout = std::min(query.timeout * 2, kLongestTimeout);
    query.resend_at = now + query.timeout;
    transmit(query, out);
  }
  for (auto& relay : relays_) {
    if (!base::is_due(relay.client->next_deadline(), now)) continue;
    relay.client->on_deadline(now, out);
    look_at(relay);
  }
  expire_tubes(now, out);
}

base::Deadline Gatherer::next_deadline() const {
  base::Deadline next;
  for (const auto& query : queries_) next = base::earliest(next, query.resend_at);
  for (const auto& relay : relays_) next = base::earliest(next, relay.client->next_deadline());
  for (const auto& tube : tubes_) next = base::earliest(next, tube.deadline);
  return next;
}

bool Gatherer::carries(const base::Endpoint& local) const {
  if (local.port == kActivePort) return true;
  return std::any_of(relays_.begin(), relays_.end(), [&](const Relay& relay) {
    return relay.announced && relay.client->relayed() == local;
  });
}

void Gatherer::send(const Path& path, base::Bytes packet, Output& out) {
  if (path.local.port == kActivePort) return send_on_stream(path, packet, out);
  for (auto& relay : relays_)
    if (relay.announced && relay.client->relayed() == path.local)
      return relay.client->send(path.remote, packet, out);
}

void Gatherer::close(Output& out) {
  for (auto& relay : relays_) relay.client->close(out);
  for (auto& tube : tubes_) {
    if (tube.stage == Stage::opening || tube.stage == Stage::open)
      out.network.push(CloseStream{tube.name});
    tube.stage = Stage::over;
    tube.deadline.reset();
  }
  for (auto& query : queries_) query.resend_at.reset();
}

bool Gatherer::done() const {
  auto asking = [](const Query& query) { return query.resend_at.has_value(); };
  auto allocating = [](const Relay& relay) {
    return relay.client->state() == TurnState::allocating;
  };
  auto opening = [](const Tube& tube) { return tube.deadline.has_value() && !tube.path; };
  return started_ && std::none_of(queries_.begin(), queries_.end(), asking) &&
         std::none_of(relays_.begin(), relays_.end(), allocating) &&
         std::none_of(tubes_.begin(), tubes_.end(), opening);
}

std::string Gatherer::explain() const {
  std::string text;
  auto add = [&](const std::string& what, const std::string& why) {
    if (why.empty()) return;
    text += (text.empty() ? "" : "; ") + what + ": " + why;
  };
  for (std::size_t i = 0; i < troubles_.size(); ++i)
    add(config_.servers[i].url.to_string(), troubles_[i]);
  for (const auto& relay : relays_)
    if (!relay.over) add(config_.servers[relay.server].url.to_string(), relay.client->trouble());
  for (const auto& tube : tubes_)
    if (tube.path) add("tcp " + tube.path->remote.to_string(), tube.trouble);
  return text;
}

}  // namespace sidetone::ice
