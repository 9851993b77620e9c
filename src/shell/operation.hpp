// One pending call of a public `async_x`, right in every corner.
//
// The public header shows
//
//   template <class Token> auto async_x(args, Token&& token) {
//     return async_initiate<Token, void(error_code, R)>(
//         [impl = impl_](auto handler, args) { start_x(impl, args, std::move(handler)); }, token,
//         args);
//   }
//
// and start_x, in the source file, makes an Operation of the handler *before any hop* and hands it
// to where it waits (a strand, or a state behind a lock), for instance in a Waiters list:
//
//   auto id = impl->next_id++;
//   Operation<R> op(impl->loop, id, std::move(handler), [weak = std::weak_ptr(impl)](OperationId
//   id) {
//     if (auto impl = weak.lock()) post(impl->strand, [impl, id] { impl->waiters.cancel(id); });
//   });
//   post(impl->strand, [impl, op = std::move(op)]() mutable { impl->start(std::move(op)); });
//
// Promises: the handler runs exactly once, on its own executor (which is kept busy until then) or,
// if it brought none, on the Runtime's event thread; never inside the initiating call and never
// while the caller of complete() is on the stack (after the Runtime's end there is no other thread
// left: then it may be). A cancellation reaches this operation only: by id, so a late one hits
// nothing. An Operation that is dropped completes with operation_aborted.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/prefer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "shell/runtime.hpp"

namespace sidetone::shell {

using OperationId = std::uint64_t;  // unique within the object that hands it out

// Where handlers go that brought no executor. Starts the event thread when something runs on it,
// not before.
class EventExecutor {
 public:
  explicit EventExecutor(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

  template <class Call>
  void execute(Call call) const {
    loop_->finish_for_user(std::move(call));
  }

  friend bool operator==(const EventExecutor&, const EventExecutor&) noexcept = default;

 private:
  std::shared_ptr<Loop> loop_;
};

template <class... Results>
class Operation {
 public:
  using Handler = boost::asio::any_completion_handler<void(error_code, Results...)>;

  Operation() = default;  // none

  // On the caller's thread, before any hop. `cancel(id)` is called where the signal is emitted: it
  // only hops to where the operation waits.
  template <class Cancel>
  Operation(const std::shared_ptr<Loop>& loop, OperationId id, Handler handler, Cancel cancel)
      : loop_(loop), id_(id) {
    namespace asio = boost::asio;
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.assign([id, cancel = std::move(cancel)](asio::cancellation_type type) {
        if (type != asio::cancellation_type::none) cancel(id);
      });
    asio::any_completion_executor fallback = EventExecutor(loop);
    auto executor = asio::get_associated_executor(handler, fallback);
    executor_ = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    handler_.swap(handler);
  }

  Operation(Operation&& other) noexcept = default;

  Operation& operator=(Operation&& other) noexcept {
    if (this != &other) {
      abandon();
      loop_ = std::move(other.loop_);
      id_ = other.id_;
      handler_.swap(other.handler_);
      executor_ = std::move(other.executor_);
    }
    return *this;
  }

  ~Operation() { abandon(); }

  explicit operator bool() const { return static_cast<bool>(handler_); }

  OperationId id() const { return id_; }

  // Hands the outcome over; the Operation is none afterwards. Any thread.
  void complete(error_code ec, Results... results) {
    if (!handler_) return;
    auto loop = std::move(loop_);
    Handler taken;
    taken.swap(handler_);
    loop->finish([handler = std::move(taken), executor = std::move(executor_), ec,
                  results = std::tuple<Results...>(std::move(results)...)]() mutable {
      namespace asio = boost::asio;
      asio::dispatch(executor, [handler = std::move(handler), ec,
                                results = std::move(results)]() mutable {
        // Here, because a slot belongs to the thread that emits it.
        asio::get_associated_cancellation_slot(handler).clear();
        std::apply([&](Results&... each) { std::move(handler)(ec, std::move(each)...); }, results);
      });
    });
  }

 private:
  void abandon() {
    if (handler_) complete(boost::asio::error::operation_aborted, Results()...);
  }

  std::shared_ptr<Loop> loop_;
  OperationId id_ = 0;
  Handler handler_;  // only moved into new ones and swapped: Boost 1.81's move assignment recurses
  boost::asio::any_completion_executor executor_;
};

// Operations in the order they were started. Not thread-safe: lives in the state it belongs to.
template <class... Results>
class Waiters {
 public:
  using Op = Operation<Results...>;

  bool empty() const { return waiting_.empty(); }

  std::size_t size() const { return waiting_.size(); }

  void push(Op op) { waiting_.push_back(std::move(op)); }

  Op& front() { return waiting_.front(); }

  Op pop() {
    Op op = std::move(waiting_.front());
    waiting_.pop_front();
    return op;
  }

  // Takes the one with this id out: none if it has completed already.
  Op take(OperationId id) {
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at)
      if (at->id() == id) {
        Op op = std::move(*at);
        waiting_.erase(at);
        return op;
      }
    return {};
  }

  bool cancel(OperationId id) {
    Op op = take(id);
    if (!op) return false;
    op.complete(boost::asio::error::operation_aborted, Results()...);
    return true;
  }

  void complete_all(error_code ec) {
    for (auto& op : std::exchange(waiting_, {})) op.complete(ec, Results()...);
  }

 private:
  std::deque<Op> waiting_;
};

}  // namespace sidetone::shell
