// Certificates for tests, made on the spot: an authority of our own and leaves it signs.
#pragma once

#include <string>

namespace sidetone::shell::test {

struct CertificateFiles {
  std::string certificate;  // PEM, leaf and authority
  std::string key;
  std::string authority;  // PEM of what signed it
};

struct CertificateWish {
  std::string name = "localhost";  // DNS name, or "IP:127.0.0.1"
  bool self_signed = false;
  int valid_from_days = -1;
  int valid_to_days = 1;
};

// In a directory that is removed at exit.
CertificateFiles make_certificate(const CertificateWish& wish);

}  // namespace sidetone::shell::test
