// Randomness is an argument too: the shell hands in crypto::SystemRandom, tests a seeded generator.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/base/bytes.hpp"

namespace sidetone::base {

class RandomSource {
 public:
  RandomSource() = default;
  RandomSource(const RandomSource&) = delete;
  RandomSource& operator=(const RandomSource&) = delete;
  virtual ~RandomSource() = default;
  virtual void fill(MutableBytes bytes) = 0;

  std::uint16_t u16() { return static_cast<std::uint16_t>(u64()); }

  std::uint32_t u32() { return static_cast<std::uint32_t>(u64()); }

  std::uint64_t u64() {
    std::array<std::byte, 8> bytes{};
    fill(bytes);
    return ByteReader(bytes).u64();
  }

  // `length` characters of [A-Za-z0-9], 5.95 bits each: identifiers, ICE credentials (RFC 8445 §5.3
  // asks for 24 and 128 bits: 4 and 22 characters).
  std::string text(std::size_t length) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string result;
    while (result.size() < length) {
      auto index = static_cast<std::size_t>(u64() & 63);
      if (index < kAlphabet.size()) result += kAlphabet[index];
    }
    return result;
  }
};

}  // namespace sidetone::base
