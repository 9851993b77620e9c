// RoomDriver: its UDP sockets and its signalling socket.
#include <algorithm>

#include "shell/local_addresses.hpp"
#include "shell/room_driver.hpp"
#include "shell/url.hpp"

namespace sidetone::shell {
namespace {

// As many as the session takes for each of its two connections.
constexpr std::size_t kMaxAddresses = 16;

bool is_loopback_host(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = base::Address::parse(host);
  return address && address->is_loopback();
}

}  // namespace

// Each connection has sockets of its own: the server has one address for both, so only ours tells
// their packets apart.
std::optional<session::LocalEndpoints> RoomDriver::open_udp(const std::string& url,
                                                            std::string& why) {
  const auto parsed = parse_url(url);
  const auto* to = std::get_if<Url>(&parsed);
  // A server on this machine may only be reachable over loopback; for any other, loopback
  // candidates are noise.
  const bool loopback = to && is_loopback_host(to->host);
  auto addresses = local_addresses(loopback ? Loopback::include : Loopback::leave_out);
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const auto& a) { return a.is_loopback(); });
  if (addresses.size() > kMaxAddresses) addresses.resize(kMaxAddresses);
  session::LocalEndpoints endpoints;
  if (!open_udp_for(addresses, endpoints.publisher) ||
      !open_udp_for(addresses, endpoints.subscriber)) {
    close_sockets();
    why = "no UDP socket could be opened: is a network interface up?";
    return std::nullopt;
  }
  return endpoints;
}

bool RoomDriver::open_udp_for(const std::vector<base::Address>& addresses,
                              std::vector<base::Endpoint>& endpoints) {
  for (const auto& address : addresses) {
    auto socket = UdpSocket::open(strand_, {address, 0});
    if (!socket) continue;  // an address that went away since it was listed
    (*socket)->start(
        [weak = weak_from_this()](UdpSocket& from, std::span<const ArrivedDatagram> datagrams) {
          if (auto driver = weak.lock()) driver->on_datagrams(from, datagrams);
        });
    endpoints.push_back((*socket)->local());
    udp_.push_back(std::move(*socket));
  }
  return !endpoints.empty();
}

void RoomDriver::on_datagrams(UdpSocket&, std::span<const ArrivedDatagram> datagrams) {
  if (ended_) return;
  const auto at = now();
  for (const auto& arrived : datagrams) {
    incoming_.local = arrived.local;
    incoming_.remote = arrived.remote;
    incoming_.packet.assign(arrived.bytes);
    session_.on_datagram(incoming_, arrived.arrival, at, outputs_);
  }
  pump();
}

void RoomDriver::send(const base::Outbox<base::Datagram>& datagrams) {
  for (const auto& datagram : datagrams) {
    if (datagram.local.port == 0) {  // a stream's name
      if (streams_) streams_->send(datagram.local, datagram.packet.bytes());
      continue;
    }
    for (auto& socket : udp_)
      if (socket->local() == datagram.local) {
        socket->add(datagram.local, datagram.remote, datagram.packet.bytes());
        break;
      }
  }
  if (!datagrams.empty())
    for (auto& socket : udp_) socket->flush();
}

void RoomDriver::fulfil(const session::SocketWish& wish) {
  const auto id = wish.socket;
  if (const auto* open = std::get_if<signal::OpenSocket>(&wish.wish))
    return open_socket(id, open->request);
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  if (const auto* message = std::get_if<signal::SendMessage>(&wish.wish)) {
    found->second->send(message->bytes);
    return;
  }
  found->second->close();
  sockets_.erase(found);
}

void RoomDriver::open_socket(session::SocketId id, const signal::SocketRequest& request) {
  WebSocketRequest wanted;
  wanted.server = {request.tls, request.host, request.port};
  wanted.target = request.target;
  wanted.headers = {{"Authorization", request.authorization}};
  WebSocketClientOptions options;
  options.connector.ca_file = connect_options_.ca_file;
  options.connector.proxy = connect_options_.proxy;
  options.limits.message_bytes = signal::kMaxResponseBytes;
  options.timeout = connect_options_.timeout;
  sockets_[id] =
      WebSocketClient::connect(strand_, std::move(wanted), std::move(options), socket_events(id));
}

// Each hands one thing to the session, then sees to what it wants.
WebSocketEvents RoomDriver::socket_events(session::SocketId id) {
  const auto turn = [weak = weak_from_this()](auto call) {
    const auto driver = weak.lock();
    if (!driver || driver->ended_) return;
    call(*driver);
    driver->pump();
  };
  WebSocketEvents events;
  events.open = [turn, id] {
    turn([&](RoomDriver& self) { self.session_.on_socket_open(id, now(), self.outputs_); });
  };
  events.refused = [turn, id](unsigned status, std::string body) {
    turn([&](RoomDriver& self) {
      self.sockets_.erase(id);
      self.session_.on_socket_refused(id, {status, std::move(body)}, now(), self.outputs_);
    });
  };
  events.message = [turn, id](base::Bytes message, bool binary) {
    if (!binary) return;  // a server that answers binary requests with text is none of LiveKit's
    turn([&](RoomDriver& self) {
      self.session_.on_socket_message(id, message, now(), self.outputs_);
    });
  };
  events.closed = [turn, id](WebSocketClosed why) {
    turn([&](RoomDriver& self) {
      self.sockets_.erase(id);
      self.session_.on_socket_closed(id, {why.code, std::move(why.text)}, now(), self.outputs_);
    });
  };
  return events;
}

IceStreamEvents RoomDriver::stream_events() {
  IceStreamEvents events;
  events.news = [weak = weak_from_this()](const ice::NetworkNews& news) {
    const auto driver = weak.lock();
    if (!driver || driver->ended_) return;
    driver->session_.on_network(news, now(), driver->outputs_);
    driver->pump();
  };
  events.packet = [weak = weak_from_this()](const base::Endpoint& name, base::Bytes packet) {
    const auto driver = weak.lock();
    if (!driver || driver->ended_) return;
    const auto at = now();
    driver->incoming_.local = driver->incoming_.remote = name;
    driver->incoming_.packet.assign(packet);
    driver->session_.on_datagram(driver->incoming_, at, at, driver->outputs_);
  };
  events.end_of_batch = [weak = weak_from_this()] {
    if (const auto driver = weak.lock()) driver->pump();
  };
  return events;
}

void RoomDriver::close_sockets() {
  if (streams_) streams_->close();
  for (auto& socket : udp_) socket->close();
  udp_.clear();
  for (auto& [id, socket] : sockets_) socket->close();
  sockets_.clear();
}

}  // namespace sidetone::shell
