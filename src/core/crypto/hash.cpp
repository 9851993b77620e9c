#include "core/crypto/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sidetone::crypto {
namespace {

auto octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

template <class Digest>
Digest digest(const EVP_MD* algorithm, Bytes data) {
  Digest result{};
  EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(result.data()), nullptr,
             algorithm, nullptr);
  return result;
}

template <class Digest>
Digest hmac(const EVP_MD* algorithm, Bytes key, Bytes data) {
  // A null key would mean "the key of the last call" to OpenSSL.
  static constexpr unsigned char kEmpty = 0;
  Digest result{};
  HMAC(algorithm, key.empty() ? &kEmpty : octets(key), static_cast<int>(key.size()), octets(data),
       data.size(), reinterpret_cast<unsigned char*>(result.data()), nullptr);
  return result;
}

// Reflected polynomial 0xedb88320, one table entry per byte value.
constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320U : value >> 1;
    table[i] = value;
  }
  return table;
}();

}  // namespace

Md5 md5(Bytes data) {
  return digest<Md5>(EVP_md5(), data);
}

Sha1 sha1(Bytes data) {
  return digest<Sha1>(EVP_sha1(), data);
}

Sha256 sha256(Bytes data) {
  return digest<Sha256>(EVP_sha256(), data);
}

Sha1 hmac_sha1(Bytes key, Bytes data) {
  return hmac<Sha1>(EVP_sha1(), key, data);
}

Sha256 hmac_sha256(Bytes key, Bytes data) {
  return hmac<Sha256>(EVP_sha256(), key, data);
}

std::uint32_t crc32(Bytes data) {
  std::uint32_t crc = 0xffffffffU;
  for (auto byte : data)
    crc = (crc >> 8) ^ kCrcTable[(crc ^ std::to_integer<unsigned>(byte)) & 0xff];
  return ~crc;
}

bool constant_time_equal(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sidetone::crypto
