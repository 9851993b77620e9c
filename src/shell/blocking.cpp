#include "shell/blocking.hpp"

namespace sidetone::shell {

void WaitingThread::push(std::function<void()> call) {
  std::lock_guard lock(mutex_);
  if (given_up_) return;
  calls_.push_back(std::move(call));
  changed_.notify_one();
}

void WaitingThread::run(const bool& done, base::Deadline deadline) {
  while (!done) {
    std::vector<std::function<void()>> calls;
    {
      std::unique_lock lock(mutex_);
      auto came = [this] { return !calls_.empty(); };
      if (!deadline)
        changed_.wait(lock, came);
      else if (!changed_.wait_until(lock, to_steady(*deadline), came))
        return;
      calls.swap(calls_);
    }
    for (auto& call : calls) call();
  }
}

void WaitingThread::give_up() {
  std::vector<std::function<void()>> calls;
  std::lock_guard lock(mutex_);
  given_up_ = true;
  calls.swap(calls_);
}

}  // namespace sidetone::shell
