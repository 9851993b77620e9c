// The outer shape of an SCTP packet (RFC 9260 §3), checked before usrsctp sees it. usrsctp 0.9.5
// walks the parameters of an INIT before it looks at their lengths: one of length 0 keeps it in
// that loop for ever (fuzz/corpus/sctp_fuzz holds the packet).
//
//   | source port (16) | destination port (16) |
//   |          verification tag (32)           |
//   |             checksum (32)                |
//   | chunk type (8) | flags (8) | length (16) |  value, padded to four bytes
//   …
#pragma once

#include "core/base/bytes.hpp"

namespace sidetone::sctp {

// Chunks, and in the chunks that have them parameters or causes, fill their container exactly; each
// is long enough to hold its own header. Says nothing about what is inside.
bool well_formed(base::Bytes packet);

}  // namespace sidetone::sctp
