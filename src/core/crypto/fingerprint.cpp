#include "core/crypto/fingerprint.hpp"

#include <algorithm>

namespace sidetone::crypto {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

}  // namespace

std::optional<Fingerprint> Fingerprint::parse(std::string_view algorithm, std::string_view value) {
  if (!same_name(algorithm, kAlgorithm)) return {};
  return parse(value);
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view value) {
  Fingerprint result;
  if (value.size() != result.digest.size() * 3 - 1) return {};
  for (std::size_t i = 0; i < result.digest.size(); ++i) {
    auto high = kHex.find(upper(value[3 * i]));
    auto low = kHex.find(upper(value[3 * i + 1]));
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    if (i + 1 < result.digest.size() && value[3 * i + 2] != ':') return {};
    result.digest[i] = std::byte(high << 4 | low);
  }
  return result;
}

std::string Fingerprint::to_string() const {
  std::string text;
  text.reserve(digest.size() * 3);
  for (auto byte : digest) {
    if (!text.empty()) text += ':';
    text += kHex[std::to_integer<std::size_t>(byte >> 4)];
    text += kHex[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace sidetone::crypto
