#include "shell/runtime.hpp"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "shell/threads_test.hpp"

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

template <class Call>
auto run_on(const Executor& executor, Call call) {
  std::packaged_task<decltype(call())()> task(std::move(call));
  auto result = task.get_future();
  asio::post(executor, std::move(task));
  if (result.wait_for(5s) != std::future_status::ready) throw std::runtime_error("did not run");
  return result.get();
}

TEST(Runtime, StartsOneThreadAndASecondForHandlersOnly) {
  auto before = test::threads();
  Runtime runtime;
  EXPECT_EQ(test::threads(), before + 1);
  auto media = run_on(runtime.executor(), [] { return std::this_thread::get_id(); });
  auto events = run_on(runtime.event_executor(), [] { return std::this_thread::get_id(); });
  EXPECT_NE(media, events);
  EXPECT_EQ(test::threads(), before + 2);
  runtime.stop();
  EXPECT_TRUE(test::threads_return_to(before));
}

TEST(Runtime, KnowsItsMediaThread) {
  Runtime runtime;
  Runtime other;
  EXPECT_FALSE(runtime.on_media_thread());
  EXPECT_TRUE(run_on(runtime.executor(), [&] { return runtime.on_media_thread(); }));
  EXPECT_FALSE(run_on(runtime.event_executor(), [&] { return runtime.on_media_thread(); }));
  EXPECT_FALSE(run_on(other.executor(), [&] { return runtime.on_media_thread(); }));
}

TEST(Runtime, RunsOnTheHostsLoopWithoutAThread) {
  auto before = test::threads();
  asio::io_context host(1);
  Runtime runtime(host.get_executor());
  bool on_media = false;
  bool ran = false;
  asio::post(runtime.executor(), [&] { on_media = runtime.on_media_thread(); });
  asio::post(runtime.event_executor(), [&] { ran = true; });
  EXPECT_FALSE(runtime.on_media_thread());
  host.run_for(5s);
  EXPECT_TRUE(on_media);
  EXPECT_TRUE(ran);
  EXPECT_EQ(test::threads(), before);
}

TEST(Runtime, MediaThreadFlushesDenormals) {
  Runtime runtime;
  EXPECT_EQ(run_on(runtime.executor(), [] { return _mm_getcsr() & 0x8040U; }), 0x8040U);
}

TEST(Runtime, ExceptionInAHandlerIsCaughtCountedAndLogged) {
  std::promise<std::string> logged;
  RuntimeOptions options;
  options.log_sink = [&](const LogRecord& record) {
    ASSERT_EQ(record.fields.size(), 1U);
    logged.set_value(std::string(record.text) + ": " + record.fields[0].value);
  };
  Runtime runtime(std::move(options));
  runtime.loop()->finish_for_user([] { throw std::runtime_error("mine"); });
  auto text = logged.get_future();
  ASSERT_EQ(text.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(text.get(), "a handler threw: mine");
  EXPECT_EQ(runtime.counters().handler_exceptions, 1U);
  EXPECT_NO_THROW(run_on(runtime.event_executor(), [] {}));
}

TEST(Runtime, SurvivesAHandlerThatThrowsThroughItsExecutor) {
  Runtime runtime;
  asio::post(runtime.event_executor(), [] { throw 42; });
  EXPECT_NO_THROW(run_on(runtime.event_executor(), [] {}));
  EXPECT_EQ(runtime.counters().handler_exceptions, 1U);
}

TEST(Runtime, MayBeDestroyedInsideAnEventHandler) {
  auto runtime = std::make_unique<Runtime>();
  auto executor = runtime->event_executor();
  std::promise<void> posted;
  std::promise<void> later;
  asio::post(executor, [&] {
    posted.get_future().wait();
    asio::post(executor, [&] { later.set_value(); });
    runtime.reset();
  });
  posted.set_value();
  EXPECT_EQ(later.get_future().wait_for(5s), std::future_status::ready);
}

TEST(Runtime, MayBeDestroyedOnItsMediaThread) {
  auto runtime = std::make_unique<Runtime>();
  std::promise<void> posted;
  std::promise<void> done;
  asio::post(runtime->executor(), [&] {
    posted.get_future().wait();
    runtime.reset();
    done.set_value();
  });
  posted.set_value();
  EXPECT_EQ(done.get_future().wait_for(5s), std::future_status::ready);
}

TEST(Runtime, RunsWhatWasQueuedBeforeItEnded) {
  auto runtime = std::make_unique<Runtime>();
  int ran = 0;
  for (int i = 0; i < 100; ++i) asio::post(runtime->executor(), [&] { ++ran; });
  for (int i = 0; i < 100; ++i)
    runtime->loop()->finish([&, loop = runtime->loop()] { loop->finish_for_user([&] { ++ran; }); });
  runtime.reset();
  EXPECT_EQ(ran, 200);
}

TEST(Runtime, FinishesAtOnceAfterTheEnd) {
  Runtime runtime;
  runtime.stop();
  bool finished = false;
  bool told = false;
  runtime.loop()->finish([&] { finished = true; });
  runtime.loop()->finish_for_user([&] { told = true; });
  EXPECT_TRUE(finished);
  EXPECT_TRUE(told);
}

class Ending : public Loop::Service {
 public:
  void runtime_ended() noexcept override { ++times; }

  int times = 0;
};

TEST(Runtime, TellsEachServiceOnceThatItEnds) {
  Runtime runtime;
  auto kept = std::make_shared<Ending>();
  auto dropped = std::make_shared<Ending>();
  EXPECT_TRUE(runtime.loop()->add(kept));
  EXPECT_TRUE(runtime.loop()->add(dropped));
  dropped.reset();
  runtime.stop();
  runtime.stop();
  EXPECT_EQ(kept->times, 1);
  EXPECT_FALSE(runtime.loop()->add(kept));
}

TEST(Log, MasksTokens) {
  EXPECT_EQ(masked("invalid token: eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkIn0.c2ln, error: expired"),
            "invalid token: eyJ***, error: expired");
  EXPECT_EQ(masked("eyJustice"), "eyJustice");
  EXPECT_EQ(masked("?access_token=eyJhbGciOi.e30.x&a=1 eyJ0.e30.y"),
            "?access_token=eyJ***&a=1 eyJ***");
}

TEST(Log, DropsAndCountsWhatTheSinkIsTooSlowFor) {
  std::promise<void> entered;
  std::promise<void> go;
  int seen = 0;
  Runtime runtime;
  runtime.set_log_sink([&](const LogRecord&) {
    if (seen++ == 0) {
      entered.set_value();
      go.get_future().wait_for(5s);
    }
  });
  runtime.loop()->log(LogLevel::info, "first");
  ASSERT_EQ(entered.get_future().wait_for(5s), std::future_status::ready);
  for (int i = 0; i < 1500; ++i) runtime.loop()->log(LogLevel::info, "more");
  go.set_value();
  runtime.stop();
  EXPECT_EQ(seen, 1001);
  EXPECT_EQ(runtime.counters().log_records_dropped, 500U);
}

TEST(Log, IsSilentBelowItsLevel) {
  int seen = 0;
  Runtime runtime;
  runtime.set_log_sink([&](const LogRecord&) { ++seen; }, LogLevel::warning);
  runtime.loop()->log(LogLevel::info, "no");
  runtime.loop()->log(LogLevel::error, "yes");
  runtime.stop();
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace sidetone::shell
