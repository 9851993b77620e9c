#include "core/sctp/library.hpp"

#include <usrsctp.h>

#include <atomic>

#include "core/sctp/mailbox.hpp"

namespace sidetone::sctp {
namespace {

std::atomic<bool> initialised = false;
std::atomic_flag driving;

// usrsctp calls this with its own locks held: it must not call back, and does not.
int on_output(void* address, void* bytes, std::size_t size, std::uint8_t, std::uint8_t) {
  Mailbox::deliver(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)),
                   {static_cast<const std::byte*>(bytes), size});
  return 0;
}

void configure() {
  usrsctp_init_nothreads(0, &on_output, nullptr);
  // Neither ECN bits nor address changes exist inside DTLS, and DTLS authenticates already. What
  // nobody needs is code that a hostile peer need not reach.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_reconfig_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // Strangers' packets are answered with nothing.
  usrsctp_sysctl_set_sctp_blackhole(2);
  // Retransmission timers for conversation, as libwebrtc sets them: above the 200 ms a peer may
  // hold back its SACK, and well under RFC 4960's seconds.
  usrsctp_sysctl_set_sctp_rto_initial_default(500);
  usrsctp_sysctl_set_sctp_rto_min_default(400);
  usrsctp_sysctl_set_sctp_rto_max_default(5000);
  // With these a peer that vanished is given up after about 40 seconds.
  usrsctp_sysctl_set_sctp_assoc_rtx_max_default(10);
  usrsctp_sysctl_set_sctp_path_rtx_max_default(10);
  initialised = true;
}

}  // namespace

void initialise_library() {
  static const bool once = (configure(), true);
  static_cast<void>(once);
}

bool drive_timers(std::chrono::milliseconds elapsed) {
  if (!initialised || elapsed.count() <= 0) return true;
  if (driving.test_and_set(std::memory_order_acquire)) return false;
  usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
  driving.clear(std::memory_order_release);
  return true;
}

void set_timers_needed(void (*call)()) {
  Mailbox::set_first_hook(call);
}

std::size_t associations() {
  return Mailbox::count();
}

}  // namespace sidetone::sctp
