// Digests, message authentication and comparison without a timing trace. Pure functions, any
// thread. SHA-1 only where a protocol names it (STUN: RFC 8489 §14.5, WebSocket: RFC 6455 §4.2.2),
// MD5 likewise (long-term credentials of TURN: RFC 8489 §9.2.2).
#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.hpp"

namespace sidetone::crypto {

using base::Bytes;
using Md5 = std::array<std::byte, 16>;
using Sha1 = std::array<std::byte, 20>;
using Sha256 = std::array<std::byte, 32>;

Md5 md5(Bytes data);
Sha1 sha1(Bytes data);
Sha256 sha256(Bytes data);
Sha1 hmac_sha1(Bytes key, Bytes data);      // RFC 2104
Sha256 hmac_sha256(Bytes key, Bytes data);  // RFC 2104

// The CRC-32 of zlib and Ethernet, as STUN's FINGERPRINT uses it before its XOR (RFC 8489 §14.7).
std::uint32_t crc32(Bytes data);

// Takes as long for equal as for unequal contents; different lengths are unequal at once.
bool constant_time_equal(Bytes a, Bytes b);

}  // namespace sidetone::crypto
