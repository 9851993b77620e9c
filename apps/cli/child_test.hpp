// Runs the built program as a user does: a process of its own, its output, its exit code, always
// with a deadline.
#pragma once

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace sidetone::cli::test {

struct Outcome {
  int code =
      -1;  // exit code; 128 + the signal that killed it; -1: had to be killed at the deadline
  std::string out;
  std::string err;
};

class Child {
 public:
  // LIVEKIT_* of our own environment is not passed on; `environment` is ("NAME=value").
  explicit Child(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const;
  // The first line it prints; empty when none came in time.
  std::string first_line(std::chrono::seconds limit = std::chrono::seconds(20));
  Outcome wait(std::chrono::seconds limit = std::chrono::seconds(30));

 private:
  bool read_some(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Outcome outcome_;
};

Outcome run(const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment = {});

// The JSON object a program printed; fails the test when it is none.
boost::json::object json_of(const std::string& text);

// 3.5 s of something like speech at 48 kHz mono, made once.
const std::string& speech_file();

// In a folder of our own that is removed at exit.
std::string scratch(const std::string& name);

}  // namespace sidetone::cli::test
