#include "apps/cli/timestamps.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace sidetone::cli {

TimestampFile::TimestampFile(const std::string& path) {
  if (path.empty()) return;
  file_.open(path);
  if (!file_) throw std::runtime_error("'" + path + "' cannot be written");
  file_ << "index,monotonic_ns,rtp_time,provenance\n";
}

void TimestampFile::line(std::int64_t nanoseconds,
                         std::int64_t rtp_time,
                         const std::string& provenance) {
  if (file_.is_open())
    file_ << index_++ << ',' << nanoseconds << ',' << rtp_time << ',' << provenance << '\n';
}

std::string to_text(Provenance provenance) {
  static constexpr std::array kNames = {std::pair(Provenance::normal, "normal"),
                                        std::pair(Provenance::red, "red"),
                                        std::pair(Provenance::fec, "fec"),
                                        std::pair(Provenance::concealed, "concealed"),
                                        std::pair(Provenance::stretched, "stretched"),
                                        std::pair(Provenance::silence, "silence")};
  std::string text;
  for (const auto& [one, name] : kNames)
    if (contains(provenance, one)) text += (text.empty() ? "" : "+") + std::string(name);
  return text.empty() ? "none" : text;
}

}  // namespace sidetone::cli
