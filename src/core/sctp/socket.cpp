#include "core/sctp/socket.hpp"

#include <usrsctp.h>

#include <array>
#include <bit>
#include <cerrno>

#include "core/sctp/library.hpp"
#include "core/sctp/mailbox.hpp"

namespace sidetone::sctp {
namespace {

// RFC 8831 §5 and SDP's a=sctp-port of everyone.
constexpr std::uint16_t kPort = 5000;
// Enough for kMaxChannels on either parity and for LiveKit's negotiated 100 to 102. Announcing more
// costs memory in every association: some 170 bytes a stream.
constexpr std::uint16_t kStreams = 256;
// INITs come every few seconds at last, so this is minutes: a peer may accept m=application and
// begin late, and ICE consent ends the transport when nobody is there.
constexpr std::uint16_t kInitAttempts = 60;
constexpr std::uint16_t kInitTimeoutMs = 5000;
// usrsctp counts a path's MTU without it.
constexpr std::size_t kCommonHeaderBytes = 12;
// More than the largest message: a message is handed to us whole before partial delivery begins at
// half of it.
constexpr int kReceiveBytes = 256 * 1024;
// The socket option that tells how full the send buffer is: usrsctp answers it, its header does
// not name it. An answer of another size or an error reads as an empty buffer.
constexpr int kSendBufferUse = 0x1101;

constexpr std::uint16_t to_network(std::uint16_t value) {
  return std::endian::native == std::endian::big ? value : __builtin_bswap16(value);
}

constexpr std::uint32_t to_network(std::uint32_t value) {
  return std::endian::native == std::endian::big ? value : __builtin_bswap32(value);
}

void* as_pointer(std::uint64_t address) {
  // A number where usrsctp keeps a pointer; nobody dereferences it.
  return reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr)
      static_cast<std::uintptr_t>(address));
}

// Both ends of an association have the same name here: it only tells associations apart.
sockaddr_conn name_of(std::uint64_t address) {
  sockaddr_conn name{};
  name.sconn_family = AF_CONN;
  name.sconn_port = to_network(kPort);
  name.sconn_addr = as_pointer(address);
  return name;
}

void on_upcall(struct ::socket*, void* address, int) {
  Mailbox::nudge(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)));
}

}  // namespace

Socket::Socket(std::uint64_t address, const Config& config) : address_(address), socket_(nullptr) {
  initialise_library();
  usrsctp_register_address(as_pointer(address));
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  try {
    if (socket_ == nullptr) throw make_error(errc::unsupported, "usrsctp gives no socket");
    set_options(config);
    bind();
  } catch (...) {
    if (socket_ != nullptr) usrsctp_close(socket_);
    usrsctp_deregister_address(as_pointer(address));
    throw;
  }
}

Socket::~Socket() {
  usrsctp_set_upcall(socket_, nullptr, nullptr);
  usrsctp_close(socket_);
  usrsctp_deregister_address(as_pointer(address_));
}

template <class Option>
void Socket::set(int level, int name, const Option& option) {
  if (usrsctp_setsockopt(socket_, level, name, &option, sizeof option) != 0)
    throw make_error(errc::unsupported, "usrsctp refuses option " + std::to_string(name));
}

