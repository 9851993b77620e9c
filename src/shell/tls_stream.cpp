// The only file that includes Asio's TLS.
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <ctime>

#include "shell/byte_stream.hpp"

namespace sidetone::shell {

namespace asio = boost::asio;

namespace {

// The names a certificate is good for, for the sentence that refuses it.
std::string names_of(X509* certificate) {
  std::string names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    int type = 0;
    const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
    if (type != GEN_DNS) continue;
    const auto* name = static_cast<const ASN1_IA5STRING*>(value);
    names += names.empty() ? "" : ", ";
    names.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
                 static_cast<std::size_t>(ASN1_STRING_length(name)));
  }
  GENERAL_NAMES_free(list);
  return names.empty() ? "no name" : names;
}

std::string time_of(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

std::string explain(int error, X509* certificate, const std::string& host) {
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is for " + names_of(certificate) + ", not for " + host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate of " + host + " is self-signed and not in the CA file";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an authority of the same name, with another key
      return "the certificate of " + host + " is signed by an authority that is not trusted here";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate of " + host + " expired on " +
             time_of(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate of " + host + " is not valid before " +
             time_of(X509_get0_notBefore(certificate));
    default:
      return "the certificate of " + host + " was refused: " + X509_verify_cert_error_string(error);
  }
}

class TlsStream : public ByteStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  Executor executor() override { return stream_.get_executor(); }

  void read_some(asio::mutable_buffer into, Handler handler) override {
    stream_.async_read_some(into, std::move(handler));
  }

  void write_some(const ConstBuffers& from, Handler handler) override {
    stream_.async_write_some(from, std::move(handler));
  }

  void tear_down(Done done) override {
    close_soon();
    stream_.async_shutdown(std::move(done));
  }

  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 protected:
  asio::ssl::stream<TcpSocket>& stream() { return stream_; }

 private:
  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<TcpSocket> stream_;
};

class TlsServerStream final : public TlsStream {
 public:
  using TlsStream::TlsStream;

  void handshake(std::function<void(std::optional<StreamFailure>)> done) override {
    stream().async_handshake(asio::ssl::stream_base::server,
                             [done = std::move(done)](error_code ec) {
                               if (ec)
                                 return done(StreamFailure{errc::protocol_error, ec.message()});
                               done({});
                             });
  }
};

class TlsClientStream final : public TlsStream {
 public:
  TlsClientStream(TcpSocket socket, std::shared_ptr<asio::ssl::context> context, std::string host)
      : TlsStream(std::move(socket), std::move(context)), host_(std::move(host)) {
    auto* ssl = stream().native_handle();
    auto* parameters = SSL_get0_param(ssl);
    if (base::Address::parse(host_)) {
      X509_VERIFY_PARAM_set1_ip_asc(parameters, host_.c_str());
    } else {
      X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      X509_VERIFY_PARAM_set1_host(parameters, host_.c_str(), host_.size());
      SSL_set_tlsext_host_name(ssl, host_.c_str());
    }
    stream().set_verify_mode(asio::ssl::verify_peer);
    stream().set_verify_callback([this](bool good, asio::ssl::verify_context& context_of_one) {
      auto* store = context_of_one.native_handle();
      if (!good && refusal_.empty())
        refusal_ =
            explain(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store), host_);
      return good;
    });
  }

  void handshake(std::function<void(std::optional<StreamFailure>)> done) override {
    stream().async_handshake(
        asio::ssl::stream_base::client, [this, done = std::move(done)](error_code ec) {
          if (!ec) return done({});
          if (!refusal_.empty()) return done(StreamFailure{errc::tls_verification, refusal_});
          done(StreamFailure{errc::unreachable,
                             "the TLS handshake with " + host_ + " failed: " + ec.message()});
        });
  }

 private:
  std::string host_;
  std::string refusal_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(TcpSocket socket,
                                            const std::string& host,
                                            const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code no_system_authorities;
  context->set_default_verify_paths(no_system_authorities);
  error_code ec;
  if (!ca_file.empty()) context->load_verify_file(ca_file, ec);
  if (ec) throw make_error(errc::invalid_argument, "the CA file " + ca_file + ": " + ec.message());
  return std::make_unique<TlsClientStream>(std::move(socket), std::move(context), host);
}

struct TlsServerContext::Impl {
  std::shared_ptr<asio::ssl::context> context =
      std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
};

TlsServerContext::TlsServerContext(const std::string& certificate_file, const std::string& key_file)
    : impl_(std::make_shared<Impl>()) {
  auto& context = *impl_->context;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  error_code ec;
  context.use_certificate_chain_file(certificate_file, ec);
  if (ec)
    throw make_error(errc::tls_verification,
                     "TLS certificate file " + certificate_file + ": " + ec.message());
  context.use_private_key_file(key_file, asio::ssl::context::pem, ec);
  if (ec)
    throw make_error(errc::tls_verification, "TLS key file " + key_file + ": " + ec.message());
}

TlsServerContext::~TlsServerContext() = default;

std::unique_ptr<ByteStream> TlsServerContext::make_stream(TcpSocket socket) const {
  return std::make_unique<TlsServerStream>(std::move(socket), impl_->context);
}

}  // namespace sidetone::shell
