#include "shell/operation.hpp"

#include <gtest/gtest.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "shell/blocking.hpp"

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The smallest object with a waiting operation: numbers go in, readers get them in order.
class Numbers : public Loop::Service, public std::enable_shared_from_this<Numbers> {
 public:
  explicit Numbers(const Runtime& runtime) : loop(runtime.loop()), strand(loop->make_strand()) {}

  static std::shared_ptr<Numbers> create(const Runtime& runtime) {
    auto numbers = std::make_shared<Numbers>(runtime);
    numbers->loop->add(numbers);
    return numbers;
  }

  void runtime_ended() noexcept override {
    asio::post(strand, [self = shared_from_this()] { self->waiters.complete_all(errc::closed); });
  }

  void start_read(Operation<int>::Handler handler) {
    auto id = next_id++;
    Operation<int> op(loop, id, std::move(handler), [weak = weak_from_this()](OperationId which) {
      if (auto self = weak.lock())
        asio::post(self->strand, [self, which] { self->waiters.cancel(which); });
    });
    if (loop->ended()) return op.complete(errc::closed, 0);
    asio::post(strand, [self = shared_from_this(), op = std::move(op)]() mutable {
      self->waiters.push(std::move(op));
      self->serve();
    });
  }

  template <class Token>
  auto async_read(Token&& token) {
    return asio::async_initiate<Token, void(error_code, int)>(
        [self = shared_from_this()](auto handler) { self->start_read(std::move(handler)); }, token);
  }

  Result<int> read(std::optional<base::Duration> timeout) {
    return blocking<int>(*loop, timeout, [&](auto handler) { start_read(std::move(handler)); });
  }

  void push(int number) {
    asio::post(strand, [self = shared_from_this(), number] {
      self->ready.push_back(number);
      self->serve();
    });
  }

  void serve() {
    while (!ready.empty() && !waiters.empty()) {
      waiters.pop().complete({}, ready.front());
      ready.pop_front();
    }
  }

  std::shared_ptr<Loop> loop;
  Strand strand;
  std::atomic<OperationId> next_id = 1;
  Waiters<int> waiters;
  std::deque<int> ready;
};

error_code error_of(std::future<int>& future) {
  try {
    future.get();
    return {};
  } catch (const boost::system::system_error& error) {
    return error.code();
  }
}

TEST(Operation, WaitersAreServedInOrderAndKeepTheirContextBusy) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  asio::io_context app(1);
  std::vector<int> got;
  for (int i = 0; i < 3; ++i)
    numbers->async_read(asio::bind_executor(app, [&](error_code ec, int n) {
      EXPECT_FALSE(ec);
      got.push_back(n);
    }));
  std::thread later([&] {
    for (int n : {7, 8, 9}) numbers->push(n);
  });
  app.run_for(5s);
  later.join();
  EXPECT_EQ(got, (std::vector{7, 8, 9}));
}

TEST(Operation, LateCancellationHitsNothing) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  asio::io_context app(1);
  asio::cancellation_signal first;
  int second = 0;
  numbers->push(1);
  numbers->async_read(asio::bind_cancellation_slot(
      first.slot(), asio::bind_executor(app, [&](error_code ec, int) {
        EXPECT_FALSE(ec);
        numbers->async_read(asio::bind_executor(app, [&](error_code again, int n) {
          EXPECT_FALSE(again);
          second = n;
        }));
        first.emit(asio::cancellation_type::all);
        numbers->push(2);
      })));
  app.run_for(5s);
  EXPECT_EQ(second, 2);
}

TEST(Operation, CancellationEndsItWithOperationAborted) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  asio::io_context app(1);
  asio::cancellation_signal signal;
  error_code result;
  numbers->async_read(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(app, [&](error_code ec, int) { result = ec; })));
  asio::post(app, [&] { signal.emit(asio::cancellation_type::terminal); });
  app.run_for(5s);
  EXPECT_EQ(result, asio::error::operation_aborted);
}

