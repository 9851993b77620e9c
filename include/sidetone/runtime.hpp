// Where everything runs: an event loop with one media thread of its own, or the host's loop.
//
// Own loop: `Runtime()` starts the media thread. Handlers that bring no executor run on one event
// thread, born when the first of them needs it: two threads at most (one more, Asio's resolver,
// once a host name had to be looked up). User code never runs on the media thread unless a handler
// is bound to executor() on purpose. Host's loop: `Runtime(executor)` starts no thread; everything,
// handlers included, runs where the host runs that loop.
//
// Lifetime: a Runtime is an owner, not copyable. Rooms, sources, streams and servers keep what they
// need of it alive; when it ends (destructor or stop()) they are closed, their pending operations
// end with errc::closed, and later calls return errc::closed. No handler starts after the
// destructor returned. Ending it inside a handler is legal: handlers queued behind that one still
// run. What completes after the end, for want of a thread, completes inside the call that started
// it. The executors keep nothing alive: no thread may still be inside a post() to one at the end.
//
// Errors: an exception out of a handler on the event thread is caught, counted and logged. The
// constructor throws std::system_error when no thread can be started, else nothing here throws.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <sidetone/export.hpp>
#include <sidetone/log.hpp>

namespace sidetone {
namespace shell {
class Loop;
}

inline namespace v0 {

struct RuntimeOptions {
  // Media threads; each Room and each server is a strand, so more than one stays correct.
  unsigned media_threads = 1;
  LogLevel log_level = LogLevel::info;  // least level that reaches the sink
  LogSink log_sink;                     // none: silent
};

class SIDETONE_API Runtime {
 public:
  Runtime();
  explicit Runtime(RuntimeOptions options);
  // On the host's loop. media_threads is ignored.
  explicit Runtime(boost::asio::any_io_executor host, RuntimeOptions options = {});
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  // Where the library's own work runs. Any thread.
  boost::asio::any_io_executor executor() const;

  // Where handlers without an executor of their own run; starts the event thread. Any thread.
  boost::asio::any_io_executor event_executor() const;

  // Whether the caller is on a thread that runs the library's work: blocking calls are refused
  // there with errc::would_deadlock. Any thread.
  bool on_media_thread() const;

  // Ends the Runtime as the destructor does; idempotent. Any thread.
  void stop();
  bool stopped() const;

  // From the next record on. An empty sink silences. Any thread.
  void set_log_sink(LogSink sink, LogLevel least = LogLevel::info);

  struct Counters {
    std::uint64_t handler_exceptions = 0;  // thrown by user handlers and caught here
    std::uint64_t log_records_dropped = 0;
  };

  Counters counters() const;

  // For the library's own objects.
  const std::shared_ptr<shell::Loop>& loop() const { return loop_; }

 private:
  std::shared_ptr<shell::Loop> loop_;
};

}  // namespace v0
}  // namespace sidetone
