// The numbers of RFC 8489 §18.3, RFC 8445 §16.1 and RFC 8656 §18, and what the reader and the
// writer of STUN messages both compute. For stun*.cpp only.
#pragma once

#include <algorithm>

#include "core/crypto/hash.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice::stun {

inline constexpr std::uint32_t kMagicCookie = 0x2112a442;
inline constexpr std::uint32_t kFingerprintXor = 0x5354554e;  // "STUN", RFC 8489 §14.7
inline constexpr std::size_t kIntegrityBytes = 20;
inline constexpr std::size_t kAttributeHeaderBytes = 4;

// Types from 0x8000 on may be ignored by who does not know them.
enum AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  channel_number = 0x000c,
  lifetime = 0x000d,
  xor_peer_address = 0x0012,
  data = 0x0013,
  realm = 0x0014,
  nonce = 0x0015,
  xor_relayed_address = 0x0016,
  requested_address_family = 0x0017,
  requested_transport = 0x0019,
  message_integrity_sha256 = 0x001c,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  comprehension_optional = 0x8000,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802a,
};

// The 128 bits an XOR-MAPPED-ADDRESS is masked with: cookie and transaction id.
inline std::array<std::uint8_t, 16> mask_of(const TransactionId& transaction) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xa4, 0x42};
  std::transform(transaction.begin(), transaction.end(), mask.begin() + 4,
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return mask;
}

inline crypto::Sha1 sign(base::Bytes covered, std::string_view password) {
  return crypto::hmac_sha1(base::as_bytes(password), covered);
}

}  // namespace sidetone::ice::stun
