// The CSV behind --timestamps: one line for each 10 ms frame, so that anyone can check our delays
// from outside.
//   index, CLOCK_MONOTONIC nanoseconds of capture or delivery, RTP time (1/48000 s), provenance
#pragma once

#include <cstdint>
#include <fstream>
#include <sidetone/audio_stream.hpp>
#include <string>

namespace sidetone::cli {

class TimestampFile {
 public:
  // An empty path writes nothing. Throws std::runtime_error when the file cannot be created.
  explicit TimestampFile(const std::string& path);

  void line(std::int64_t nanoseconds, std::int64_t rtp_time, const std::string& provenance);

 private:
  std::ofstream file_;
  std::uint64_t index_ = 0;
};

// "normal", "fec+concealed", …
std::string to_text(Provenance provenance);

}  // namespace sidetone::cli
