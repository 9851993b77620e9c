#include "core/ice/stun_attributes.hpp"

namespace sidetone::ice::stun {
namespace {

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
    case kForbidden: return "Forbidden";
    case kAllocationMismatch: return "Allocation Mismatch";
    case kStaleNonce: return "Stale Nonce";
    case kAddressFamilyNotSupported: return "Address Family not Supported";
    case kRoleConflict: return "Role Conflict";
    default: return "";
  }
}

}  // namespace

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

Builder& Builder::realm_and_nonce(std::string_view realm, std::string_view nonce) {
  attribute(stun::realm, base::as_bytes(realm));
  attribute(stun::nonce, base::as_bytes(nonce));
  return *this;
}

Builder& Builder::long_term(std::string_view username,
                            std::string_view realm,
                            std::string_view nonce) {
  attribute(stun::username, base::as_bytes(username));
  return realm_and_nonce(realm, nonce);
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
  return address(xor_mapped_address, endpoint);
}

Builder& Builder::relayed(const base::Endpoint& endpoint) {
  return address(xor_relayed_address, endpoint);
}

Builder& Builder::peer(const base::Endpoint& endpoint) {
  return address(xor_peer_address, endpoint);
}

Builder& Builder::address(std::uint16_t type, const base::Endpoint& endpoint) {
  auto mask = mask_of(transaction_);
  writer_.u16(type);
  writer_.u16(4 + endpoint.address.size());
  writer_.u16(endpoint.address.is_v6() ? 2 : 1);
  writer_.u16(endpoint.port ^ (kMagicCookie >> 16));
  for (std::size_t i = 0; i < endpoint.address.size(); ++i)
    writer_.u8(static_cast<unsigned>(endpoint.address.data()[i] ^ mask[i]));
  return *this;
}

// RFC 8656 §18.7: the protocol number of UDP, 17, and three bytes of zeros.
Builder& Builder::requested_udp() {
  writer_.u16(requested_transport);
  writer_.u16(4);
  writer_.u32(17U << 24);
  return *this;
}

Builder& Builder::requested_family(bool v6) {
  writer_.u16(requested_address_family);
  writer_.u16(4);
  writer_.u32((v6 ? 2U : 1U) << 24);
  return *this;
}

Builder& Builder::lifetime(std::uint32_t seconds) {
  writer_.u16(stun::lifetime);
  writer_.u16(4);
  writer_.u32(seconds);
  return *this;
}

Builder& Builder::channel(std::uint16_t number) {
  writer_.u16(channel_number);
  writer_.u16(4);
  writer_.u32(std::uint32_t{number} << 16);
  return *this;
}

Builder& Builder::data(base::Bytes bytes) {
  attribute(stun::data, bytes);
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
