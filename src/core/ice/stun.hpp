// STUN messages as ICE and TURN use them (RFC 8489 §5, §14; RFC 8445 §7.1; RFC 8656 §18):
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |0 0|  method and class         |  length of the attributes     |
//   |                  magic cookie 0x2112A442                      |
//   |                  transaction id (96 bits)                     |
//   |  attribute type               |  its length                   | … value, padded to 4 bytes
//
// parse() borrows the bytes, walks them once and allocates nothing. Malformed input, an attribute
// that leaves the message, and a FINGERPRINT that does not match give an empty optional. Integrity
// is a question of its own, because only the user name says which password to ask with. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/endpoint.hpp"

namespace sidetone::ice::stun {

enum class Class : std::uint8_t { request, indication, success, error };

// Methods (RFC 8489 §18.2, RFC 8656 §17).
inline constexpr std::uint16_t kBinding = 1;
inline constexpr std::uint16_t kAllocate = 3;
inline constexpr std::uint16_t kRefresh = 4;
inline constexpr std::uint16_t kSend = 6;
inline constexpr std::uint16_t kData = 7;
inline constexpr std::uint16_t kCreatePermission = 8;
inline constexpr std::uint16_t kChannelBind = 9;

inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::size_t kMaxUsernameBytes =
    513;  // RFC 8489 §14.3: less than 509, ICE: 2 × 256 + 1

// RFC 8489 §14.9 and §14.10 allow 763; what servers use has less than 100.
inline constexpr std::size_t kMaxRealmBytes = 256;
inline constexpr std::size_t kMaxNonceBytes = 256;

// RFC 8489 §14.8, RFC 8445 §7.3.1.1, RFC 8656 §19.
inline constexpr std::uint16_t kBadRequest = 400;
inline constexpr std::uint16_t kUnauthenticated = 401;
inline constexpr std::uint16_t kUnknownAttribute = 420;
inline constexpr std::uint16_t kForbidden = 403;
inline constexpr std::uint16_t kAllocationMismatch = 437;
inline constexpr std::uint16_t kStaleNonce = 438;
inline constexpr std::uint16_t kAddressFamilyNotSupported = 440;
inline constexpr std::uint16_t kRoleConflict = 487;

using TransactionId = std::array<std::byte, 12>;

// Attributes this code does not know and RFC 8489 forbids to ignore; more are not listed.
struct UnknownAttributes {
  std::array<std::uint16_t, 8> types{};
  std::size_t count = 0;
};

struct Message {
  Class message_class = Class::request;
  std::uint16_t method = 0;
  TransactionId transaction{};
  std::string_view username;
  std::optional<std::uint32_t> priority;
  std::optional<std::uint64_t> controlling;  // the tie-breaker
  std::optional<std::uint64_t> controlled;   // the tie-breaker
  std::optional<base::Endpoint> mapped;      // XOR-MAPPED-ADDRESS
  std::optional<std::uint16_t> error_code;
  // TURN only:
  std::string_view realm;
  std::string_view nonce;
  std::optional<base::Endpoint> relayed;  // XOR-RELAYED-ADDRESS
  std::optional<base::Endpoint> peer;     // XOR-PEER-ADDRESS
  std::optional<std::uint32_t> lifetime;  // seconds
  std::optional<base::Bytes> data;
  bool use_candidate = false;
  bool has_fingerprint = false;
  std::size_t integrity_at = 0;  // offset of MESSAGE-INTEGRITY, 0 without
  UnknownAttributes unknown;
  base::Bytes bytes;  // the whole message, borrowed
};

std::optional<Message> parse(base::Bytes datagram);

// True when the message has a MESSAGE-INTEGRITY made with this password. Constant time in the
// digest.
bool has_integrity(const Message& message, std::string_view password);

// The part of a user name before and after the colon; what is before belongs to the receiver.
struct UsernameParts {
  std::string_view receiver;
  std::string_view sender;
};

std::optional<UsernameParts> split_username(std::string_view username);

// Writes one message into memory it is given (256 bytes hold any of ours with short user names;
// 1200 any at all). Order matters: integrity after all else, fingerprint last.
class Builder {
 public:
  Builder(base::MutableBytes into,
          Class message_class,
          const TransactionId& transaction,
          std::uint16_t method = kBinding);

  Builder& username(std::string_view receiver, std::string_view sender);
  Builder& long_term(std::string_view username, std::string_view realm, std::string_view nonce);
  Builder& priority(std::uint32_t value);
  Builder& use_candidate();
  Builder& controlling(std::uint64_t tie_breaker);
  Builder& controlled(std::uint64_t tie_breaker);
  Builder& mapped(const base::Endpoint& endpoint);
  Builder& error(std::uint16_t code);  // the reason phrase comes with it
  Builder& unknown_attributes(const UnknownAttributes& unknown);
  Builder& relayed(const base::Endpoint& endpoint);
  Builder& peer(const base::Endpoint& endpoint);
  Builder& requested_udp();  // REQUESTED-TRANSPORT
  Builder& requested_family(bool v6);
  Builder& lifetime(std::uint32_t seconds);
  Builder& channel(std::uint16_t number);
  Builder& data(base::Bytes bytes);
  Builder& realm_and_nonce(std::string_view realm, std::string_view nonce);
  Builder& integrity(std::string_view password);
  Builder& fingerprint();

  // Empty when it did not fit.
  base::Bytes finish();

 private:
  void attribute(std::uint16_t type, base::Bytes value);
  Builder& address(std::uint16_t type, const base::Endpoint& endpoint);
  void patch_length(std::size_t bytes_to_come);

  base::MutableBytes into_;
  base::ByteWriter writer_;
  TransactionId transaction_;
};

}  // namespace sidetone::ice::stun
