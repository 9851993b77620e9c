#include "core/ice/stun.hpp"

#include <algorithm>

#include "core/base/packet.hpp"
#include "core/ice/stun_attributes.hpp"

namespace sidetone::ice::stun {
namespace {

struct Attribute {
  std::uint16_t type = 0;
  base::Bytes value;
  std::size_t at = 0;  // offset of its header in the message
};

template <std::size_t N>
std::array<std::uint8_t, N> unmask(base::Bytes bytes, const std::array<std::uint8_t, 16>& mask) {
  std::array<std::uint8_t, N> address{};
  for (std::size_t i = 0; i < N; ++i)
    address[i] = static_cast<std::uint8_t>(std::to_integer<unsigned>(bytes[i]) ^ mask[i]);
  return address;
}

//   0 0 0 0 0 0 0 0|  family       |  port xor 0x2112              |  address xor mask …
std::optional<base::Endpoint> read_address(base::Bytes value, const TransactionId& transaction) {
  base::ByteReader reader(value);
  reader.skip(1);
  auto family = reader.u8();
  base::Endpoint endpoint;
  endpoint.port = static_cast<std::uint16_t>(reader.u16() ^ (kMagicCookie >> 16));
  auto mask = mask_of(transaction);
  if (family == 1 && reader.remaining() == 4) {
    endpoint.address = base::Address::v4(unmask<4>(reader.rest(), mask));
  } else if (family == 2 && reader.remaining() == 16) {
    endpoint.address = base::Address::v6(unmask<16>(reader.rest(), mask));
  } else {
    return std::nullopt;
  }
  return endpoint;
}

template <class T>
bool take_number(base::Bytes value, std::optional<T>& into) {
  if (value.size() != sizeof(T)) return false;
  if (into) return true;  // RFC 8489 §14: of repeated attributes only the first counts
  base::ByteReader reader(value);
  into = static_cast<T>(sizeof(T) == 8 ? reader.u64() : reader.u32());
  return true;
}

bool take_error(base::Bytes value, Message& message) {
  if (value.size() < 4) return false;
  base::ByteReader reader(value);
  reader.skip(2);
  auto hundreds = reader.u8() & 7;
  auto rest = reader.u8();
  if (hundreds < 3 || hundreds > 6 || rest > 99) return false;
  if (!message.error_code) message.error_code = static_cast<std::uint16_t>(hundreds * 100 + rest);
  return true;
}

void note_unknown(std::uint16_t type, UnknownAttributes& unknown) {
  if (type >= comprehension_optional || unknown.count == unknown.types.size()) return;
  unknown.types[unknown.count++] = type;
}

bool take_address(base::Bytes value,
                  const TransactionId& transaction,
                  std::optional<base::Endpoint>& into) {
  auto address = read_address(value, transaction);
  if (address && !into) into = address;
  return address.has_value();
}

bool take_text(base::Bytes value, std::size_t most, std::string_view& into) {
  if (value.size() > most) return false;
  if (into.empty()) into = base::as_text(value);
  return true;
}

bool take_of_turn(const Attribute& attribute, Message& message) {
  const auto& value = attribute.value;
  switch (attribute.type) {
    case realm: return take_text(value, kMaxRealmBytes, message.realm);
    case nonce: return take_text(value, kMaxNonceBytes, message.nonce);
    case xor_relayed_address: return take_address(value, message.transaction, message.relayed);
    case xor_peer_address: return take_address(value, message.transaction, message.peer);
    case lifetime: return take_number(value, message.lifetime);
    case data:
      if (!message.data) message.data = value;
      return true;
    default: note_unknown(attribute.type, message.unknown); return true;
  }
}

bool take_signed(const Attribute& attribute, Message& message) {
  const auto& value = attribute.value;
  switch (attribute.type) {
    case username:
      if (value.size() > kMaxUsernameBytes) return false;
      if (message.username.empty()) message.username = base::as_text(value);
      return true;
    case message_integrity:
      message.integrity_at = attribute.at;
      return value.size() == kIntegrityBytes;
    case error_code: return take_error(value, message);
    case xor_mapped_address: return take_address(value, message.transaction, message.mapped);
    case priority: return take_number(value, message.priority);
    case use_candidate: message.use_candidate = true; return value.empty();
    case ice_controlled: return take_number(value, message.controlled);
    case ice_controlling: return take_number(value, message.controlling);
    case mapped_address:
    case unknown_attributes:
    case message_integrity_sha256: return true;
    default: return take_of_turn(attribute, message);
  }
}

// It covers all that precedes it, and the header already counts it because it comes last.
bool take_fingerprint(const Attribute& attribute, Message& message) {
  message.has_fingerprint = true;
  if (attribute.value.size() != 4) return false;
  auto expected = crypto::crc32(message.bytes.first(attribute.at)) ^ kFingerprintXor;
  return base::ByteReader(attribute.value).u32() == expected;
}

bool take_attributes(base::ByteReader reader, Message& message) {
  while (reader.remaining() > 0) {
    if (message.has_fingerprint) return false;
    Attribute attribute;
    attribute.at = message.bytes.size() - reader.remaining();
    attribute.type = reader.u16();
    std::size_t length = reader.u16();
    attribute.value = reader.take(length);
    reader.skip((4 - length % 4) % 4);
    if (!reader.ok()) return false;
    // What follows MESSAGE-INTEGRITY is signed by nobody and ignored (RFC 8489 §14.5).
    bool taken = attribute.type == fingerprint ? take_fingerprint(attribute, message)
                 : message.integrity_at > 0    ? true
                                               : take_signed(attribute, message);
    if (!taken) return false;
  }
  return true;
}

}  // namespace

std::optional<Message> parse(base::Bytes datagram) {
  if (datagram.size() > base::kMaxPacketBytes) return std::nullopt;
  base::ByteReader reader(datagram);
  auto type = reader.u16();
  auto length = reader.u16();
  auto cookie = reader.u32();
  Message message;
  auto id = reader.take(message.transaction.size());
  if (!reader.ok() || type >= 0x4000 || cookie != kMagicCookie) return std::nullopt;
  if (length != reader.remaining() || length % 4 != 0) return std::nullopt;
  std::copy(id.begin(), id.end(), message.transaction.begin());
  message.message_class = static_cast<Class>((type >> 4 & 1) | (type >> 7 & 2));
  message.method =
      static_cast<std::uint16_t>((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
  message.bytes = datagram;
  if (!take_attributes(reader, message)) return std::nullopt;
  return message;
}

bool has_integrity(const Message& message, std::string_view password) {
  if (message.integrity_at == 0) return false;
  // The header's length counts up to and including MESSAGE-INTEGRITY when it is signed.
  std::array<std::byte, base::kMaxPacketBytes> copy{};
  std::copy_n(message.bytes.begin(), message.integrity_at, copy.begin());
  auto length = message.integrity_at + kAttributeHeaderBytes + kIntegrityBytes - kHeaderBytes;
  copy[2] = std::byte(length >> 8);
  copy[3] = std::byte(length & 0xff);
  auto expected = sign({copy.data(), message.integrity_at}, password);
  auto present =
      message.bytes.subspan(message.integrity_at + kAttributeHeaderBytes, kIntegrityBytes);
  return crypto::constant_time_equal(expected, present);
}

std::optional<UsernameParts> split_username(std::string_view username) {
  auto colon = username.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return UsernameParts{username.substr(0, colon), username.substr(colon + 1)};
}

}  // namespace sidetone::ice::stun
