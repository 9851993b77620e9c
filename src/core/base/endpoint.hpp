// An IP address and a port, without any socket library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sidetone::base {

class Address {
 public:
  constexpr Address() = default;  // 0.0.0.0
  static Address v4(std::array<std::uint8_t, 4> bytes);
  static Address v6(std::array<std::uint8_t, 16> bytes);

  // Dotted IPv4 or RFC 5952 IPv6 (no brackets, no scope); nothing else, and never a host name.
  static std::optional<Address> parse(std::string_view text);
  std::string to_string() const;

  bool is_v6() const { return v6_; }

  bool is_loopback() const;
  bool is_unspecified() const;
  bool is_link_local() const;

  const std::uint8_t* data() const { return bytes_.data(); }  // 4 or 16 bytes, network order

  std::size_t size() const { return v6_ ? 16 : 4; }

  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 uses the first four
  bool v6_ = false;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  std::string to_string() const;  // "127.0.0.1:7882", "[::1]:7882"

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace sidetone::base

template <>
struct std::hash<sidetone::base::Endpoint> {
  std::size_t operator()(const sidetone::base::Endpoint& endpoint) const noexcept;
};
