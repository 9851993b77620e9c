// The user name fragment and password of one side of one ICE session (RFC 8445 §5.3).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/random_source.hpp"

namespace sidetone::ice {

struct Credentials {
  std::string ufrag;
  std::string pwd;

  // 8 characters of fragment, so that one server tells many participants apart; 24 of password
  // (142 bits, where RFC 8445 asks for 128).
  static Credentials generate(base::RandomSource& random) {
    auto ufrag = random.text(8);
    return {std::move(ufrag), random.text(24)};
  }

  // The lengths and characters of RFC 8839 §5.4: what else a description carries is no credential.
  bool valid() const {
    auto ice_char = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '+' || c == '/' || c == '-' || c == '_' || c == '=' || c == '#';
    };
    return ufrag.size() >= 4 && ufrag.size() <= 256 && pwd.size() >= 22 && pwd.size() <= 256 &&
           std::all_of(ufrag.begin(), ufrag.end(), ice_char) &&
           std::all_of(pwd.begin(), pwd.end(), ice_char);
  }

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace sidetone::ice
