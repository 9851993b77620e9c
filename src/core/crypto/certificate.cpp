#include "core/crypto/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <ctime>
#include <sidetone/error.hpp>
#include <string>

namespace sidetone::crypto {
namespace {

constexpr std::chrono::seconds kBefore = std::chrono::hours(24);
// Certificates of WebRTC live for one page visit; 30 days outlast any process that should have
// been updated.
constexpr std::chrono::seconds kAfter = std::chrono::hours(24 * 30);

void check(bool ok) {
  if (ok) return;
  ERR_clear_error();
  throw make_error(errc::unsupported, "OpenSSL cannot make an ECDSA P-256 certificate");
}

void set_times(X509* x509, std::chrono::seconds unix_now) {
  auto set = [](ASN1_TIME* field, std::chrono::seconds unix) {
    check(ASN1_TIME_set(field, static_cast<std::time_t>(unix.count())) != nullptr);
  };
  set(X509_getm_notBefore(x509), unix_now - kBefore);
  set(X509_getm_notAfter(x509), unix_now + kAfter);
}

void set_name(X509* x509, std::string_view common_name) {
  auto* name = X509_get_subject_name(x509);
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) == 1);
  check(X509_set_issuer_name(x509, name) == 1);
}

// 64 random bits, positive (RFC 5280 §4.1.2.2).
void set_serial(X509* x509) {
  std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), &BN_free);
  check(serial && BN_rand(serial.get(), 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ODD) == 1);
  check(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) != nullptr);
}

Fingerprint fingerprint_of(const X509* x509) {
  Fingerprint result;
  unsigned int size = 0;
  check(X509_digest(x509, EVP_sha256(), reinterpret_cast<unsigned char*>(result.digest.data()),
                    &size) == 1 &&
        size == result.digest.size());
  return result;
}

}  // namespace

Certificate Certificate::generate(std::chrono::seconds unix_now, std::string_view common_name) {
  if (common_name.empty() || common_name.size() > 64)
    throw make_error(errc::invalid_argument, "common_name has " +
                                                 std::to_string(common_name.size()) +
                                                 " bytes, a certificate's name 1 to 64");
  Key key(EVP_EC_gen("P-256"));
  X509 x509(X509_new());
  check(key && x509);
  check(X509_set_version(x509.get(), 2) == 1);  // 2 means version 3
  set_serial(x509.get());
  set_times(x509.get(), unix_now);
  set_name(x509.get(), common_name);
  check(X509_set_pubkey(x509.get(), key.get()) == 1);
  check(X509_sign(x509.get(), key.get(), EVP_sha256()) > 0);
  return {std::move(key), std::move(x509)};
}

Certificate::Certificate(Key key, X509 x509)
    : key_(std::move(key)), x509_(std::move(x509)), fingerprint_(fingerprint_of(x509_.get())) {}

Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

void Certificate::FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

void Certificate::FreeX509::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

}  // namespace sidetone::crypto
