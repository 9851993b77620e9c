// The blocking twin of an asynchronous operation: starts it, waits, cancels it at the deadline.
//
//   Result<Frame> frame = blocking<Frame>(*loop, timeout, [&](auto handler) {
//     start_read(impl, std::move(handler));
//   });
//
// Errors: would_deadlock on a thread that runs the library's work (the operation is not started);
// timed_out when the deadline passed and the operation was cancelled; else the operation's own. An
// operation that finished while it was being cancelled has finished: its result is returned.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "shell/runtime.hpp"

namespace sidetone::shell {

// Runs completions on the thread that waits for them, so that the cancellation slot is touched by
// that thread only. A completion that comes after the wait was given up is destroyed, not run.
class WaitingThread {
 public:
  class Executor {
   public:
    explicit Executor(std::shared_ptr<WaitingThread> thread) : thread_(std::move(thread)) {}

    template <class Call>
    void execute(Call call) const {
      // Asio's calls move only; std::function copies.
      auto shared = std::make_shared<Call>(std::move(call));
      thread_->push([shared] { (*shared)(); });
    }

    friend bool operator==(const Executor&, const Executor&) noexcept = default;

   private:
    std::shared_ptr<WaitingThread> thread_;
  };

  void push(std::function<void()> call);
  // Runs what came until `done` or the deadline.
  void run(const bool& done, base::Deadline deadline);
  void give_up();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> calls_;
  bool given_up_ = false;
};

// How long a cancelled operation may take to say so: only a host whose loop does not run needs it.
inline constexpr std::chrono::milliseconds kCancelGrace{1000};

template <class T>
class Blocking {
 public:
  template <class Start>
  Result<T> wait(base::Deadline deadline, Start&& start) {
    auto state = std::make_shared<State>();
    auto thread = std::make_shared<WaitingThread>();
    start(boost::asio::bind_cancellation_slot(
        state->signal.slot(),
        boost::asio::bind_executor(WaitingThread::Executor(thread), Completion{state})));
    thread->run(state->done, deadline);
    if (!state->done) {
      state->signal.emit(boost::asio::cancellation_type::all);
      thread->run(state->done, now() + kCancelGrace);
      thread->give_up();
      if (!state->done || state->result.has_error()) return make_error_code(errc::timed_out);
    }
    return std::move(state->result);
  }

 private:
  struct State {
    boost::asio::cancellation_signal signal;
    bool done = false;
    Result<T> result = make_error_code(errc::timed_out);
  };

  struct Completion {
    std::shared_ptr<State> state;

    template <class... Value>
    void operator()(error_code ec, Value... value) {
      if (ec)
        state->result = ec;
      else
        state->result = Result<T>(boost::system::in_place_value, std::move(value)...);
      state->done = true;
    }
  };
};

// `timeout` from now; none: waits as long as it takes.
template <class T, class Start>
Result<T> blocking(const Loop& loop, std::optional<base::Duration> timeout, Start&& start) {
  if (loop.on_media_thread()) return make_error_code(errc::would_deadlock);
  base::Deadline deadline;
  if (timeout) deadline = now() + *timeout;
  return Blocking<T>().wait(deadline, std::forward<Start>(start));
}

}  // namespace sidetone::shell
