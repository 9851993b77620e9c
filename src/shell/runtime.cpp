#include "shell/runtime.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <thread>

namespace sidetone::shell {

namespace asio = boost::asio;

namespace {

// How long the end waits for what is posted: a `leave` on its way, the handlers of the user.
constexpr std::chrono::seconds kEndGrace{1};

// More than a second of the chattiest level; a sink slower than that loses records, not memory.
constexpr std::size_t kMaxQueuedRecords = 1000;

// Denormals in long fades cost tenfold (audio.md §4.20). Priority is asked for and not insisted on:
// -11 is what desktop sound servers run at, and needs a privilege.
void set_up_media_thread() {
#ifdef __SSE__
  constexpr unsigned kFlushToZeroAndDenormalsAreZero = 0x8040;
  _mm_setcsr(_mm_getcsr() | kFlushToZeroAndDenormalsAreZero);
#elif defined(__aarch64__)
  std::uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(control | (1U << 24)));
#endif
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -11);
}

template <class Executor>
std::optional<bool> runs_here(const asio::any_io_executor& executor) {
  if (const auto* known = executor.target<Executor>()) return known->running_in_this_thread();
  return std::nullopt;
}

// The host's loop does not say which thread runs it unless it is one of Asio's own.
bool runs_in_this_thread(const asio::any_io_executor& executor) {
  using Context = asio::io_context::executor_type;
  using Tracked = decltype(asio::require(std::declval<const Context&>(),
                                         asio::execution::outstanding_work.tracked));
  for (auto answer : {runs_here<Context>(executor), runs_here<Tracked>(executor),
                      runs_here<asio::strand<Context>>(executor),
                      runs_here<asio::strand<asio::any_io_executor>>(executor),
                      runs_here<asio::thread_pool::executor_type>(executor)})
    if (answer) return *answer;
  return false;
}

}  // namespace

bool Loop::Gate::enter() {
  ++inside_;
  if (!shut_) return true;
  --inside_;
  return false;
}

void Loop::Gate::leave() {
  --inside_;
}

void Loop::Gate::shut() {
  shut_ = true;
  while (inside_ != 0) std::this_thread::yield();
}

// One io_context and the threads that run it.
struct Loop::Threads {
  struct Pool {
    explicit Pool(int concurrency) : context(concurrency), guard(context.get_executor()) {}

    // A thread keeps `self` alive: the Loop may lose its last owner while the thread still runs.
    void add_thread(const std::shared_ptr<Loop>& self, const char* name, bool is_media) {
      std::lock_guard lock(mutex);
      if (ending) return;
      threads.emplace_back([this, self, name, is_media] {
        pthread_setname_np(pthread_self(), name);
        if (is_media) set_up_media_thread();
        run(*self);
      });
      ++running;
    }

    void run(Loop& loop) {
      // A handler of the user that is bound to this context directly may throw through run().
      for (bool again = true; again;) {
        again = false;
        try {
          context.run();
        } catch (const std::exception& error) {
          loop.handler_threw(error.what());
          again = true;
        } catch (...) {
          loop.handler_threw("not a std::exception");
          again = true;
        }
      }
      std::lock_guard lock(mutex);
      --running;
      finished.notify_all();
    }

    // Lets the threads run dry and takes them down. From one of them: that one runs dry after the
    // handler it is in.
    void end() {
      guard.reset();
      std::unique_lock lock(mutex);
      ending = true;
      auto ours = std::exchange(threads, {});
      auto me = std::find_if(ours.begin(), ours.end(), [](const auto& thread) {
        return thread.get_id() == std::this_thread::get_id();
      });
      if (me == ours.end()) {
        if (!finished.wait_for(lock, kEndGrace, [this] { return running == 0; })) context.stop();
      } else {
        me->detach();
      }
      lock.unlock();
      if (me != ours.end()) context.poll();
      for (auto& thread : ours)
        if (thread.joinable()) thread.join();
    }

    // After the gate is shut: what slipped in while the threads ended.
    void drain() {
      {
        std::lock_guard lock(mutex);
        if (running != 0) return;
      }
      context.restart();
      context.poll();
    }

    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> guard;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::condition_variable finished;
    int running = 0;
    bool ending = false;
  };

  explicit Threads(unsigned media_threads) : media(static_cast<int>(media_threads)), events(1) {}

  Pool media;
  Pool events;
  std::once_flag events_started;
};

Loop::Loop(Executor host, RuntimeOptions options)
    : threads_(host ? nullptr : std::make_unique<Threads>(std::max(options.media_threads, 1U))),
      single_threaded_(!host && options.media_threads <= 1),
      executor_(host ? std::move(host) : Executor(threads_->media.context.get_executor())) {
  set_log_sink(std::move(options.log_sink), options.log_level);
}

std::shared_ptr<Loop> Loop::create(Executor host, RuntimeOptions options) {
  auto media_threads = std::max(options.media_threads, 1U);
  std::shared_ptr<Loop> loop(new Loop(std::move(host), std::move(options)));
  if (loop->threads_)
    for (unsigned i = 0; i < media_threads; ++i)
      loop->threads_->media.add_thread(loop, "sidetone-media", true);
  return loop;
}

