// What all transports of one certificate share: OpenSSL's settings, made once (it costs a good part
// of a millisecond). Transports keep what they need alive: a Context may go before them. Any
// thread.
#pragma once

#include <memory>

#include "core/crypto/certificate.hpp"

struct ssl_ctx_st;

namespace sidetone::dtls {

class Context {
 public:
  // Throws errc::unsupported when OpenSSL refuses its settings (a build without DTLS or SRTP).
  explicit Context(const crypto::Certificate& certificate);

  const crypto::Fingerprint& fingerprint() const { return fingerprint_; }

  ssl_ctx_st* handle() const { return context_.get(); }  // for Transport only

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };

  std::unique_ptr<ssl_ctx_st, Free> context_;
  crypto::Fingerprint fingerprint_;
};

}  // namespace sidetone::dtls
