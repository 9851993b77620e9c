#include "shell/tcp_listener.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include "shell/socket_address.hpp"

namespace sidetone::shell {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

// Out of descriptors: those who wait are served when some are free again.
constexpr std::chrono::milliseconds kRetry{100};

Tcp::endpoint to_tcp(const base::Endpoint& endpoint) {
  Tcp::endpoint result;
  sockaddr_storage address{};
  auto length = to_sockaddr(endpoint, address);
  result.resize(length);
  std::memcpy(result.data(), &address, length);
  return result;
}

[[noreturn]] void refuse(const base::Endpoint& endpoint, const error_code& ec) {
  auto where = "TCP port " + std::to_string(endpoint.port) + " of " + endpoint.address.to_string();
  if (ec == boost::system::errc::address_in_use)
    throw make_error(
        errc::unreachable,
        where +
            " is in use by another program: choose another port (--port), or 0 for any that "
            "is free");
  if (ec == boost::system::errc::permission_denied)
    throw make_error(
        errc::unreachable,
        where + " needs privileges: choose a port above 1023, or 0 for any that is free");
  throw make_error(errc::unreachable, where + " cannot be listened on: " + ec.message());
}

// A machine without IPv6, asked for the wildcard address of both families.
bool is_missing(const error_code& ec) {
  return ec == boost::system::errc::address_family_not_supported ||
         ec == boost::system::errc::address_not_available;
}

}  // namespace

TcpListener::TcpListener(const Strand& strand,
                         const std::vector<base::Address>& addresses,
                         std::uint16_t port)
    : strand_(strand), port_(port), retry_(strand) {
  for (const auto& address : addresses) {
    error_code ec;
    listen_on(address, ec);
    if (ec && (doors_.empty() || !is_missing(ec))) refuse({address, port_}, ec);
  }
}

void TcpListener::listen_on(const base::Address& address, error_code& ec) {
  auto door = std::make_shared<Door>(Door{Acceptor(strand_)});
  base::Endpoint wanted{address, port_};
  auto endpoint = to_tcp(wanted);
  auto& acceptor = door->acceptor;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(Acceptor::reuse_address(true), ec);
  if (!ec && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(Acceptor::max_listen_connections, ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) return;
  port_ = acceptor.local_endpoint().port();
  doors_.push_back(std::move(door));
}

void TcpListener::start(OnSocket on_socket) {
  on_socket_ = std::move(on_socket);
  resume();
}

void TcpListener::resume() {
  paused_ = false;
  for (auto& door : doors_) accept(door);
}

void TcpListener::close() {
  on_socket_ = nullptr;
  retry_.cancel();
  error_code ignored;
  for (auto& door : doors_) door->acceptor.close(ignored);
}

void TcpListener::accept(const std::shared_ptr<Door>& door) {
  if (paused_ || door->waiting || !on_socket_) return;
  door->waiting = true;
  auto self = shared_from_this();
  door->acceptor.async_accept(strand_, [self, door](error_code ec, TcpSocket socket) {
    door->waiting = false;
    if (!self->on_socket_ || ec == asio::error::operation_aborted) return;
    if (ec) {
      self->retry_.expires_after(kRetry);
      self->retry_.async_wait([self](error_code late) {
        if (!late) self->resume();
      });
      return;
    }
    error_code gone;
    auto remote = socket.remote_endpoint(gone);
    if (!gone) {
      socket.set_option(Tcp::no_delay(true), gone);
      auto endpoint = to_endpoint(*remote.data());
      auto call = self->on_socket_;
      call(std::move(socket), endpoint.value_or(base::Endpoint{}));
    }
    self->accept(door);
  });
}

}  // namespace sidetone::shell
