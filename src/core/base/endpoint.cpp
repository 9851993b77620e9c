#include "core/base/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sidetone::base {

Address Address::v4(std::array<std::uint8_t, 4> bytes) {
  Address address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

Address Address::v6(std::array<std::uint8_t, 16> bytes) {
  Address address;
  address.bytes_ = bytes;
  address.v6_ = true;
  return address;
}

std::optional<Address> Address::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, terminated.data(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, terminated.data(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
}

bool Address::is_loopback() const {
  if (!v6_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; });
}

bool Address::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](auto byte) { return byte == 0; });
}

bool Address::is_link_local() const {
  if (!v6_) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string Endpoint::to_string() const {
  auto host = address.to_string();
  return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace sidetone::base

std::size_t std::hash<sidetone::base::Endpoint>::operator()(
    const sidetone::base::Endpoint& endpoint) const noexcept {
  // Keyed by nothing: tables that hostile peers can fill are bounded elsewhere.
  std::size_t mixed = endpoint.port;
  for (std::size_t i = 0; i < endpoint.address.size(); i += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, endpoint.address.data() + i, sizeof word);
    mixed = (mixed ^ word) * 0x9e3779b97f4a7c15U;
    mixed ^= mixed >> 29;
  }
  return mixed;
}
