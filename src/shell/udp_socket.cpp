#include "shell/udp_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "shell/socket_address.hpp"

namespace sidetone::shell {

namespace {

// One turn reads at most this many batches before others on the strand get theirs.
constexpr int kBatchesPerTurn = 8;
constexpr base::Duration kBusyWait = std::chrono::milliseconds(1);
constexpr base::Duration kErrorWait = std::chrono::milliseconds(10);
constexpr base::Duration kRateWindow = std::chrono::milliseconds(100);

// Room for a timespec and the larger packet info, as the kernel aligns them.
constexpr std::size_t kReceiveControl =
    CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(in6_pktinfo));
constexpr std::size_t kSendControl = CMSG_SPACE(sizeof(in6_pktinfo));

error_code last_error() {
  return {errno, boost::system::system_category()};
}

base::Duration realtime() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

void set_options(int descriptor, bool v6, bool wildcard, const UdpOptions& options) {
  set(descriptor, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  set(descriptor, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
  set(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (v6) set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (wildcard && v6) set(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (wildcard && !v6) set(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
}

template <class T>
T control_data(const cmsghdr& header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return value;
}

void set_source(msghdr& message, const base::Address& from) {
  message.msg_controllen = CMSG_SPACE(from.is_v6() ? sizeof(in6_pktinfo) : sizeof(in_pktinfo));
  auto* header = CMSG_FIRSTHDR(&message);
  if (from.is_v6()) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.data(), from.size());
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.data(), from.size());
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
  }
}

}  // namespace

// The memory recvmmsg and sendmmsg work on, laid out once.
struct UdpSocket::Batches {
  struct In {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors{};
    std::array<sockaddr_storage, kBatch> remotes{};
    alignas(cmsghdr) std::array<std::array<std::byte, kReceiveControl>, kBatch> controls{};
    std::array<std::array<std::byte, base::kMaxPacketBytes>, kBatch> bytes{};
    std::array<ArrivedDatagram, kBatch> arrived{};
  };

  struct Out {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors{};
    std::array<sockaddr_storage, kBatch> remotes{};
    alignas(cmsghdr) std::array<std::array<std::byte, kSendControl>, kBatch> controls{};
    std::size_t count = 0;
  };

  void prepare_read() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      in.vectors[i] = {in.bytes[i].data(), in.bytes[i].size()};
      auto& header = in.messages[i].msg_hdr;
      header.msg_name = &in.remotes[i];
      header.msg_namelen = sizeof in.remotes[i];
      header.msg_iov = &in.vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = in.controls[i].data();
      header.msg_controllen = in.controls[i].size();
      header.msg_flags = 0;
    }
  }

  In in;
  Out out;
};

Result<std::shared_ptr<UdpSocket>> UdpSocket::open(const Strand& strand,
                                                   const base::Endpoint& local,
                                                   const UdpOptions& options) {
  bool v6 = local.address.is_v6();
  int descriptor = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return last_error();
  set_options(descriptor, v6, local.address.is_unspecified(), options);
  sockaddr_storage address{};
  auto length = to_sockaddr(local, address);
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    auto error = last_error();
    ::close(descriptor);
    return error;
  }
  auto bound = *to_endpoint(reinterpret_cast<sockaddr&>(address));
  return std::shared_ptr<UdpSocket>(new UdpSocket(strand, descriptor, bound));
}

UdpSocket::UdpSocket(const Strand& strand, int descriptor, const base::Endpoint& local)
    : descriptor_(strand, descriptor),
      timer_(strand),
      local_(local),
      wildcard_(local.address.is_unspecified()),
      batches_(std::make_unique<Batches>()),
      last_read_(now()) {}

UdpSocket::~UdpSocket() = default;

void UdpSocket::start(OnDatagrams on_datagrams) {
  on_datagrams_ = std::move(on_datagrams);
  wait_readable();
}

void UdpSocket::close() {
  error_code ignored;
  descriptor_.close(ignored);
  timer_.cancel();
  batches_->out.count = 0;
}

void UdpSocket::wait_readable() {
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [self = shared_from_this()](error_code ec) {
                           if (!ec) self->on_readable();
                         });
}

void UdpSocket::wait_for(base::Duration delay) {
  timer_.expires_after(delay);
  timer_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) self->on_readable();
  });
}

