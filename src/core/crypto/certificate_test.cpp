#include "core/crypto/certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <ctime>
#include <sidetone/error.hpp>

namespace sidetone::crypto {
namespace {

constexpr std::chrono::seconds kNow{1'700'000'000};

TEST(Certificate, IsSelfSignedWithAP256Key) {
  auto certificate = Certificate::generate(kNow);
  EXPECT_EQ(EVP_PKEY_get_bits(certificate.key()), 256);
  EXPECT_EQ(EVP_PKEY_get_base_id(certificate.key()), EVP_PKEY_EC);
  EXPECT_EQ(X509_verify(certificate.x509(), certificate.key()), 1);
  EXPECT_EQ(X509_get_version(certificate.x509()), 2);
}

TEST(Certificate, IsValidAroundTheTimeItIsGiven) {
  auto certificate = Certificate::generate(kNow);
  auto now = static_cast<std::time_t>(kNow.count());
  EXPECT_EQ(ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate.x509()), now - 86'400L), 0);
  EXPECT_EQ(ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate.x509()), now + 30 * 86'400L), 0);
}

TEST(Certificate, ItsFingerprintIsTheHashOfItsDer) {
  auto certificate = Certificate::generate(kNow);
  unsigned char* der = nullptr;
  auto size = i2d_X509(certificate.x509(), &der);
  ASSERT_GT(size, 0);
  EXPECT_EQ(certificate.fingerprint().digest,
            sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size)))));
  OPENSSL_free(der);
}

TEST(Certificate, NoTwoAreAlike) {
  EXPECT_NE(Certificate::generate(kNow).fingerprint(), Certificate::generate(kNow).fingerprint());
}

TEST(Certificate, ANameThatDoesNotFitIsRefusedInWords) {
  try {
    Certificate::generate(kNow, std::string(65, 'x'));
    FAIL() << "a name of 65 bytes was taken";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), errc::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("65"), std::string::npos);
  }
}

}  // namespace
}  // namespace sidetone::crypto
