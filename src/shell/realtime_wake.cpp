#include "shell/realtime_wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/posix/descriptor_base.hpp>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace sidetone::shell {
namespace {

int open_event() {
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

RealtimeWake::RealtimeWake(const Strand& strand) : descriptor_(strand, open_event()) {}

std::shared_ptr<RealtimeWake> RealtimeWake::create(const Strand& strand) {
  return std::shared_ptr<RealtimeWake>(new RealtimeWake(strand));
}

void RealtimeWake::wake() noexcept {
  if (pending_.exchange(true)) return;
  std::uint64_t one = 1;
  // Fails only when 2^64 - 2 wakes were not read: then the strand is woken anyway.
  [[maybe_unused]] auto written = ::write(descriptor_.native_handle(), &one, sizeof one);
}

void RealtimeWake::start(std::function<void()> woken) {
  woken_ = std::move(woken);
  wait();
}

void RealtimeWake::stop() {
  woken_ = nullptr;
  descriptor_.cancel();
}

void RealtimeWake::wait() {
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [self = shared_from_this()](error_code failed) {
                           if (failed || !self->woken_) return;
                           std::uint64_t count = 0;
                           [[maybe_unused]] auto read =
                               ::read(self->descriptor_.native_handle(), &count, sizeof count);
                           self->pending_.store(false);
                           self->woken_();
                           if (self->woken_) self->wait();
                         });
}

}  // namespace sidetone::shell
