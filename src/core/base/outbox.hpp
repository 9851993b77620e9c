// What a machine wants from the world. The caller hands an outbox in, empties it after the call,
// and hands it in again: nothing in the core calls out, so nothing re-enters. clear() keeps the
// memory: a warm outbox does not allocate.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sidetone::base {

template <class T>
class Outbox {
 public:
  T& push(T item) { return items_.emplace_back(std::move(item)); }

  template <class... Args>
  T& emplace(Args&&... args) {
    return items_.emplace_back(std::forward<Args>(args)...);
  }

  bool empty() const { return items_.empty(); }

  std::size_t size() const { return items_.size(); }

  T& operator[](std::size_t i) { return items_[i]; }

  const T& operator[](std::size_t i) const { return items_[i]; }

  T& back() { return items_.back(); }

  auto begin() { return items_.begin(); }

  auto end() { return items_.end(); }

  auto begin() const { return items_.begin(); }

  auto end() const { return items_.end(); }

  void clear() { items_.clear(); }

  // Everything collected so far, leaving the outbox empty: for callers that may add to it while
  // they work it off.
  std::vector<T> take() { return std::exchange(items_, {}); }

 private:
  std::vector<T> items_;
};

}  // namespace sidetone::base
