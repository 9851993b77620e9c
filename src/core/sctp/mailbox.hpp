// Where usrsctp's output for one association goes, from whichever thread it calls.
//
// During a call of the association itself: straight into its outbox (Direct). From the thread that
// drives the timers: into a lock-free list that the association collects later, and its wake
// function is called once. usrsctp knows a mailbox by a number, never by a pointer, so that output
// for one that is gone finds nobody.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"

namespace sidetone::sctp {

struct MailboxSlot;

class Mailbox {
 public:
  // What fits while nobody polls; beyond it packets are lost, as on any wire.
  static constexpr std::uint32_t kMaxPackets = 256;

  // Throws errc::unsupported when the process holds as many as there can be (65 536).
  explicit Mailbox(std::function<void()> wake);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  // Afterwards the wake function is neither running nor called again.
  ~Mailbox();

  std::uint64_t address() const { return address_; }

  // Oldest first.
  void collect(base::Outbox<base::Packet>& out);

  std::uint64_t overflows() const;

  // While it lives, output of this thread for this mailbox goes into `out`.
  class Direct {
   public:
    Direct(const Mailbox& mailbox, base::Outbox<base::Packet>& out);
    Direct(const Direct&) = delete;
    Direct& operator=(const Direct&) = delete;
    ~Direct();
  };

  // usrsctp's side, any thread: a packet for an address, or only the news that something happened.
  static void deliver(std::uint64_t address, base::Bytes packet);
  static void nudge(std::uint64_t address);

  static std::size_t count();  // in this process
  static void set_first_hook(void (*call)());

 private:
  MailboxSlot* slot_;
  std::uint64_t address_;
};

}  // namespace sidetone::sctp
