// The loop inside a Runtime: what the shell's objects hold, post to and register with.
//
// An object of the shell (Room, AudioSource, server …) keeps a shared_ptr<Loop>, derives from
// Loop::Service and registers itself: when the Runtime ends, end() is called once on the ending
// thread and must make the object close: cancel its timers and sockets, complete its operations
// with errc::closed. After that the loop runs what was posted for at most a second, then no more.
//
// Threads are born here and nowhere else. Everything public here may be called from any thread.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <sidetone/error.hpp>
#include <sidetone/log.hpp>
#include <sidetone/runtime.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "shell/clock.hpp"

namespace sidetone::shell {

using Executor = boost::asio::any_io_executor;
// What is posted here runs one at a time. Erased on the outside: a strand over an erased executor
// costs an allocation each time something runs on it.
using Strand = boost::asio::any_io_executor;

// For an end that destructors bring about as well: without memory the call is dropped.
template <class Call>
void post_or_drop(const Strand& strand, Call call) noexcept {
  try {
    boost::asio::post(strand, std::move(call));
  } catch (...) {
  }
}

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  // An object that must hear of the Runtime's end.
  class Service {
   public:
    Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    virtual ~Service() = default;
    // Once, on the ending thread, never while the Loop holds state: hop to the own strand.
    virtual void runtime_ended() noexcept = 0;
  };

  // `host` empty: own threads.
  static std::shared_ptr<Loop> create(Executor host, RuntimeOptions options);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  const Executor& executor() const { return executor_; }

  Strand make_strand() const;

  // Starts the event thread on first use (not after the end). The host's loop, if it is there.
  Executor event_executor();

  bool on_media_thread() const;

  // False when the Runtime has ended: the caller then answers errc::closed itself.
  bool add(const std::shared_ptr<Service>& service);

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  void end();

  // Runs `call` on the media executor, from a turn of its own; after the end, at once on the
  // caller's thread. Nothing handed in here is ever lost.
  template <class Call>
  void finish(Call call) {
    if (media_gate_.enter()) {
      boost::asio::post(executor_, std::move(call));
      media_gate_.leave();
    } else {
      call();
    }
  }

  // The same on the event executor; what `call` throws is caught, counted and logged.
  template <class Call>
  void finish_for_user(Call call) {
    if (event_gate_.enter()) {
      boost::asio::post(
          event_executor(),
          [self = shared_from_this(), call = std::move(call)]() mutable { self->guarded(call); });
      event_gate_.leave();
    } else {
      guarded(call);
    }
  }

  // Calls user code: catches, counts and logs what it throws.
  template <class Call>
  void guarded(Call&& call) noexcept {
    try {
      call();
    } catch (const std::exception& error) {
      handler_threw(error.what());
    } catch (...) {
      handler_threw("not a std::exception");
    }
  }

  bool logs(LogLevel level) const { return level >= least_level_.load(std::memory_order_relaxed); }

  // Tokens in text and fields are masked. Callers test logs() first when building them costs.
  void log(LogLevel level, std::string text, std::vector<LogField> fields = {});
  void set_log_sink(LogSink sink, LogLevel least);

  Runtime::Counters counters() const;

 private:
  // Lets posts through until it is shut; then whoever shut it knows that no post is on its way.
  class Gate {
   public:
    bool enter();
    void leave();
    void shut();

   private:
    std::atomic<bool> shut_ = false;
    std::atomic<int> inside_ = 0;
  };

  struct Threads;

  Loop(Executor host, RuntimeOptions options);
  void handler_threw(const char* what) noexcept;
  void deliver_logs();

  std::unique_ptr<Threads> threads_;  // null on the host's loop
  bool single_threaded_;
  Executor executor_;
  Gate media_gate_;
  Gate event_gate_;
  std::atomic<bool> ended_ = false;
  std::atomic<LogLevel> least_level_ = LogLevel::off;
  std::atomic<std::uint64_t> handler_exceptions_ = 0;
  std::atomic<std::uint64_t> log_records_dropped_ = 0;

  struct Record {
    LogLevel level;
    std::string text;
    std::vector<LogField> fields;
  };

  std::mutex mutex_;  // services and log queue; never held while calling out
  std::vector<std::weak_ptr<Service>> services_;
  std::vector<Record> records_;
  bool delivering_ = false;
  std::shared_ptr<const LogSink> sink_;
};

// `text` with everything that has the shape of a JWT cut to its first characters.
std::string masked(std::string_view text);

}  // namespace sidetone::shell
