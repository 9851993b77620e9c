// How many threads this process has, for tests that promise a number.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace sidetone::shell::test {

// Without usrsctp's own: one a process, born with the first association and never ended, asleep. A
// sanitizer's own is there from the first count on: it comes with the first thread of any kind.
inline std::size_t threads() {
  [[maybe_unused]] static const bool sanitizer_started = [] {
    std::thread([] {}).join();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the joined one's entry goes
    return true;
  }();
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream comm(task.path() / "comm");
    std::string name;
    std::getline(comm, name);
    count += name != "SCTP iterator";
  }
  return count;
}

// The kernel lists a thread for a moment after it was joined.
inline bool threads_return_to(std::size_t before) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (threads() > before) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace sidetone::shell::test
