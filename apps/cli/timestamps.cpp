#include "apps/cli/timestamps.hpp"

#include <stdexcept>

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
  static constexpr std::pair<Provenance, const char*> kNames[] = {
      {Provenance::normal, "normal"},
      {Provenance::red, "red"},
      {Provenance::fec, "fec"},
      {Provenance::concealed, "concealed"},
      {Provenance::stretched, "stretched"},
      {Provenance::silence, "silence"}};
  std::string text;
  for (const auto& [one, name] : kNames)
    if (contains(provenance, one)) text += (text.empty() ? "" : "+") + std::string(name);
  return text.empty() ? "none" : text;
}

}  // namespace sidetone::cli
