// Base64 and base64url (RFC 4648 §4, §5). Decoding is strict: no white space, no foreign letters,
// no bits beyond the last byte, padding as asked; anything else is nullopt. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace sidetone::crypto {

enum class Padding : std::uint8_t { required, forbidden, optional };

std::string base64_encode(base::Bytes data);     // padded
std::string base64url_encode(base::Bytes data);  // unpadded, as JWT writes it (RFC 7515 §2)

std::optional<std::vector<std::byte>> base64_decode(std::string_view text,
                                                    Padding padding = Padding::required);
std::optional<std::vector<std::byte>> base64url_decode(std::string_view text,
                                                       Padding padding = Padding::forbidden);

}  // namespace sidetone::crypto
