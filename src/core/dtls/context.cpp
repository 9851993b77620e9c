#include "core/dtls/context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sidetone/error.hpp>

#include "core/dtls/transport.hpp"

namespace sidetone::dtls {
namespace {

// Forward secrecy and AEAD only: what every WebRTC peer of the last years offers (RFC 8827 §6.5).
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
// GCM first: Debian's libsrtp2 is twice as fast with it.
constexpr const char* kSrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
// A peer's certificate message: self-signed ones have under 1 KiB, RSA 4096 under 2.
constexpr long kMaxCertificateBytes = 16L * 1024;

void check(bool ok, const char* what) {
  if (ok) return;
  ERR_clear_error();
  throw make_error(errc::unsupported, std::string("OpenSSL refuses ") + what);
}

}  // namespace

Context::Context(const crypto::Certificate& certificate)
    : context_(SSL_CTX_new(DTLS_method())), fingerprint_(certificate.fingerprint()) {
  auto* context = context_.get();
  check(context != nullptr, "DTLS");
  check(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
            SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1,
        "DTLS 1.2");
  check(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "the cipher list");
  check(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1, "the curves");
  check(SSL_CTX_set_tlsext_use_srtp(context, kSrtpProfiles) == 0, "the SRTP profiles");
  check(SSL_CTX_use_certificate(context, certificate.x509()) == 1 &&
            SSL_CTX_use_PrivateKey(context, certificate.key()) == 1,
        "the certificate");
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, kMaxCertificateBytes);
  SSL_CTX_set_read_ahead(context, 1);  // one read is one datagram
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &Transport::verify, nullptr);
}

void Context::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

}  // namespace sidetone::dtls
