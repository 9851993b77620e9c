// What the library has to say, for whoever asks. Silent until a sink is set
// (Runtime::set_log_sink).
//
// Threads: the sink is called on the Runtime's event thread (on the host's loop when it runs
// there), one record at a time, never on the media thread. Records wait in a bounded queue: what
// does not fit is dropped and counted. Tokens never appear: whatever looks like one is cut before
// it is queued. A sink that throws loses that record only.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace sidetone {
inline namespace v0 {

enum class LogLevel { trace, debug, info, warning, error, off };

struct LogField {
  std::string name;  // snake_case, unit in the suffix: "elapsed_ms"
  std::string value;
};

// Borrowed for the call.
struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view text;  // one sentence, no line break
  std::span<const LogField> fields;
};

using LogSink = std::function<void(const LogRecord&)>;

// "trace", "debug", "info", "warning", "error", "off".
constexpr std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
    case LogLevel::off: return "off";
  }
  return "";
}

}  // namespace v0
}  // namespace sidetone
