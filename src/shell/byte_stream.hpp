// A connected stream of bytes, plain TCP or TLS, erased: so that the WebSocket and HTTP code above
// is compiled once and sees neither.
//
// Thread: the strand of executor(). One read and one write may be pending at a time; close() ends
// both with operation_aborted. The stream must live until the handler of what is pending has run:
// handlers capture its owner.
#pragma once

#include <array>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/endpoint.hpp"
#include "shell/runtime.hpp"

namespace sidetone::shell {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

struct StreamFailure {
  errc code{};
  std::string text;  // a sentence for people
};

class ByteStream {
 public:
  using Handler = boost::asio::any_completion_handler<void(error_code, std::size_t)>;
  using Done = boost::asio::any_completion_handler<void(error_code)>;
  // Enough to send a frame's header and payload in one go; a writer with more is called again.
  using ConstBuffers = std::array<boost::asio::const_buffer, 8>;

  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  virtual Executor executor() = 0;
  // Before anything else. Nothing: it succeeded (a plain stream always does, at once).
  virtual void handshake(std::function<void(std::optional<StreamFailure>)> done) = 0;
  virtual void read_some(boost::asio::mutable_buffer into, Handler handler) = 0;
  virtual void write_some(const ConstBuffers& from, Handler handler) = 0;
  // Says that nothing more will be written and reads until the other side is done too, or a second
  // has passed.
  virtual void tear_down(Done done) = 0;
  virtual void close() = 0;

 protected:
  void close_soon();  // for tear_down

 private:
  using Clock = std::chrono::steady_clock;
  std::unique_ptr<
      boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>>
      limit_;
  std::shared_ptr<bool> alive_;
};

std::unique_ptr<ByteStream> make_plain_stream(TcpSocket socket);

// TLS on a connected socket. Chain and host name (or address) are verified, and the name is sent
// (SNI). The authorities of `ca_file` count besides the system's; throws
// make_error(invalid_argument) when the file cannot be used. The handshake fails with
// tls_verification and what is wrong with the certificate, or with unreachable.
std::unique_ptr<ByteStream> make_tls_stream(TcpSocket socket,
                                            const std::string& host,
                                            const std::string& ca_file);

// The server's side: one context for all its connections.
class TlsServerContext {
 public:
  // PEM files: the chain, leaf first, and its key. Throws make_error(tls_verification).
  TlsServerContext(const std::string& certificate_file, const std::string& key_file);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  std::unique_ptr<ByteStream> make_stream(TcpSocket socket) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidetone::shell
