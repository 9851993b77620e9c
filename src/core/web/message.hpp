// HTTP requests to the server that join no room, and their answers, as plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidetone::web {

// Borrowed for the call; absent headers are empty.
struct Request {
  std::string_view method;
  std::string_view target;  // path and query, as sent
  std::string_view body;    // whole; the shell bounds it
  std::string_view authorization;
  std::string_view content_type;
  std::string_view accept;
  std::string_view host;
  bool from_loopback = false;  // the TCP connection comes from this machine
};

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};  // others
};

}  // namespace sidetone::web
