#include "apps/cli/console.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <csignal>
#include <iostream>

namespace sidetone::cli {
namespace {

volatile std::sig_atomic_t asked_to_stop = 0;

void on_signal(int signal) {
  asked_to_stop = 1;
  std::signal(signal, SIG_DFL);  // the second one is obeyed at once
}

}  // namespace

Interrupt::Interrupt() {
  asked_to_stop = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::asked() {
  return asked_to_stop != 0;
}

LiveLine::LiveLine(bool quiet) : on_(!quiet && isatty(STDERR_FILENO) == 1) {}

LiveLine::~LiveLine() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
}

void LiveLine::show(const std::function<std::string()>& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_ || (drawn_ && now - last_ < std::chrono::milliseconds(100))) return;
  last_ = now;
  drawn_ = true;
  std::cerr << "\r\033[K" << text() << std::flush;
}

double peak(std::span<const std::int16_t> samples) {
  double largest = 0;
  for (auto sample : samples) largest = std::max(largest, std::abs(sample / 32768.0));
  return largest;
}

std::string meter(double level, int width) {
  constexpr double kFloorDb = 60;
  const double db = level > 0 ? std::max(0.0, 20 * std::log10(level) + kFloorDb) : 0;
  const int filled = std::clamp(static_cast<int>(std::lround(db / kFloorDb * width)), 0, width);
  return std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(width - filled), '.');
}

namespace {

// Boost.JSON writes 31.63 as 3.163E1, which is right and which nobody reads.
void write(const boost::json::value& value, std::string& text) {
  if (const auto* object = value.if_object()) {
    const char* separator = "{";
    for (const auto& [key, member] : *object) {
      text += separator + boost::json::serialize(boost::json::value(key)) + ":";
      write(member, text);
      separator = ",";
    }
    text += object->empty() ? "{}" : "}";
  } else if (const auto* array = value.if_array()) {
    const char* separator = "[";
    for (const auto& element : *array) {
      text += separator;
      write(element, text);
      separator = ",";
    }
    text += array->empty() ? "[]" : "]";
  } else if (const auto* number = value.if_double()) {
    text += plain_decimal(*number);
  } else {
    text += boost::json::serialize(value);
  }
}

}  // namespace

std::string plain_decimal(double value) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 400> digits{};  // the longest double in fixed form has 309 before the point
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

std::string to_json(const boost::json::object& object) {
  std::string text;
  write(object, text);
  return text;
}

void print_json(const boost::json::object& object) {
  std::cout << to_json(object) << std::endl;
}

double rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}

std::int64_t monotonic_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace sidetone::cli
