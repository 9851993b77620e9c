// Things that happen when the front of the queue reaches a position: in order, and moving along
// when samples before them are taken back. Source: audio.md §2.5 (waiters), §2.6 (tails).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace sidetone::send {

template <class T>
class PositionMarks {
 public:
  struct Mark {
    std::int64_t position;
    T what;
  };

  bool empty() const { return marks_.empty(); }

  std::size_t size() const { return marks_.size(); }

  const Mark& front() const { return marks_.front(); }

  Mark& back() { return marks_.back(); }

  // Positions come in order.
  void push(std::int64_t position, T what) { marks_.push_back({position, std::move(what)}); }

  // The first mark behind this position.
  const Mark* after(std::int64_t position) const {
    auto at = std::upper_bound(marks_.begin(), marks_.end(), position,
                               [](std::int64_t p, const Mark& mark) { return p < mark.position; });
    return at == marks_.end() ? nullptr : &*at;
  }

  // The oldest mark at or before this position, removed.
  std::optional<T> reached(std::int64_t position) {
    if (marks_.empty() || marks_.front().position > position) return std::nullopt;
    T what = std::move(marks_.front().what);
    marks_.erase(marks_.begin());
    return what;
  }

  void pop_front() { marks_.erase(marks_.begin()); }

  // The samples [begin, end) are taken back: what stood behind them moves up.
  void erase_range(std::int64_t begin, std::int64_t end) {
    for (auto& mark : marks_) mark.position -= std::clamp(mark.position, begin, end) - begin;
  }

  template <class Predicate>
  bool remove_if(Predicate predicate) {
    return std::erase_if(marks_, [&](const Mark& mark) { return predicate(mark.what); }) > 0;
  }

  void clear() { marks_.clear(); }

 private:
  std::vector<Mark> marks_;
};

}  // namespace sidetone::send
