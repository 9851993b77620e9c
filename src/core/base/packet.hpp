// One datagram's bytes, held inline: no allocation on its way through the stages, and a bound on
// every length.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/endpoint.hpp"
#include "core/base/time.hpp"

namespace sidetone::base {

// An Ethernet frame's payload: nothing longer arrives unfragmented, and we send at most 1200.
inline constexpr std::size_t kMaxPacketBytes = 1500;

class Packet {
 public:
  // Storage stays uninitialised: only the first size() bytes mean anything.
  Packet() {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init)

  explicit Packet(Bytes bytes) { assign(bytes); }

  Packet(const Packet& other) { assign(other.bytes()); }

  Packet& operator=(const Packet& other) {
    if (this != &other) assign(other.bytes());
    return *this;
  }

  // Longer input is cut at kMaxPacketBytes; callers check sizes before.
  void assign(Bytes bytes) {
    size_ = static_cast<std::uint16_t>(std::min(bytes.size(), kMaxPacketBytes));
    std::copy_n(bytes.begin(), size_, storage_.begin());
  }

  Bytes bytes() const { return {storage_.data(), size_}; }

  MutableBytes bytes() { return {storage_.data(), size_}; }

  MutableBytes storage() { return storage_; }  // all of it, to write into before resize()

  std::size_t size() const { return size_; }

  bool empty() const { return size_ == 0; }

  void resize(std::size_t size) {
    size_ = static_cast<std::uint16_t>(std::min(size, kMaxPacketBytes));
  }

 private:
  std::uint16_t size_ = 0;
  std::array<std::byte, kMaxPacketBytes> storage_;
};

// A packet and the path it takes. `local` is the address of our socket: which one to send from.
struct Datagram {
  Endpoint local;
  Endpoint remote;
  Packet packet;
};

}  // namespace sidetone::base
