#include "core/signal/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/signal/join_query.hpp"

namespace sidetone::signal {
namespace {

// A room's parameters are about ten; more is somebody else's request.
constexpr std::size_t kMaxParameters = 64;

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// What may go into a request line or header: visible ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The text before `end`, removed with it; all of it when there is none.
std::string_view take_until(std::string_view& text, char end) {
  auto at = text.find(end);
  auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

bool read_scheme(std::string_view& url, SocketRequest& request) {
  auto at = url.find("://");
  if (at == std::string_view::npos) return false;
  std::string scheme(url.substr(0, at));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  url.remove_prefix(at + 3);
  request.tls = scheme == "wss" || scheme == "https";
  request.port = request.tls ? 443 : 80;
  return request.tls || scheme == "ws" || scheme == "http";
}

bool read_port(std::string_view text, SocketRequest& request) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), request.port);
  return error == std::errc{} && end == text.data() + text.size() && request.port != 0;
}

bool read_authority(std::string_view authority, SocketRequest& request) {
  if (authority.find('@') != std::string_view::npos) return false;
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    request.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (authority.empty()) return !request.host.empty();
    return authority.starts_with(':') && !request.host.empty() &&
           read_port(authority.substr(1), request);
  }
  auto colon = authority.find(':');
  request.host = authority.substr(0, colon);
  if (request.host.empty()) return false;
  return colon == std::string_view::npos || read_port(authority.substr(colon + 1), request);
}

std::string query(const JoinParameters& parameters) {
  std::string text =
      "?sdk=cpp&protocol=" + std::to_string(kClientProtocol) +
      "&client_protocol=0&auto_subscribe=" + (parameters.auto_subscribe ? "1" : "0") +
      "&adaptive_stream=0";
  if (!parameters.version.empty()) text += "&version=" + percent_encode(parameters.version);
  if (parameters.reconnect)
    text += "&reconnect=1&sid=" + percent_encode(parameters.participant_sid) +
            "&reconnect_reason=" + std::to_string(static_cast<int>(parameters.reconnect_reason));
  return text;
}

}  // namespace

Result<SocketRequest> make_socket_request(std::string_view url,
                                          std::string_view token,
                                          const JoinParameters& parameters) {
  SocketRequest request;
  if (!is_visible(url) || !is_visible(token) || token.empty()) return errc::invalid_argument;
  if (!read_scheme(url, request)) return errc::invalid_argument;
  url = url.substr(0, url.find_first_of("?#"));
  auto slash = std::min(url.find('/'), url.size());
  if (!read_authority(url.substr(0, slash), request)) return errc::invalid_argument;
  auto path = url.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  request.target = std::string(path);
  if (parameters.single)
    request.target += "/rtc/v1?join_request=" + percent_encode(join_query(parameters));
  else
    request.target += "/rtc" + query(parameters);
  request.authorization = "Bearer " + std::string(token);
  return request;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string_view RequestTarget::parameter(std::string_view name) const {
  auto found = query.find(name);
  return found == query.end() ? std::string_view() : found->second;
}

RequestTarget parse_target(std::string_view target) {
  RequestTarget request;
  request.path = take_until(target, '?');
  while (!target.empty() && request.query.size() < kMaxParameters) {
    auto pair = take_until(target, '&');
    auto name = take_until(pair, '=');
    if (!name.empty()) request.query.emplace(percent_decode(name), percent_decode(pair));
  }
  return request;
}

}  // namespace sidetone::signal