TEST(Operation, HandlerWithoutAnExecutorRunsOnTheEventThread) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  std::promise<bool> on_media;
  numbers->async_read([&](error_code, int) { on_media.set_value(runtime.on_media_thread()); });
  numbers->push(1);
  auto answer = on_media.get_future();
  ASSERT_EQ(answer.wait_for(5s), std::future_status::ready);
  EXPECT_FALSE(answer.get());
}

TEST(Operation, FutureNeedsNoFurtherThread) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  auto result = numbers->async_read(asio::use_future);
  numbers->push(5);
  ASSERT_EQ(result.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(result.get(), 5);
}

TEST(Operation, NeverCompletesInsideTheInitiatingCall) {
  asio::io_context host(1);
  Runtime runtime(host.get_executor());
  auto loop = runtime.loop();
  bool completed = false;
  asio::post(host, [&] {
    Operation<int>::Handler handler =
        asio::bind_executor(host, [&](error_code, int) { completed = true; });
    Operation<int> op(loop, 1, std::move(handler), [](OperationId) {});
    op.complete({}, 1);
    EXPECT_FALSE(completed);
  });
  host.run_for(5s);
  EXPECT_TRUE(completed);
}

TEST(Operation, DroppedOneCompletesAsAborted) {
  asio::io_context host(1);
  Runtime runtime(host.get_executor());
  error_code result;
  {
    Operation<> op(
        runtime.loop(), 1, [&](error_code ec) { result = ec; }, [](OperationId) {});
  }
  host.run_for(5s);
  EXPECT_EQ(result, asio::error::operation_aborted);
}

TEST(Operation, PendingOnesEndWithClosedWhenTheRuntimeEnds) {
  auto runtime = std::make_unique<Runtime>();
  auto numbers = Numbers::create(*runtime);
  error_code on_event;
  numbers->async_read([&](error_code ec, int) { on_event = ec; });
  auto future = numbers->async_read(asio::use_future);
  runtime.reset();
  EXPECT_EQ(on_event, errc::closed);
  EXPECT_EQ(error_of(future), errc::closed);
}

TEST(Operation, CallAfterTheEndReturnsClosed) {
  auto runtime = std::make_unique<Runtime>();
  auto numbers = Numbers::create(*runtime);
  runtime.reset();
  EXPECT_EQ(numbers->read({}).error(), errc::closed);
  auto future = numbers->async_read(asio::use_future);
  EXPECT_EQ(error_of(future), errc::closed);
}

TEST(Blocking, WaitsForItsTurn) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  std::thread later([&] { numbers->push(3); });
  EXPECT_EQ(numbers->read(5s).value(), 3);
  later.join();
}

TEST(Blocking, GivesUpAtItsDeadlineAndLeavesNothingBehind) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  auto begin = now();
  EXPECT_EQ(numbers->read(20ms).error(), errc::timed_out);
  EXPECT_GE(now() - begin, 20ms);
  EXPECT_LT(now() - begin, 500ms);
  numbers->push(4);
  EXPECT_EQ(numbers->read(5s).value(), 4);
}

TEST(Blocking, IsRefusedOnTheMediaThread) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  std::promise<error_code> result;
  asio::post(runtime.executor(), [&] { result.set_value(numbers->read(5s).error()); });
  EXPECT_EQ(result.get_future().get(), errc::would_deadlock);
}

TEST(Blocking, SurvivesAHostThatNeverRuns) {
  asio::io_context host(1);
  Runtime runtime(host.get_executor());
  auto numbers = Numbers::create(runtime);
  EXPECT_EQ(numbers->read(1ms).error(), errc::timed_out);
  numbers->push(1);
  host.run_for(1s);
}

TEST(Blocking, ManyThreadsWaitAtOnce) {
  Runtime runtime;
  auto numbers = Numbers::create(runtime);
  std::atomic<int> sum = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i)
    readers.emplace_back([&] {
      for (int k = 0; k < 200; ++k) sum += numbers->read(5s).value();
    });
  for (int i = 0; i < 1600; ++i) numbers->push(1);
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(sum, 1600);
}

}  // namespace
}  // namespace sidetone::shell
