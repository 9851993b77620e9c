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
#include <boost/asio/strand.hpp>
#include <memory>
#include <mutex>
#include <sidetone/error.hpp>
#include <sidetone/log.hpp>
#include <sidetone/runtime.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "shell/clock.hpp"

namespace sidetone::shell {

using Executor = boost::asio::any_io_executor;
using Strand = boost::asio::strand<Executor>;

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

  Strand make_strand() const { return Strand(executor_); }

  // Starts the event thread on first use. After the end: an executor that runs nothing.
  Executor event_executor();

  // The executor handlers fall back to; like event_executor() but without starting the thread: it
  // starts when something is first run there.
  bool on_media_thread() const;

  // False when the Runtime has ended: the caller then answers errc::closed itself.
  bool add(const std::shared_ptr<Service>& service);

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  void end();

  // Runs `call` on the event executor; what it throws is caught, counted and logged. Dropped after
  // the end.
  template <class Call>
  void run_for_user(Call call) {
    if (ended()) return;
    boost::asio::post(event_executor(),
                      [self = shared_from_this(), call = std::move(call)]() mutable {
                        self->guarded([&] { call(); });
                      });
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
  struct Threads;

  Loop(Executor host, RuntimeOptions options);
  void start(unsigned media_threads);
  void handler_threw(const char* what) noexcept;
  void deliver_logs();

  std::unique_ptr<Threads> threads_;  // null on the host's loop
  Executor executor_;
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
