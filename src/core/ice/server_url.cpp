#include "core/ice/server_url.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/endpoint.hpp"

namespace sidetone::ice {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

constexpr std::size_t kMaxHost = 253;  // a name in dotted form: RFC 1035 §2.3.4

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

// "host", "host:port", "[v6]", "[v6]:port"
bool read_host(std::string_view text, ServerUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = text.substr(1, end - 1);
    auto address = base::Address::parse(url.host);
    if (!address || !address->is_v6()) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    port = text.substr(1);
  } else {
    auto colon = text.find(':');
    url.host = text.substr(0, colon);
    if (!is_host(url.host)) return false;
    if (colon == std::string_view::npos) return true;
    port = text.substr(colon + 1);
  }
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  return error == std::errc() && end == port.data() + port.size() && url.port != 0;
}

bool read_query(std::string_view query, bool tls, ServerUrl& url) {
  constexpr std::string_view kTransport = "transport=";
  auto text = lower(query);
  if (!text.starts_with(kTransport)) return false;
  text.erase(0, kTransport.size());
  if (text == "tcp") {
    if (!tls) url.carrier = Carrier::tcp;
    return true;
  }
  return text == "udp" && !tls;  // TURN over DTLS is not spoken here
}

}  // namespace

std::optional<ServerUrl> parse_server_url(std::string_view text) {
  if (text.size() > kMaxServerUrl) return std::nullopt;
  auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto scheme = lower(text.substr(0, colon));
  text.remove_prefix(colon + 1);
  ServerUrl url;
  bool tls = scheme == "turns";
  url.relay = tls || scheme == "turn";
  if (!url.relay && scheme != "stun") return std::nullopt;
  if (tls) url.carrier = Carrier::tls;
  url.port = tls ? 5349 : 3478;
  auto question = text.find('?');
  if (question != std::string_view::npos) {
    if (!url.relay || !read_query(text.substr(question + 1), tls, url)) return std::nullopt;
    text = text.substr(0, question);
  }
  if (!read_host(text, url)) return std::nullopt;
  return url;
}

std::string ServerUrl::to_string() const {
  auto text = std::string(!relay ? "stun:" : carrier == Carrier::tls ? "turns:" : "turn:");
  bool v6 = host.find(':') != std::string::npos;
  text += (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  if (relay) text += carrier == Carrier::udp ? "?transport=udp" : "?transport=tcp";
  return text;
}

bool is_loopback_host(std::string_view host) {
  if (lower(host) == "localhost") return true;
  const auto address = base::Address::parse(host);
  return address && address->is_loopback();
}

}  // namespace sidetone::ice
