// DTLS 1.2 records, as far as one must look at them before OpenSSL does.
//
//   0        1            3          5                     11         13
//   | type   | version    | epoch    | sequence number     | length   | fragment …
//
// Source: RFC 6347 §4.1. No errors, any thread.
#pragma once

#include "core/base/bytes.hpp"

namespace sidetone::dtls {

// What an AEAD suite adds to a fragment: GCM's explicit nonce and tag (RFC 5288 §3), ChaCha20's tag
// alone (RFC 7905 §2).
inline constexpr std::size_t kGcmOverhead = 8 + 16;
inline constexpr std::size_t kChaChaOverhead = 16;

// Whether a protected record (epoch 1 and later) of the datagram is too short to have been
// protected. OpenSSL 3.0 ends the connection on one, which anybody could send; RFC 6347 §4.1.2.7
// wants it dropped.
bool has_truncated_record(base::Bytes datagram, std::size_t overhead);

}  // namespace sidetone::dtls
