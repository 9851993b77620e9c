// What every command needs of the terminal: a way to be stopped, a line that moves, one JSON object
// at the end.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

namespace sidetone::cli {

// What the user did wrong, said in a sentence; ends the program with code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// While one lives, Ctrl-C and SIGTERM ask instead of killing; a second one kills.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool asked();
};

// Progress on standard error: a line that is drawn over on a terminal, and nothing at all elsewhere
// or with --json.
class LiveLine {
 public:
  explicit LiveLine(bool quiet);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // At most ten times a second; calls between are free.
  void show(const std::function<std::string()>& text);

 private:
  bool on_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// The largest sample, 0..1.
double peak(std::span<const std::int16_t> samples);

// A level meter of `width` characters for a level in 0..1.
std::string meter(double level, int width = 20);

// "31.63", never "3.163E1": the shortest digits that mean this number. "null" for what is none.
std::string plain_decimal(double value);

// One line, numbers as plain decimals.
std::string to_json(const boost::json::object& object);
void print_json(const boost::json::object& object);

// Rounded for people's eyes: JSON numbers with at most `digits` decimals.
double rounded(double value, int digits = 2);

std::int64_t monotonic_ns();

}  // namespace sidetone::cli
