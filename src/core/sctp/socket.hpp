// One usrsctp socket of the one-to-one kind with all its options set. The only class that calls
// usrsctp, but for library.cpp. Never blocks. usrsctp locks inside: keep calls short.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/sctp/association.hpp"
#include "core/sctp/reassembly.hpp"

struct socket;

namespace sidetone::sctp {

// The payload protocol identifiers of RFC 8831 §8 and RFC 8832 §8.1.
enum class Payload : std::uint32_t {
  dcep = 50,
  string = 51,
  binary = 53,
  empty_string = 56,
  empty_binary = 57,
};

class Socket {
 public:
  struct SendAs {
    ChannelId stream = 0;
    Payload payload{};
    bool ordered = true;
    std::optional<std::uint16_t> max_retransmits;
  };

  // A message, a piece of one, or a notification.
  struct Received {
    bool notification = false;
    Reassembly::Piece piece;
  };

  // `address` names this association to usrsctp (mailbox.hpp). Throws errc::unsupported.
  Socket(std::uint64_t address, const Config& config);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  // Aborts what is open: the peer is told through the mailbox.
  ~Socket();

  bool connect();
  void input(base::Bytes packet);

  // The whole message or nothing; false when the buffer is full or nothing is connected.
  bool send(const SendAs& as, base::Bytes message);

  // Into `storage`; nothing when there is no more.
  std::optional<Received> receive(base::MutableBytes storage);

  bool writable() const;
  std::size_t buffered_bytes() const;

 private:
  void bind();
  template <class Option>
  void set(int level, int name, const Option& option);
  void set_options(const Config& config);

  std::uint64_t address_;
  struct ::socket* socket_;
};

}  // namespace sidetone::sctp
