// A self-signed ECDSA P-256 certificate and its private key: a DTLS identity that lives as long as
// the program (RFC 8827 §6.5). Immutable; may be shared by any number of transports and threads.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "core/crypto/fingerprint.hpp"

struct evp_pkey_st;
struct x509_st;

namespace sidetone::crypto {

class Certificate {
 public:
  // Valid from a day before `unix_now` (peers' clocks differ) for 30 days. Throws errc::unsupported
  // when OpenSSL cannot make keys at all.
  static Certificate generate(std::chrono::seconds unix_now,
                              std::string_view common_name = "sidetone");

  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate();

  const Fingerprint& fingerprint() const { return fingerprint_; }

  // For core/dtls only.
  evp_pkey_st* key() const { return key_.get(); }

  x509_st* x509() const { return x509_.get(); }

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };

  struct FreeX509 {
    void operator()(x509_st* certificate) const;
  };

  using Key = std::unique_ptr<evp_pkey_st, FreeKey>;
  using X509 = std::unique_ptr<x509_st, FreeX509>;

  Certificate(Key key, X509 x509);

  Key key_;
  X509 x509_;
  Fingerprint fingerprint_;
};

}  // namespace sidetone::crypto
