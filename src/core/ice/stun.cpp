#include "core/ice/stun.hpp"

#include <algorithm>

#include "core/base/packet.hpp"
#include "core/crypto/hash.hpp"

namespace sidetone::ice::stun {
namespace {

constexpr std::uint32_t kMagicCookie = 0x2112a442;
constexpr std::uint32_t kFingerprintXor = 0x5354554e;  // "STUN", RFC 8489 §14.7
constexpr std::size_t kIntegrityBytes = 20;
constexpr std::size_t kAttributeHeaderBytes = 4;

// RFC 8489 §18.3, RFC 8445 §16.1. Types from 0x8000 on may be ignored by who does not know them.
enum AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  realm = 0x0014,
  nonce = 0x0015,
  message_integrity_sha256 = 0x001c,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  comprehension_optional = 0x8000,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802a,
};

struct Attribute {
  std::uint16_t type = 0;
  base::Bytes value;
  std::size_t at = 0;  // offset of its header in the message
};

// The 128 bits an XOR-MAPPED-ADDRESS is masked with: cookie and transaction id.
std::array<std::uint8_t, 16> mask_of(const TransactionId& transaction) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xa4, 0x42};
  std::transform(transaction.begin(), transaction.end(), mask.begin() + 4,
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return mask;
}

template <std::size_t N>
std::array<std::uint8_t, N> unmask(base::Bytes bytes, const std::array<std::uint8_t, 16>& mask) {
  std::array<std::uint8_t, N> address{};
  for (std::size_t i = 0; i < N; ++i)
    address[i] = static_cast<std::uint8_t>(std::to_integer<unsigned>(bytes[i]) ^ mask[i]);
  return address;
}

//   0 0 0 0 0 0 0 0|  family       |  port xor 0x2112              |  address xor mask …
std::optional<base::Endpoint> read_mapped(base::Bytes value, const TransactionId& transaction) {
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
    case xor_mapped_address: {
      auto mapped = read_mapped(value, message.transaction);
      if (mapped && !message.mapped) message.mapped = mapped;
      return mapped.has_value();
    }
    case priority: return take_number(value, message.priority);
    case use_candidate: message.use_candidate = true; return value.empty();
    case ice_controlled: return take_number(value, message.controlled);
    case ice_controlling: return take_number(value, message.controlling);
    case mapped_address:
    case unknown_attributes:
    case realm:
    case nonce:
    case message_integrity_sha256: return true;
    default: note_unknown(attribute.type, message.unknown); return true;
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

std::uint16_t type_of(Class message_class, std::uint16_t method) {
  // RFC 8489 §5: the class is bits 4 and 8, the method what is around them.
  auto bits = static_cast<unsigned>(message_class);
  return static_cast<std::uint16_t>((method & 0x000f) | (method & 0x0070) << 1 |
                                    (method & 0x0f80) << 2 | (bits & 1) << 4 | (bits & 2) << 7);
}

std::string_view reason_of(std::uint16_t code) {
  switch (code) {
    case kBadRequest: return "Bad Request";
    case kUnauthenticated: return "Unauthenticated";
    case kUnknownAttribute: return "Unknown Attribute";
    case kRoleConflict: return "Role Conflict";
    default: return "";
  }
}

crypto::Sha1 sign(base::Bytes covered, std::string_view password) {
  return crypto::hmac_sha1(base::as_bytes(password), covered);
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

Builder::Builder(base::MutableBytes into,
                 Class message_class,
                 const TransactionId& transaction,
                 std::uint16_t method)
    : into_(into), writer_(into), transaction_(transaction) {
  writer_.u16(type_of(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(transaction);
}

void Builder::attribute(std::uint16_t type, base::Bytes value) {
  writer_.u16(type);
  writer_.u16(value.size());
  writer_.bytes(value);
  writer_.zeros((4 - value.size() % 4) % 4);
}

void Builder::patch_length(std::size_t bytes_to_come) {
  if (writer_.size() >= kHeaderBytes)
    writer_.patch_u16(2, static_cast<std::uint16_t>(writer_.size() - kHeaderBytes + bytes_to_come));
}

Builder& Builder::username(std::string_view receiver, std::string_view sender) {
  auto length = receiver.size() + 1 + sender.size();
  writer_.u16(stun::username);
  writer_.u16(length);
  writer_.bytes(base::as_bytes(receiver));
  writer_.u8(':');
  writer_.bytes(base::as_bytes(sender));
  writer_.zeros((4 - length % 4) % 4);
  return *this;
}

Builder& Builder::priority(std::uint32_t value) {
  writer_.u16(stun::priority);
  writer_.u16(4);
  writer_.u32(value);
  return *this;
}

Builder& Builder::use_candidate() {
  attribute(stun::use_candidate, {});
  return *this;
}

Builder& Builder::controlling(std::uint64_t tie_breaker) {
  writer_.u16(ice_controlling);
  writer_.u16(8);
  writer_.u64(tie_breaker);
  return *this;
}

Builder& Builder::controlled(std::uint64_t tie_breaker) {
  writer_.u16(ice_controlled);
  writer_.u16(8);
  writer_.u64(tie_breaker);
  return *this;
}

Builder& Builder::mapped(const base::Endpoint& endpoint) {
  auto mask = mask_of(transaction_);
  writer_.u16(xor_mapped_address);
  writer_.u16(4 + endpoint.address.size());
  writer_.u16(endpoint.address.is_v6() ? 2 : 1);
  writer_.u16(endpoint.port ^ (kMagicCookie >> 16));
  for (std::size_t i = 0; i < endpoint.address.size(); ++i)
    writer_.u8(static_cast<unsigned>(endpoint.address.data()[i] ^ mask[i]));
  return *this;
}

Builder& Builder::error(std::uint16_t code) {
  auto reason = reason_of(code);
  writer_.u16(error_code);
  writer_.u16(4 + reason.size());
  writer_.u16(0);
  writer_.u8(code / 100);
  writer_.u8(code % 100);
  writer_.bytes(base::as_bytes(reason));
  writer_.zeros((4 - reason.size() % 4) % 4);
  return *this;
}

Builder& Builder::unknown_attributes(const UnknownAttributes& unknown) {
  writer_.u16(stun::unknown_attributes);
  writer_.u16(unknown.count * 2);
  for (std::size_t i = 0; i < unknown.count; ++i) writer_.u16(unknown.types[i]);
  writer_.zeros(unknown.count % 2 * 2);
  return *this;
}

Builder& Builder::integrity(std::string_view password) {
  patch_length(kAttributeHeaderBytes + kIntegrityBytes);
  attribute(message_integrity, sign(writer_.written(), password));
  return *this;
}

Builder& Builder::fingerprint() {
  constexpr std::size_t kValueBytes = 4;
  patch_length(kAttributeHeaderBytes + kValueBytes);
  auto checksum = crypto::crc32(writer_.written()) ^ kFingerprintXor;
  writer_.u16(stun::fingerprint);
  writer_.u16(kValueBytes);
  writer_.u32(checksum);
  return *this;
}

base::Bytes Builder::finish() {
  if (!writer_.ok()) return {};
  patch_length(0);
  return into_.first(writer_.size());
}

}  // namespace sidetone::ice::stun