void Socket::set_options(const Config& config) {
  if (usrsctp_set_non_blocking(socket_, 1) != 0)
    throw make_error(errc::unsupported, "usrsctp refuses non-blocking sockets");
  // Closing aborts: nothing may linger behind a DTLS transport that is gone.
  set(SOL_SOCKET, SO_LINGER, linger{1, 0});
  set(SOL_SOCKET, SO_SNDBUF, static_cast<int>(config.max_buffered_bytes));
  set(SOL_SOCKET, SO_RCVBUF, kReceiveBytes);
  set(IPPROTO_SCTP, SCTP_NODELAY, std::uint32_t{1});
  set(IPPROTO_SCTP, SCTP_RECVRCVINFO, std::uint32_t{1});

  sctp_initmsg init{};
  init.sinit_num_ostreams = kStreams;
  init.sinit_max_instreams = kStreams;
  init.sinit_max_attempts = kInitAttempts;
  init.sinit_max_init_timeo = kInitTimeoutMs;
  set(IPPROTO_SCTP, SCTP_INITMSG, init);

  sctp_paddrparams path{};
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
  path.spp_pathmtu = static_cast<std::uint32_t>(config.max_packet_bytes - kCommonHeaderBytes);
  path.spp_hbinterval = 30'000;  // RFC 4960 §15; ICE consent is the real heart
  set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);

  for (int type : {SCTP_ASSOC_CHANGE, SCTP_PARTIAL_DELIVERY_EVENT, SCTP_SHUTDOWN_EVENT}) {
    sctp_event event{};
    event.se_assoc_id = SCTP_FUTURE_ASSOC;
    event.se_type = static_cast<std::uint16_t>(type);
    event.se_on = 1;
    set(IPPROTO_SCTP, SCTP_EVENT, event);
  }
  usrsctp_set_upcall(socket_, &on_upcall, as_pointer(address_));
}

void Socket::bind() {
  auto name = name_of(address_);
  if (usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0)
    throw make_error(errc::unsupported, "usrsctp cannot bind an association");
}

bool Socket::connect() {
  auto name = name_of(address_);
  return usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 ||
         errno == EINPROGRESS;
}

void Socket::input(base::Bytes packet) {
  usrsctp_conninput(as_pointer(address_), packet.data(), packet.size(), 0);
}

bool Socket::send(const SendAs& as, base::Bytes message) {
  sctp_sendv_spa how{};
  how.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  how.sendv_sndinfo.snd_sid = as.stream;
  how.sendv_sndinfo.snd_ppid = to_network(static_cast<std::uint32_t>(as.payload));
  how.sendv_sndinfo.snd_flags = SCTP_EOR | (as.ordered ? 0 : SCTP_UNORDERED);
  if (as.max_retransmits) {
    how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    how.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    how.sendv_prinfo.pr_value = *as.max_retransmits;
  }
  auto sent = usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &how, sizeof how,
                            SCTP_SENDV_SPA, 0);
  return sent >= 0 && static_cast<std::size_t>(sent) == message.size();
}

std::optional<Socket::Received> Socket::receive(base::MutableBytes storage) {
  sockaddr_conn from{};
  socklen_t from_bytes = sizeof from;
  sctp_rcvinfo info{};
  socklen_t info_bytes = sizeof info;
  unsigned int info_type = SCTP_RECVV_NOINFO;
  int flags = 0;
  auto size =
      usrsctp_recvv(socket_, storage.data(), storage.size(), reinterpret_cast<sockaddr*>(&from),
                    &from_bytes, &info, &info_bytes, &info_type, &flags);
  if (size <= 0) return {};
  Received received;
  received.piece.bytes = storage.first(static_cast<std::size_t>(size));
  received.piece.last = (flags & MSG_EOR) != 0;
  received.notification = (flags & MSG_NOTIFICATION) != 0;
  if (info_type == SCTP_RECVV_RCVINFO) {
    received.piece.stream = info.rcv_sid;
    received.piece.payload = to_network(info.rcv_ppid);
  }
  return received;
}

bool Socket::writable() const {
  return (usrsctp_get_events(socket_) & SCTP_EVENT_WRITE) != 0;
}

std::size_t Socket::buffered_bytes() const {
  struct {
    std::uint32_t association = 0;
    std::uint32_t sending = 0;
    std::uint32_t receiving = 0;
  } use;

  socklen_t size = sizeof use;
  if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, kSendBufferUse, &use, &size) != 0) return 0;
  return size == sizeof use ? use.sending : 0;
}

}  // namespace sidetone::sctp