void UdpSocket::on_readable() {
  auto before = counters_.received;
  auto next = Next::more;
  for (int i = 0; i < kBatchesPerTurn && next == Next::more; ++i) {
    if (!descriptor_.is_open()) return;
    next = read_batch();
  }
  if (!descriptor_.is_open()) return;
  if (next == Next::failed) return wait_for(kErrorWait);
  if (is_busy(last_read_, counters_.received - before)) return wait_for(kBusyWait);
  wait_readable();
}

UdpSocket::Next UdpSocket::read_batch() {
  batches_->prepare_read();
  int count = ::recvmmsg(descriptor_.native_handle(), batches_->in.messages.data(), kBatch,
                         MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == EINTR) return Next::more;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      last_read_ = now();
      return Next::drained;
    }
    ++counters_.read_errors;
    // A datagram sent earlier was refused by its host: says nothing about this socket.
    return errno == ECONNREFUSED ? Next::more : Next::failed;
  }
  ++counters_.reads;
  auto arrived = collect(static_cast<std::size_t>(count), now());
  if (arrived > 0) on_datagrams_(*this, std::span(batches_->in.arrived).first(arrived));
  return static_cast<std::size_t>(count) == kBatch ? Next::more : Next::drained;
}

// Time stamps are CLOCK_REALTIME. Its distance to our clock is taken once a batch; whatever a step
// of the wall clock does to it, a datagram came after the last read and before this one.
std::size_t UdpSocket::collect(std::size_t count, base::Instant now) {
  auto& in = batches_->in;
  auto offset = realtime() - now.time_since_epoch();
  std::size_t arrived = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto& header = in.messages[i].msg_hdr;
    auto remote = to_endpoint(reinterpret_cast<sockaddr&>(in.remotes[i]));
    ++counters_.received;
    if ((header.msg_flags & MSG_TRUNC) != 0 || !remote) {
      ++counters_.oversized;
      continue;
    }
    auto& datagram = in.arrived[arrived++];
    datagram = {local_, *remote, now, base::Bytes(in.bytes[i]).first(in.messages[i].msg_len)};
    for (auto* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
      if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
        auto stamp = control_data<timespec>(*each);
        auto at = std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec);
        datagram.arrival = std::clamp(base::Instant(at - offset), last_read_, now);
      } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
        datagram.local.address = to_address(control_data<in_pktinfo>(*each).ipi_addr);
      } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
        datagram.local.address = to_address(control_data<in6_pktinfo>(*each).ipi6_addr);
      }
    }
  }
  last_read_ = now;
  return arrived;
}

bool UdpSocket::is_busy(base::Instant now, std::size_t received) {
  window_packets_ += received;
  if (auto elapsed = now - window_start_; elapsed >= kRateWindow) {
    busy_ = window_packets_ * std::uint64_t{1'000'000'000} >
            kBusyPacketsPerSecond * static_cast<std::uint64_t>(elapsed.count());
    window_start_ = now;
    window_packets_ = 0;
  }
  return busy_;
}

void UdpSocket::add(const base::Endpoint& from, const base::Endpoint& remote, base::Bytes bytes) {
  if (remote.address.is_v6() != local_.address.is_v6()) {
    ++counters_.unreachable;
    return;
  }
  auto& out = batches_->out;
  if (out.count == kBatch) flush();
  auto i = out.count++;
  out.vectors[i] = {const_cast<std::byte*>(bytes.data()), bytes.size()};  // NOLINT: POSIX
  auto& header = out.messages[i].msg_hdr;
  header = {};
  header.msg_name = &out.remotes[i];
  header.msg_namelen = to_sockaddr(remote, out.remotes[i]);
  header.msg_iov = &out.vectors[i];
  header.msg_iovlen = 1;
  if (wildcard_ && !from.address.is_unspecified() &&
      from.address.is_v6() == remote.address.is_v6()) {
    out.controls[i] = {};
    header.msg_control = out.controls[i].data();
    set_source(header, from.address);
  }
}

void UdpSocket::flush() {
  auto& out = batches_->out;
  std::size_t done = 0;
  while (done < out.count && descriptor_.is_open()) {
    int sent = ::sendmmsg(descriptor_.native_handle(), out.messages.data() + done,
                          static_cast<unsigned>(out.count - done), MSG_DONTWAIT);
    if (sent > 0) {
      counters_.sent += static_cast<std::uint64_t>(sent);
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      count_failed_send(errno);
      ++done;  // that one is lost; the next may have another way
    }
  }
  out.count = 0;
}

void UdpSocket::count_failed_send(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM)
    ++counters_.would_block;
  else
    ++counters_.unreachable;
}

}  // namespace sidetone::shell
