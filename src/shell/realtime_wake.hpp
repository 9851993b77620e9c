// Wakes a strand from any thread, a real-time one included: one write to an eventfd, which neither
// allocates nor waits. Wakes that come before the strand has run count once.
//
// Leak: a file descriptor. Threads: wake() from any; the rest on the strand, but construction.
#pragma once

#include <atomic>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "shell/runtime.hpp"

namespace sidetone::shell {

class RealtimeWake : public std::enable_shared_from_this<RealtimeWake> {
 public:
  // Throws std::system_error when the process has no descriptor left.
  static std::shared_ptr<RealtimeWake> create(const Strand& strand);
  RealtimeWake(const RealtimeWake&) = delete;
  RealtimeWake& operator=(const RealtimeWake&) = delete;
  ~RealtimeWake() = default;

  void wake() noexcept;

  // Calls `woken` on the strand from now on, until stop().
  void start(std::function<void()> woken);
  void stop();

 private:
  explicit RealtimeWake(const Strand& strand);
  void wait();

  boost::asio::posix::basic_stream_descriptor<Strand> descriptor_;
  std::atomic<bool> pending_{false};
  std::function<void()> woken_;
};

}  // namespace sidetone::shell
