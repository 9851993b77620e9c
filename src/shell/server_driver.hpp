// A RoomServer's inside: one strand that owns the rooms' machine, the HTTP port and the UDP socket.
//
// Leaks: sockets, clock; tests of behaviour use server::Server itself on virtual time (tests/sim).
// Threads: public calls from any; everything private on the strand.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <sidetone/room_server.hpp>
#include <string>
#include <vector>

#include "core/crypto/system_random.hpp"
#include "core/dtls/context.hpp"
#include "core/server/server.hpp"
#include "core/web/site.hpp"
#include "shell/http_server.hpp"
#include "shell/runtime.hpp"
#include "shell/sctp_host.hpp"
#include "shell/timer.hpp"
#include "shell/udp_socket.hpp"

namespace sidetone::shell {

class ServerDriver final : public Loop::Service, public std::enable_shared_from_this<ServerDriver> {
 public:
  // Throws what RoomServer's constructor throws.
  static std::shared_ptr<ServerDriver> create(const std::shared_ptr<Loop>& loop,
                                              RoomServerOptions options);

  // ---- any thread ----
  const std::string& url() const { return url_; }

  std::uint16_t port() const { return port_; }

  std::uint16_t udp_port() const { return udp_port_; }

  RoomServerStats stats() const;
  // On the strand, while the caller waits; false when it is closed or did not answer within two
  // seconds.
  bool ask(std::function<bool(server::Server&, base::Instant, server::Outbox&)> call);
  // Throws would_deadlock where nobody may wait for the strand.
  void check_may_wait(const char* call) const;
  void stop();

  void runtime_ended() noexcept override;

 private:
  struct Wake {
    std::weak_ptr<ServerDriver> driver;
    std::atomic<bool> pending{false};
  };

  struct Delayed {
    base::Instant due;
    base::Datagram datagram;
  };

  ServerDriver(const std::shared_ptr<Loop>& loop, RoomServerOptions options);

  void open();
  void open_udp();
  void start();
  std::vector<base::Endpoint> candidates() const;
  HttpServerEvents http_events();
  HttpResponse answer(const HttpRequest& request);
  std::optional<HttpResponse> judge(SocketNumber socket, const HttpRequest& request);
  void on_datagrams(std::span<const ArrivedDatagram> datagrams);
  void on_timer(base::Instant now);
  void pump();
  void send(const base::Outbox<base::Datagram>& datagrams, base::Instant now);
  void close();

  std::shared_ptr<Loop> loop_;
  Strand strand_;
  RoomServerOptions options_;
  std::string url_;
  std::uint16_t port_ = 0;
  std::uint16_t udp_port_ = 0;
  crypto::SystemRandom random_;
  dtls::Context dtls_;
  std::shared_ptr<Wake> wake_;
  std::shared_ptr<SctpHost> sctp_;
  std::unique_ptr<server::Server> server_;
  web::Site site_;
  server::Outbox outbox_;
  server::Outbox delivering_;  // swapped with outbox_ each turn; both stay warm
  bool pumping_ = false;
  Timer timer_;
  bool closed_ = false;

  std::vector<std::shared_ptr<UdpSocket>> udp_;  // IPv4, IPv6
  std::shared_ptr<HttpServer> http_;
  std::map<SocketNumber, server::JoinRequest> joining_;  // welcomed, not open yet
  std::deque<Delayed> delayed_;                          // forwarding_delay only

  std::atomic<std::uint64_t> rooms_{0};
  std::atomic<std::uint64_t> participants_{0};
  std::atomic<std::uint64_t> packets_forwarded_{0};
  std::atomic<std::uint64_t> strangers_{0};
};

}  // namespace sidetone::shell
