// base::Endpoint in the system's clothes and back.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "core/base/endpoint.hpp"

namespace sidetone::shell {

inline base::Address to_address(const in_addr& from) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &from, bytes.size());
  return base::Address::v4(bytes);
}

inline base::Address to_address(const in6_addr& from) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &from, bytes.size());
  return base::Address::v6(bytes);
}

// Returns the length of what it wrote.
inline socklen_t to_sockaddr(const base::Endpoint& from, sockaddr_storage& into) {
  into = {};
  if (from.address.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(into);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(from.port);
    std::memcpy(&v6.sin6_addr, from.address.data(), from.address.size());
    return sizeof(sockaddr_in6);
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(into);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(from.port);
  std::memcpy(&v4.sin_addr, from.address.data(), from.address.size());
  return sizeof(sockaddr_in);
}

// Nothing for other families.
inline std::optional<base::Endpoint> to_endpoint(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    return base::Endpoint{to_address(v4.sin_addr), ntohs(v4.sin_port)};
  }
  if (from.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    return base::Endpoint{to_address(v6.sin6_addr), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace sidetone::shell