Loop::~Loop() = default;

// One thread of our own is a strand already.
Strand Loop::make_strand() const {
  if (single_threaded_) return executor_;
  if (const auto* context = executor_.target<asio::io_context::executor_type>())
    return asio::strand<asio::io_context::executor_type>(*context);
  return asio::strand<Executor>(executor_);
}

Executor Loop::event_executor() {
  if (!threads_) return executor_;
  auto& events = threads_->events;
  if (!ended())
    std::call_once(threads_->events_started,
                   [&] { events.add_thread(shared_from_this(), "sidetone-event", false); });
  return events.context.get_executor();
}

bool Loop::on_media_thread() const {
  return runs_in_this_thread(executor_);
}

bool Loop::add(const std::shared_ptr<Service>& service) {
  std::lock_guard lock(mutex_);
  if (ended()) return false;
  std::erase_if(services_, [](const auto& known) { return known.expired(); });
  services_.push_back(service);
  return true;
}

void Loop::end() {
  std::vector<std::weak_ptr<Service>> services;
  {
    std::lock_guard lock(mutex_);
    if (ended_.exchange(true)) return;
    services.swap(services_);
  }
  for (const auto& service : services)
    if (auto alive = service.lock()) alive->runtime_ended();
  if (!threads_) return;
  auto self = shared_from_this();
  threads_->media.end();
  media_gate_.shut();
  threads_->media.drain();
  threads_->events.end();
  event_gate_.shut();
  threads_->events.drain();
}

void Loop::handler_threw(const char* what) noexcept {
  ++handler_exceptions_;
  try {
    log(LogLevel::error, "a handler threw", {{"what", what}});
  } catch (...) {
    ++log_records_dropped_;
  }
}

void Loop::set_log_sink(LogSink sink, LogLevel least) {
  std::lock_guard lock(mutex_);
  least_level_ = sink ? least : LogLevel::off;
  sink_ = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
}

void Loop::log(LogLevel level, std::string text, std::vector<LogField> fields) {
  if (!logs(level) || level == LogLevel::off) return;
  text = masked(text);
  for (auto& field : fields) field.value = masked(field.value);
  {
    std::lock_guard lock(mutex_);
    if (records_.size() >= kMaxQueuedRecords) {
      ++log_records_dropped_;
      return;
    }
    records_.push_back({level, std::move(text), std::move(fields)});
    if (std::exchange(delivering_, true)) return;
  }
  finish_for_user([self = shared_from_this()] { self->deliver_logs(); });
}

void Loop::deliver_logs() {
  for (;;) {
    std::vector<Record> records;
    std::shared_ptr<const LogSink> sink;
    {
      std::lock_guard lock(mutex_);
      if (records_.empty()) {
        delivering_ = false;
        return;
      }
      records.swap(records_);
      sink = sink_;
    }
    if (!sink) continue;
    for (const auto& record : records) try {
        (*sink)(LogRecord{record.level, record.text, record.fields});
      } catch (...) {
        ++handler_exceptions_;  // not logged: the sink is what failed
      }
  }
}

Runtime::Counters Loop::counters() const {
  return {handler_exceptions_, log_records_dropped_};
}

std::string masked(std::string_view text) {
  static constexpr std::string_view kStart = "eyJ";  // base64url of '{"', as every JWT begins
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
  std::string result;
  for (;;) {
    auto at = text.find(kStart);
    result += text.substr(0, at);
    if (at == text.npos) return result;
    text.remove_prefix(at);
    auto word = text.substr(0, text.find_first_not_of(kAlphabet));
    if (word.find('.') == word.npos)
      result += word;
    else
      result += "eyJ***";
    text.remove_prefix(word.size());
  }
}

}  // namespace sidetone::shell

namespace sidetone {
inline namespace v0 {

Runtime::Runtime() : Runtime(RuntimeOptions{}) {}

Runtime::Runtime(RuntimeOptions options) : loop_(shell::Loop::create({}, std::move(options))) {}

Runtime::Runtime(boost::asio::any_io_executor host, RuntimeOptions options)
    : loop_(shell::Loop::create(std::move(host), std::move(options))) {}

Runtime::~Runtime() {
  try {
    stop();
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; the host must not die of it
  }
}

boost::asio::any_io_executor Runtime::executor() const {
  return loop_->executor();
}

boost::asio::any_io_executor Runtime::event_executor() const {
  return loop_->event_executor();
}

bool Runtime::on_media_thread() const {
  return loop_->on_media_thread();
}

void Runtime::stop() {
  loop_->end();
}

bool Runtime::stopped() const {
  return loop_->ended();
}

void Runtime::set_log_sink(LogSink sink, LogLevel least) {
  loop_->set_log_sink(std::move(sink), least);
}

Runtime::Counters Runtime::counters() const {
  return loop_->counters();
}

}  // namespace v0
}  // namespace sidetone
