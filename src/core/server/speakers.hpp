// Who is speaking, from the RFC 6464 levels of forwarded packets, with the real server's rules
// (wire_protocol §6.1): in a window of 400 ms a participant is active when more than 40 % of the
// observed time was at level 35 or louder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.hpp"

namespace sidetone::server {

struct Speaker {
  std::string participant_sid;
  float level = 0;  // linear 0..1, in steps of 1/8
  bool active = false;

  friend bool operator==(const Speaker&, const Speaker&) = default;
};

class Speakers {
 public:
  // `level` in -dBov (0 loud, 127 silent) over `length` of audio.
  void on_level(const std::string& participant_sid, std::uint8_t level, base::Duration length);
  void remove(const std::string& participant_sid);

  // To be called every kWindow: closes the window and returns who changed since the last one,
  // loudest first. A speaker that became silent or left is listed with active = false.
  std::vector<Speaker> on_window_end();

  static constexpr base::Duration kWindow = std::chrono::milliseconds(400);

 private:
  struct Window {
    base::Duration active{};
    base::Duration observed{};
    std::uint8_t loudest = 127;
    float smoothed = 0;
    Speaker reported;
  };

  std::map<std::string, Window> windows_;
  std::vector<Speaker> gone_;
};

}  // namespace sidetone::server
