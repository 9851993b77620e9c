// HTTP requests and answers as plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidetone::shell {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // path and query, as sent
  std::vector<HttpHeader> headers;
  std::string body;
  std::string remote;  // "192.0.2.1:4711"
  bool tls = false;
  bool upgrade = false;  // asks for a WebSocket

  // The first one of that name, any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<HttpHeader> headers = {};  // others
};

}  // namespace sidetone::shell
