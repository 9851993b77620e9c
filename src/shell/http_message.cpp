#include "shell/http_message.hpp"

#include <algorithm>

namespace sidetone::shell {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& each : headers)
    if (std::equal(each.name.begin(), each.name.end(), name.begin(), name.end(),
                   [](char a, char b) { return lower(a) == lower(b); }))
      return each.value;
  return {};
}

}  // namespace sidetone::shell
