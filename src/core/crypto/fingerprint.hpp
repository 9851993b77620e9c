// The SHA-256 of a certificate, by which two peers know each other: SDP carries it, DTLS proves it
// (RFC 8122 §5). Text form: "AA:BB:…", 32 bytes in upper-case hexadecimal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/hash.hpp"

namespace sidetone::crypto {

struct Fingerprint {
  static constexpr std::string_view kAlgorithm = "sha-256";

  Sha256 digest{};

  // The value of a=fingerprint: the algorithm in any case, hexadecimal in either case. Another
  // algorithm, or anything but 32 bytes, is nullopt.
  static std::optional<Fingerprint> parse(std::string_view algorithm, std::string_view value);
  static std::optional<Fingerprint> parse(std::string_view value);
  std::string to_string() const;

  friend bool operator==(const Fingerprint& a, const Fingerprint& b) {
    return constant_time_equal(a.digest, b.digest);
  }
};

}  // namespace sidetone::crypto
