#include "shell/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/endpoint.hpp"

namespace sidetone::shell {

namespace {

// Longer than any URL that browsers and servers pass on.
constexpr std::size_t kMaxUrlBytes = 8192;

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// Empty: good.
std::string read_port(std::string_view text, Url& url) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), url.port);
  if (error != std::errc{} || end != text.data() + text.size() || url.port == 0)
    return "the port \"" + std::string(text) + "\" is not a number from 1 to 65535";
  return {};
}

std::string read_authority(std::string_view authority, Url& url) {
  if (auto at = authority.rfind('@'); at != authority.npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  url.port = url.is_tls() ? 443 : 80;
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == authority.npos) return "the IPv6 address lacks its closing bracket";
    url.host = authority.substr(1, close - 1);
    auto address = base::Address::parse(url.host);
    if (!address || !address->is_v6()) return "\"" + url.host + "\" is not an IPv6 address";
    authority.remove_prefix(close + 1);
    if (authority.empty()) return {};
    if (!authority.starts_with(':')) return "after the IPv6 address only a port may follow";
    return read_port(authority.substr(1), url);
  }
  auto colon = authority.find(':');
  url.host = lower(authority.substr(0, colon));
  if (url.host.empty()) return "it names no host";
  if (!std::all_of(url.host.begin(), url.host.end(), is_host_character))
    return "\"" + url.host + "\" is not a host name";
  if (colon == authority.npos) return {};
  return read_port(authority.substr(colon + 1), url);
}

}  // namespace

std::variant<Url, std::string> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return "the URL is longer than 8192 characters";
  auto refuse = [&](const std::string& why) {
    auto secret = text.rfind('@');  // what stands before it may be a password
    return "\"" + std::string(secret == text.npos ? text : text.substr(secret + 1)) + "\": " + why;
  };
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= '\x7f'; }))
    return refuse("a URL is printable ASCII without spaces");
  Url url;
  auto colon = text.find("://");
  url.scheme = colon == text.npos ? "" : lower(text.substr(0, colon));
  if (url.scheme != "ws" && url.scheme != "wss" && url.scheme != "http" && url.scheme != "https")
    return refuse("a URL starts with ws://, wss://, http:// or https://");
  auto rest = text.substr(colon + 3);
  auto end = rest.find_first_of("/?#");
  if (auto wrong = read_authority(rest.substr(0, end), url); !wrong.empty()) return refuse(wrong);
  if (end != rest.npos) url.path = rest.substr(end, rest.find('#') - end);
  if (!url.path.empty() && url.path[0] != '/') url.path.insert(0, "/");
  return url;
}

}  // namespace sidetone::shell
