// From a host name to a connected, verified stream of bytes: resolve, connect (each address in
// turn), through an HTTP proxy if asked, TLS if asked.
//
// Literal addresses and "localhost" (RFC 6761 §6.3) need no resolver. Other names do: Asio starts a
// thread for that and keeps it as long as the loop lives. The proxy is asked with CONNECT (RFC 9110
// §9.3.6) for ws and wss alike.
//
// Errors: unreachable, tls_verification, invalid_argument, each with a sentence. No deadline of its
// own: the caller cancels. Thread: the strand.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shell/byte_stream.hpp"
#include "shell/url.hpp"

namespace sidetone::shell {

struct ConnectTarget {
  bool tls = false;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
};

struct ConnectorOptions {
  std::string ca_file;  // PEM; authorities besides the system's
  std::string proxy;    // "http://[user:password@]host:port"; empty: none
};

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  // Exactly one call, unless cancelled: a stream, or null and why.
  using Done = std::function<void(std::unique_ptr<ByteStream>, StreamFailure)>;

  Connector(const Strand& strand, ConnectTarget target, ConnectorOptions options, Done done);
  void start();
  void cancel();

  // Where it stands, for the sentence of a caller whose deadline passed.
  std::string progress() const;

 private:
  using Tcp = boost::asio::ip::tcp;
  enum class Stage { resolving, connecting, asking_proxy, shaking_hands, done };

  void resolve(const std::string& host, std::uint16_t port);
  void connect_next();
  void on_connected();
  void ask_proxy();
  void on_proxy_reply(std::size_t size);
  void shake_hands();
  void fail(errc code, std::string text);

  Strand strand_;
  ConnectTarget target_;
  ConnectorOptions options_;
  Done done_;
  Stage stage_ = Stage::resolving;
  Url proxy_;
  std::string hop_;  // "host:port" of what is connected to first
  boost::asio::ip::basic_resolver<Tcp, Executor> resolver_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      attempt_timer_;
  TcpSocket socket_;
  std::vector<Tcp::endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::string last_error_;
  std::string buffer_;  // of the proxy's question and answer
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace sidetone::shell
