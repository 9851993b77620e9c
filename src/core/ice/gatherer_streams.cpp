// A Gatherer's names on the network: streams and look-ups.
#include <algorithm>

#include "core/ice/gatherer.hpp"

namespace sidetone::ice {

// An address from the discard prefix (RFC 6666) and port 0: nothing on a network has it.
base::Endpoint Gatherer::new_name() {
  std::array<std::uint8_t, 16> bytes{1};
  std::array<std::byte, 8> unique{};
  random_->fill(unique);
  std::transform(unique.begin(), unique.end(), bytes.begin() + 8,
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return {base::Address::v6(bytes), 0};
}

Gatherer::Tube* Gatherer::open(OpenStream wish, base::Instant now, Output& out) {
  if (tubes_.size() == kMaxServers + kMaxTubes) return nullptr;
  auto& tube = tubes_.emplace_back();
  tube.name = wish.name = new_name();
  tube.deadline = now + kNetworkTimeout;
  out.network.push(std::move(wish));
  return &tube;
}

Gatherer::Tube* Gatherer::find_tube(const base::Endpoint& name) {
  auto found = std::find_if(tubes_.begin(), tubes_.end(),
                            [&](const Tube& tube) { return tube.name == name; });
  return found == tubes_.end() ? nullptr : &*found;
}

bool Gatherer::knows(const base::Endpoint& name) const {
  return std::any_of(tubes_.begin(), tubes_.end(),
                     [&](const Tube& tube) { return tube.name == name; });
}

void Gatherer::on_news(const NetworkNews& news, base::Instant now, Output& out) {
  now_ = now;
  auto* tube = find_tube(std::visit([](const auto& each) { return each.name; }, news));
  if (tube == nullptr || tube->stage == Stage::over) return;
  if (const auto* host = std::get_if<HostFound>(&news)) {
    if (tube->stage == Stage::looking_up) on_host(*tube, *host, now, out);
  } else if (const auto* closed = std::get_if<StreamClosed>(&news)) {
    on_closed(*tube, closed->why);
  } else if (tube->stage == Stage::opening) {
    on_opened(*tube, now, out);
  }
}

void Gatherer::on_host(Tube& tube, const HostFound& news, base::Instant now, Output& out) {
  tube.stage = Stage::over;
  tube.deadline.reset();
  if (news.addresses.empty()) return note(tube.server, news.why);
  reach(tube.server, news.addresses, now, out);
}

void Gatherer::on_opened(Tube& tube, base::Instant now, Output& out) {
  tube.stage = Stage::open;
  tube.deadline.reset();
  if (tube.path) {
    for (const auto& packet : tube.held) out.datagrams.push({tube.name, tube.name, packet});
    tube.held.clear();
    return;
  }
  const auto& server = config_.servers[tube.server];
  const auto address = base::Address::parse(server.url.host);
  add_relay(
      tube.server,
      {tube.name, tube.name, true, server.username, server.credential, address && address->is_v6()},
      now, out);
}

void Gatherer::on_closed(Tube& tube, std::string why) {
  tube.stage = Stage::over;
  tube.deadline.reset();
  tube.held.clear();
  tube.trouble = why;
  if (tube.path) {
    lost_.push({tube.path->local, tube.path->remote});
    return;
  }
  note(tube.server, std::move(why));
  for (auto& relay : relays_) {
    if (relay.client->config().local != tube.name || std::exchange(relay.over, true)) continue;
    if (relay.announced) lost_.push({relay.client->relayed(), {}});
    Output nowhere;  // the stream that would carry the goodbye is gone
    relay.client->close(nowhere);
  }
}

// The first packet of a path opens its connection and waits for it, with a few more.
void Gatherer::send_on_stream(const Path& path, base::Bytes packet, Output& out) {
  auto found = std::find_if(tubes_.begin(), tubes_.end(),
                            [&](const Tube& tube) { return tube.path == path; });
  auto* tube = found == tubes_.end() ? nullptr : &*found;
  if (tube == nullptr) {
    tube = open({{}, path.remote.address.to_string(), path.remote.port, false, Framing::rfc4571},
                now_, out);
    if (tube == nullptr) return;
    tube->path = path;
    tube->held.reserve(kMaxTubePackets);
  }
  if (tube->stage == Stage::open)
    out.datagrams.push({tube->name, tube->name, base::Packet(packet)});
  else if (tube->stage == Stage::opening && tube->held.size() < kMaxTubePackets)
    tube->held.emplace_back(packet);
}

void Gatherer::expire_tubes(base::Instant now, Output& out) {
  for (auto& tube : tubes_) {
    if (!base::is_due(tube.deadline, now)) continue;
    if (tube.stage == Stage::looking_up) {
      tube.stage = Stage::over;
      tube.deadline.reset();
      note(tube.server, "its name was not resolved in time");
      continue;
    }
    out.network.push(CloseStream{tube.name});
    on_closed(tube, "no connection in time");
  }
}

}  // namespace sidetone::ice
