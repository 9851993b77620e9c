// A UDP socket read and written in batches: wake-ups are what a packet costs (architecture.md §4).
//
// Reading: when the socket turns readable it is drained with recvmmsg, up to 32 datagrams at a time
// handed to the owner together. A socket busier than kBusyPacketsPerSecond is looked at again after
// 1 ms only. Arrival is the kernel's time stamp, put on our clock. On a socket bound to the
// wildcard address each datagram also tells which of our addresses it came to, and leaves from the
// one it names (RFC 8445 §7.3: an answer must come from where the question went).
//
// Writing: add() datagrams of one turn, then flush(). What the kernel does not take at once is
// dropped and counted, as the network would: a late voice packet is worth nothing.
//
// Thread: everything on the strand. No allocation once it runs. Asio is used for readiness only.
#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/endpoint.hpp"
#include "core/base/packet.hpp"
#include "shell/runtime.hpp"

namespace sidetone::shell {

// Borrowed for the call.
struct ArrivedDatagram {
  base::Endpoint local;  // our side; never the wildcard address
  base::Endpoint remote;
  base::Instant arrival;
  base::Bytes bytes;
};

struct UdpOptions {
  // Half a second of 100 participants in both directions; the kernel may grant less.
  int receive_buffer_bytes = 1 << 20;
  int send_buffer_bytes = 1 << 20;
};

class UdpSocket : public std::enable_shared_from_this<UdpSocket> {
 public:
  using OnDatagrams = std::function<void(UdpSocket&, std::span<const ArrivedDatagram>)>;

  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t reads = 0;        // recvmmsg calls that returned something
    std::uint64_t oversized = 0;    // longer than base::kMaxPacketBytes: dropped
    std::uint64_t would_block = 0;  // not sent: the socket's buffer was full (EAGAIN, ENOBUFS)
    std::uint64_t unreachable = 0;  // not sent: no route, interface down, refused by the system
    std::uint64_t read_errors = 0;
  };

  // Port 0: the system chooses. Errors: the system's (address in use, address not available …).
  static Result<std::shared_ptr<UdpSocket>> open(const Strand& strand,
                                                 const base::Endpoint& local,
                                                 const UdpOptions& options = {});
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket();

  // What it is bound to, with the port in use; the address may be the wildcard.
  const base::Endpoint& local() const { return local_; }

  // Starts reading. `on_datagrams` must not own this socket's owner: capture a weak_ptr.
  void start(OnDatagrams on_datagrams);

  // Borrowed until flush(); sends by itself when a batch is full. `from` matters on the wildcard
  // address only.
  void add(const base::Endpoint& from, const base::Endpoint& remote, base::Bytes bytes);
  void flush();

  // Nothing is read or sent afterwards.
  void close();

  const Counters& counters() const { return counters_; }

  static constexpr std::size_t kBatch = 32;
  // Two a millisecond: from there on, waiting 1 ms saves at least every second wake-up.
  static constexpr std::uint64_t kBusyPacketsPerSecond = 2000;

 private:
  struct Batches;
  enum class Next { drained, more, failed };

  UdpSocket(const Strand& strand, int descriptor, const base::Endpoint& local);
  void wait_readable();
  void wait_for(base::Duration delay);
  void on_readable();
  Next read_batch();
  std::size_t collect(std::size_t count, base::Instant now);
  void count_failed_send(int error);
  bool is_busy(base::Instant now, std::size_t received);

  boost::asio::posix::basic_stream_descriptor<Strand> descriptor_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Strand>
      timer_;
  base::Endpoint local_;
  bool wildcard_;
  OnDatagrams on_datagrams_;
  std::unique_ptr<Batches> batches_;
  base::Instant last_read_;
  base::Instant window_start_;
  std::uint64_t window_packets_ = 0;
  bool busy_ = false;
  Counters counters_;
};

}  // namespace sidetone::shell
