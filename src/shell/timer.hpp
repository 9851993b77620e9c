// The one timer of a machine: armed with its next_deadline() after every turn.
//
// Runs its owner's member function on the owner's strand, with the time as it was read then, never
// early. Arming costs nothing while the deadline stays or moves later (it is looked at again when
// the old one passes). Use it on the strand only; the owner may be destroyed anywhere.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "shell/runtime.hpp"

namespace sidetone::shell {

class Timer {
 public:
  explicit Timer(const Strand& strand) : timer_(strand) {}

  // Once, before the first arm(). A Timer is a member of its owner.
  template <class Owner>
  void bind(std::weak_ptr<Owner> owner, void (Owner::*due)(base::Instant now)) {
    wait_ = [this, owner = std::move(owner), due] {
      timer_.async_wait([this, owner, due, wait = ++waits_](error_code) {
        auto alive = owner.lock();
        if (!alive || wait != waits_) return;
        if (auto at = now(); expired(at)) ((*alive).*due)(at);
      });
    };
  }

  // Nothing: no call until armed again.
  void arm(base::Deadline deadline) {
    deadline_ = deadline;
    if (!deadline) return cancel();
    if (waiting_until_ && *waiting_until_ <= *deadline) return;
    start_wait();
  }

  void cancel() {
    deadline_.reset();
    waiting_until_.reset();
    ++waits_;
    timer_.cancel();
  }

 private:
  void start_wait() {
    waiting_until_ = deadline_;
    timer_.expires_at(to_steady(*deadline_));
    wait_();
  }

  bool expired(base::Instant at) {
    waiting_until_.reset();
    if (!deadline_) return false;
    if (*deadline_ > at) {
      start_wait();
      return false;
    }
    deadline_.reset();
    return true;
  }

  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Strand>
      timer_;
  std::function<void()> wait_;
  base::Deadline deadline_;
  base::Deadline waiting_until_;
  std::uint64_t waits_ = 0;  // a wait that was already queued when it was replaced must not count
};

}  // namespace sidetone::shell
