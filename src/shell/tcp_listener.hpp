// Listens on one port of several addresses and hands out connected sockets, as long as it is let.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/endpoint.hpp"
#include "shell/byte_stream.hpp"

namespace sidetone::shell {

class TcpListener : public std::enable_shared_from_this<TcpListener> {
 public:
  using OnSocket = std::function<void(TcpSocket, const base::Endpoint& remote)>;

  // Throws make_error(unreachable) that names the port and what to do. Addresses after the first
  // may be missing on this machine.
  TcpListener(const Strand& strand,
              const std::vector<base::Address>& addresses,
              std::uint16_t port);

  std::uint16_t port() const { return port_; }

  // `on_socket` must not own this listener's owner: capture a weak_ptr.
  void start(OnSocket on_socket);

  // While it pauses, those who connect wait in the kernel's queue.
  void pause() { paused_ = true; }

  void resume();
  void close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

  struct Door {
    Acceptor acceptor;
    bool waiting = false;
  };

  void listen_on(const base::Address& address, error_code& ec);
  void accept(const std::shared_ptr<Door>& door);

  Strand strand_;
  std::uint16_t port_;
  std::vector<std::shared_ptr<Door>> doors_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      retry_;
  OnSocket on_socket_;
  bool paused_ = false;
};

}  // namespace sidetone::shell
